import type { Interval, LoadTest } from '../../runtime/load-test/record.ts'

/** Fewer would be chance. */
const LEAST_INTERVALS = 5

/** The intervals in which the whole load was sent: plateau and bursts; where there are too few of them, all of the load. */
export function fullLoad({ intervals }: Pick<LoadTest, 'intervals'>): readonly Interval[] {
  const full = intervals.filter(({ phase }) => phase === 'plateau' || phase === 'burst')
  return full.length >= LEAST_INTERVALS ? full : intervals.filter(({ phase }) => phase !== 'drain')
}

export function secondsOf({ fromSeconds, toSeconds }: Interval): number {
  return toSeconds - fromSeconds
}

export function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0)
}

/** Present values only. */
export function present<T>(items: readonly Interval[], of: (interval: Interval) => T | undefined): readonly T[] {
  return items.map(of).filter((value) => value !== undefined)
}

/** The largest of some numbers; 0 of none. */
export function most(values: readonly number[]): number {
  return Math.max(0, ...values)
}

/** The busiest data node of an interval, as a part of its cores. */
export function busiestNode({ nodes }: Pick<Interval, 'nodes'>): number {
  return most((nodes?.cores ?? []).map((cores, index) => cores / (nodes?.processors[index] ?? 1)))
}

/** What lasts for less is chance, or a garbage collection. */
const HELD_SECONDS = 10
const HELD_INTERVALS = 3

/**
 * The first stretch of intervals that each have a value, long enough to count.
 *
 * @returns where it begins, with the value of the interval at which it was sure; nothing when there is none.
 */
export function firstHeld<T>(
  intervals: readonly Interval[],
  findingOf: (interval: Interval) => T | undefined,
): { readonly fromSeconds: number; readonly value: T } | undefined {
  let began: Interval | undefined
  let inARow = 0
  for (const interval of intervals) {
    const value = findingOf(interval)
    inARow = value === undefined ? 0 : inARow + 1
    if (inARow === 1) began = interval
    if (value === undefined || began === undefined) continue
    const held = inARow >= HELD_INTERVALS && interval.toSeconds - began.fromSeconds >= HELD_SECONDS
    if (held) return { fromSeconds: Math.max(0, began.fromSeconds), value }
  }
  return undefined
}

/**
 * Milliseconds for BULK_SIZE events, of bulks that took `bulkMs` for `bulkEvents` on average. Those that grew while they waited, up to
 * BULK_MAX_EVENTS, take longer for their size alone.
 */
export function fullBulkMs(bulkMs: number, bulkEvents: number, bulkSize: number): number {
  return bulkEvents > bulkSize ? (bulkMs * bulkSize) / bulkEvents : bulkMs
}
