import type { Outcome } from './line.ts'
import { type Bounds, cpuMicrosPerEvent, eventsPerSecond, peakRssMb, type Sample, windowOf } from './window.ts'

export function outcomeOf(name: string, samples: readonly Sample[], bounds: Bounds): Outcome {
  const window = windowOf(samples, bounds)
  return {
    name,
    eventsPerSecond: eventsPerSecond(window),
    cpuMicrosPerEvent: cpuMicrosPerEvent(window),
    rssMb: peakRssMb(samples),
  }
}

/**
 * Of so many events the first fifth and the last two bulks, which may wait to be filled, are left out. The same for every
 * line that stores.
 *
 * @param before events that were stored before, to warm up a program.
 */
export function storedBounds(events: number, eventsPerBulk: number, before = 0): Bounds {
  return { from: before + events / 5, to: before + events - 2 * eventsPerBulk }
}
