import type { Numbers, Reading } from './reading.ts'

/**
 * By how much the counters of one instance grew between two readings.
 *
 * @param before the reading before; none when this is the first.
 * @param beforeMs when everything was read before, in milliseconds since the epoch. An instance that began after that
 *   counted from 0 since; one that had been running, and is only now known, counted for the time before as well, so
 *   nothing of it is taken as growth.
 */
export function increaseOf(before: Reading | undefined, now: Reading, beforeMs: number): Numbers {
  const isNew = before?.startedAtSeconds !== now.startedAtSeconds
  const ranBefore = before === undefined && now.startedAtSeconds * 1000 < beforeMs
  if (ranBefore) return difference(now.counters, now.counters)
  return difference(isNew ? {} : (before?.counters ?? {}), now.counters)
}

/** What is more in the later numbers; a counter that fell began again at 0. */
export function difference(earlier: Numbers, later: Numbers): Numbers {
  return Object.fromEntries(
    Object.entries(later).map(([key, value]) => {
      const was = earlier[key] ?? 0
      return [key, value < was ? value : value - was]
    }),
  )
}

export function added(one: Numbers, other: Numbers): Numbers {
  const sum: Record<string, number> = { ...one }
  for (const [key, value] of Object.entries(other)) sum[key] = (sum[key] ?? 0) + value
  return sum
}
