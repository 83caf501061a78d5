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

/** The last bulks of a line, which may wait to be filled. */
export const LAST_BULKS = 2

/**
 * Of that many events the first fifth and the last bulks are omitted. The same for every line that stores.
 *
 * @param before events that were stored before, to warm up a program.
 * @param lastBulks how many bulks are omitted at the end.
 */
export function storedBounds(events: number, eventsPerBulk: number, before = 0, lastBulks = LAST_BULKS): Bounds {
  return { from: before + events / 5, to: before + events - lastBulks * eventsPerBulk }
}
