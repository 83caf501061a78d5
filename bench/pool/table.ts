import type { PoolLimits } from '../../runtime/worker/pool.ts'
import { markdown } from '../table.ts'
import { simulate } from './simulate.ts'

/** The defaults, with a timeout that shows within the simulated time. */
export const LIMITS: PoolLimits = {
  events: 500,
  bytes: 8 * 2 ** 20,
  maxEvents: 2000,
  timeoutMs: 1000,
  capacityBytes: Number.POSITIVE_INFINITY,
}

/** Shares are of about 60,000 events/s, which Elasticsearch alone stores in three shards. */
export const CURVES: Readonly<Record<string, (atMs: number) => number | undefined>> = {
  'trickle, 100/s': (atMs) => (atMs % 10 === 0 ? 1 : 0),
  '10 %': (atMs) => (atMs % 10 === 0 ? 60 : 0),
  '50 %': () => 30,
  '75 %': () => 45,
  '90 %': () => 54,
  bursts: (atMs) => (atMs % 1000 < 200 ? 150 : 5),
  backlog: () => undefined,
}
const SHARDS = [1, 3, 12, 24]
const SECONDS = 5

export function poolTable(): string {
  const rows = Object.entries(CURVES).flatMap(([load, arrivals]) =>
    SHARDS.flatMap((shards) =>
      [false, true].map((byShard) => {
        const found = simulate({ shards, arrivals, seconds: SECONDS, byShard, limits: LIMITS })
        const { eventsPerSecond, workUsAnEvent, eventsInABulk, waitP50Ms, waitP99Ms } = found
        return [
          load,
          String(shards),
          byShard ? 'lanes' : 'as they come',
          Math.round(eventsPerSecond).toString(),
          workUsAnEvent.toFixed(1),
          Math.round(eventsInABulk).toString(),
          Math.round(waitP50Ms).toString(),
          Math.round(waitP99Ms).toString(),
        ]
      }),
    ),
  )
  return markdown(
    ['load', 'shards', 'bulks', 'events/s', 'µs of Elasticsearch', 'events in a bulk', 'wait p50 ms', 'p99'],
    rows,
  )
}
