import { type Partitioning, periodEndMs, periodOf } from '../search/indices.ts'
import type { IndexReport } from '../search/retention.ts'
import type { IndexForecast } from './state.ts'

/** A pace that was kept for less than an hour says nothing about a month. */
const SHORTEST_MS = 3600_000

/**
 * The expected size of the next period's index, if events continue to arrive at the mean rate of the present index.
 *
 * @param shards that the next index will have.
 * @returns `null` when there is no index of the present period, or it is younger than an hour.
 */
export function forecastOf(
  indices: readonly IndexReport[],
  eventAlias: string,
  partitioning: Partitioning,
  shards: number,
  nowMs: number,
): IndexForecast | null {
  const index = `${eventAlias}-${periodOf(nowMs, partitioning)}`
  const present = indices.find(({ name }) => name === index)
  const endMs = periodEndMs(index, eventAlias)
  if (!present || endMs === undefined || nowMs - present.createdAtMs < SHORTEST_MS) return null
  const nextIndex = `${eventAlias}-${periodOf(endMs, partitioning)}`
  const nextMs = (periodEndMs(nextIndex, eventAlias) ?? endMs) - endMs
  const primaryBytes = (present.primaryBytes / (nowMs - present.createdAtMs)) * nextMs
  return { index, nextIndex, primaryBytes, shards }
}
