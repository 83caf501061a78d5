/**
 * When a part of the pipeline is the bottleneck. The console, the load test and the sizing of its results judge by the same
 * numbers.
 */

/** Part of its core at which a Node.js process has no more to give: the rest is waiting for its own event loop. */
export const FULL_CORE = 0.9

/** Bulks that one worker holds besides those in flight: one that fills, and about one more that was fetched ahead. */
const BULKS_BESIDES = 2

/** Events that that many workers hold at most. With fewer in the backlog, nothing waits. */
export function eventsInHand(bulksInFlight: number, bulkSize: number): number {
  return (bulksInFlight + BULKS_BESIDES) * bulkSize
}

/** At this growth; 0 when there is nothing to drain, `null` while it does not shrink. */
export function secondsToDrain(count: number, growthPerSecond: number | null): number | null {
  if (count === 0) return 0
  return growthPerSecond !== null && growthPerSecond < 0 ? count / -growthPerSecond : null
}
