/** What was counted at one moment. */
export interface Sample {
  readonly atMs: number
  /** Events so far. */
  readonly events: number
  /** CPU time of each process so far, in milliseconds. */
  readonly cpuMs: Readonly<Record<string, number>>
  readonly rssMb: Readonly<Record<string, number>>
}

/** Between which events a rate is taken. */
export interface Bounds {
  /** The first sample with that many events begins the window: what is before it is the warm-up. */
  readonly from: number
  /** The first sample with that many events ends it: a last bulk that waits to be filled says nothing about a rate. */
  readonly to: number
}

export interface Window {
  readonly first: Sample
  readonly last: Sample
}

/** @throws Error when the samples do not reach the bounds: a mistake of the bench. */
export function windowOf(samples: readonly Sample[], { from, to }: Bounds): Window {
  const first = samples.find(({ events }) => events >= from)
  const last = samples.find(({ events }) => events >= to)
  if (!first || !last || last.atMs <= first.atMs) {
    const seen = samples.map(({ events }) => events).join(', ')
    throw new Error(`the window from ${from} to ${to} events is not within the samples: ${seen}. Measure more events.`)
  }
  return { first, last }
}

export function eventsPerSecond({ first, last }: Window): number {
  return (last.events - first.events) / ((last.atMs - first.atMs) / 1000)
}

/** CPU time of each process in microseconds for each event of the window. */
export function cpuMicrosPerEvent({ first, last }: Window): Record<string, number> {
  const events = last.events - first.events
  return Object.fromEntries(
    Object.entries(last.cpuMs).map(([name, ms]) => [name, ((ms - (first.cpuMs[name] ?? 0)) * 1000) / events]),
  )
}

/** The most that each process held at any sample, in MB. */
export function peakRssMb(samples: readonly Sample[]): Record<string, number> {
  const peak: Record<string, number> = {}
  for (const { rssMb } of samples) {
    for (const [name, mb] of Object.entries(rssMb)) peak[name] = Math.max(peak[name] ?? 0, mb)
  }
  return peak
}
