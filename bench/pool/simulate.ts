import type { Run } from '../../runtime/worker/operations.ts'
import { Pool, type PoolLimits } from '../../runtime/worker/pool.ts'
import type { InFlightMessage } from '../../runtime/worker/settlement.ts'
import { median, percentile } from '../statistics.ts'

/**
 * What the pool does with simulated arrivals, without any server: the work of Elasticsearch follows from what was measured of it
 * (`bench/README.md`). To compare rules in seconds, before they are measured for real.
 */

/** Work of Elasticsearch 9.2 in µs: of a document, of a shard in a bulk, of a bulk. Fitted to bulks of 500 in 1, 3, 12 and 24 shards. */
const WORK_US = { document: 20.5, shard: 680, bulk: 100 }
/** Cores that one bulk in flight keeps busy. */
const CORES_OF_A_BULK = 0.78
const SLOTS = { limit: 2, maximum: 2, isRestrained: false }
const STEP_MS = 1
const BYTES = 620

export interface Scenario {
  readonly shards: number
  /** Events that arrive in the millisecond, `undefined` when there is always more than the pool takes. */
  readonly arrivals: (atMs: number) => number | undefined
  readonly seconds: number
  /** `false` puts all shards in one lane: bulks as they come. */
  readonly byShard: boolean
  readonly limits: PoolLimits
}

export interface Simulated {
  readonly eventsPerSecond: number
  /** CPU of Elasticsearch. */
  readonly workUsAnEvent: number
  readonly eventsInABulk: number
  readonly waitP50Ms: number
  readonly waitP99Ms: number
}

interface Sent {
  readonly answeredAtMs: number
  answer(): void
}

/** The run of one event, which arrives now at a shard. */
function eventAt(shard: number, nowMs: number): Run {
  const payload = { bytes: Buffer.alloc(0), waiting: 0 }
  const owners = [{ message: { receivedAtMs: nowMs, key: String(shard) } as InFlightMessage, positions: [0] }]
  return { payload, spans: [0, BYTES], bytes: BYTES, count: 1, kind: 'create', owners, sinceMs: nowMs }
}

export function simulate({ shards, arrivals, seconds, byShard, limits }: Scenario): Simulated {
  const pool = new Pool(limits, () => 0.5)
  const waits: number[] = []
  const bulks: number[] = []
  let inFlight: Sent[] = []
  let workUs = 0
  let arrived = 0

  const send = (nowMs: number) => {
    for (let bulk = pool.next(nowMs, SLOTS); bulk; bulk = pool.next(nowMs, SLOTS)) {
      const sent = bulk
      const runs = sent.parts.flatMap((part) => part.runs)
      const touched = new Set(runs.map(({ owners }) => owners[0]?.message.key)).size
      const us = WORK_US.bulk + touched * WORK_US.shard + runs.length * WORK_US.document
      const answeredAtMs = nowMs + us / CORES_OF_A_BULK / 1000
      workUs += us
      bulks.push(runs.length)
      const answer = () => {
        for (const { sinceMs } of runs) waits.push(answeredAtMs - sinceMs)
        const outcomes = sent.parts.map(() => ({ retries: [], fault: undefined, hasProgress: true }))
        pool.answered(sent, outcomes, answeredAtMs)
      }
      inFlight.push({ answeredAtMs, answer })
    }
  }
  const add = (nowMs: number) => {
    // A multiplier that visits all shards in an order without a pattern.
    const shard = (arrived * 7919 + (arrived >> 4)) % shards
    pool.add({ index: 'i', shard: byShard ? shard : 0, run: eventAt(shard, nowMs) }, nowMs)
    arrived += 1
    send(nowMs)
  }
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += STEP_MS) {
    const answered = inFlight.filter(({ answeredAtMs }) => answeredAtMs <= nowMs)
    inFlight = inFlight.filter(({ answeredAtMs }) => answeredAtMs > nowMs)
    for (const { answer } of answered) answer()
    send(nowMs)
    const due = arrivals(nowMs) ?? Number.POSITIVE_INFINITY
    for (let event = 0; event < due && !pool.isFull; event += 1) add(nowMs)
  }
  const stored = waits.length
  return {
    eventsPerSecond: stored / seconds,
    workUsAnEvent:
      workUs /
      Math.max(
        1,
        bulks.reduce((sum, count) => sum + count, 0),
      ),
    eventsInABulk: bulks.reduce((sum, count) => sum + count, 0) / Math.max(1, bulks.length),
    waitP50Ms: median(waits),
    waitP99Ms: percentile(waits, 0.99),
  }
}
