import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type Config, settings, storedWithinSecondsOf } from '../config.ts'
import { INDEX_TROUBLES, type IndexTrouble } from '../search/index-watch.ts'
import { Troubles } from '../troubles.ts'
import type { AdaptiveConcurrency } from './concurrency.ts'
import type { Bulk, FlushReason } from './in-flight.ts'
import type { LaneTrouble } from './lane.ts'

const FLUSH_REASONS: readonly FlushReason[] = ['size', 'bytes', 'timeout', 'drain']
const EVENT_OUTCOMES = ['stored', 'duplicate', 'conflict', 'dead_lettered', 'erased'] as const

/** Boundaries of the time from receipt to stored. */
const STORED_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 60, 300, 900, 3600, 14_400]

type Waits = Pick<Config, 'bulkTimeoutSeconds' | 'storedWithinSeconds'>

const DEFAULT_WAITS: Waits = {
  bulkTimeoutSeconds: settings.bulkTimeoutSeconds.default,
  storedWithinSeconds: settings.storedWithinSeconds.default,
}

/** What the metrics read of the lanes. */
export interface LanesView {
  readonly count: number
  readonly troubles: readonly LaneTrouble[]
}

export type WorkerMetrics = ReturnType<typeof workerMetrics>

/**
 * What an operator watches of a worker. Every label value exists from the start, so that a rate is never missing.
 *
 * @param wallMs milliseconds since the epoch.
 * @param waits for the boundaries of the time from receipt to stored.
 */
export function workerMetrics(
  registry: Registry,
  concurrency: AdaptiveConcurrency,
  wallMs: () => number,
  waits: Waits = DEFAULT_WAITS,
) {
  const registers = [registry]
  const troubles = new Troubles(wallMs)
  let lanes: LanesView = { count: 0, troubles: [] }
  const events = new Counter({
    name: 'tracardi_worker_events_total',
    help: 'Events processed, by outcome: stored, stored before (duplicate), stored before with other content (conflict), dead-lettered, not stored because their profile is erased',
    labelNames: ['outcome'],
    registers,
  })
  const sourceEvents = new Counter({
    name: 'tracardi_worker_source_events_total',
    help: 'Those of them that were not stored now, by their source',
    labelNames: ['source', 'outcome'],
    registers,
  })
  const flushes = new Counter({
    name: 'tracardi_worker_flushes_total',
    help: 'Bulks sent, by the reason: the size, the bytes, the timeout, or the drain at the end',
    labelNames: ['reason'],
    registers,
  })
  const lastFlush = new Gauge({
    name: 'tracardi_worker_last_flush_timestamp_seconds',
    help: 'When the last bulk was sent for each reason',
    labelNames: ['reason'],
    registers,
  })
  const filling = new Gauge({
    name: 'tracardi_worker_filling_events',
    help: 'Events that wait for a bulk',
    registers,
  })
  const fullEvents = new Gauge({
    name: 'tracardi_worker_bulk_size',
    help: 'Flush threshold of a bulk in events: BULK_SIZE',
    registers,
  })
  const batchEvents = new Histogram({
    name: 'tracardi_worker_batch_events',
    help: 'Events in a bulk',
    buckets: [1, 5, 10, 25, 50, 100, 200, 300, 400, 500, 1000, 2000, 5000, 10_000],
    registers,
  })
  const bulkSeconds = new Histogram({
    name: 'tracardi_worker_bulk_seconds',
    help: 'Time of one bulk request, failed ones included',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  })
  const storedSeconds = new Histogram({
    name: 'tracardi_worker_receipt_to_stored_seconds',
    help: 'Time from the API taking the oldest event of a message to all of the message being stored',
    buckets: storedBuckets(waits),
    registers,
  })
  const retries = new Counter({
    name: 'tracardi_worker_retries_total',
    help: 'Operations retried, by the cause',
    labelNames: ['cause'],
    registers,
  })
  const deadLetters = new Counter({
    name: 'tracardi_worker_dead_letters_total',
    help: 'Operations sent to the dead-letter topic, by the type of the fault',
    labelNames: ['fault'],
    registers,
  })
  const released = new Counter({
    name: 'tracardi_worker_unreadable_messages_total',
    help: 'Messages of a newer format, returned to Pulsar for a newer worker',
    registers,
  })
  const indexTroubles = new Gauge({
    name: 'tracardi_worker_index_troubles',
    help: 'Templates and indices with a fault that the worker cannot repair, by the reason',
    labelNames: ['reason'],
    registers,
  })
  const searchNodeAway = new Gauge({
    name: 'tracardi_worker_search_node_away',
    help: '1 while a node of ELASTIC_HOST does not answer the worker, 0 when it answers again',
    labelNames: ['node'],
    registers,
  })
  const givenBack = new Counter({
    name: 'tracardi_worker_given_back_operations_total',
    help: 'Operations that Elasticsearch kept refusing: Pulsar delivers their messages again',
    registers,
  })
  new Gauge({
    name: 'tracardi_worker_lanes',
    help: 'Lanes with operations: one for each shard of each index that is written to',
    registers,
    collect() {
      this.set(lanes.count)
    },
  })
  new Gauge({
    name: 'tracardi_worker_lane_closed',
    help: '1 for each closed lane: Elasticsearch refuses every write to its shard, with the type of the fault',
    labelNames: ['index', 'shard', 'fault'],
    registers,
    collect() {
      this.reset()
      for (const { index, shard, fault } of lanes.troubles) this.set({ index, shard: shard ?? 'unknown', fault }, 1)
    },
  })
  new Gauge({
    name: 'tracardi_worker_bulk_concurrency',
    help: 'Maximum number of bulks in flight, at present',
    registers,
    collect() {
      this.set(concurrency.limit)
    },
  })
  for (const outcome of EVENT_OUTCOMES) events.inc({ outcome }, 0)
  for (const reason of INDEX_TROUBLES) indexTroubles.set({ reason }, 0)
  for (const reason of FLUSH_REASONS) {
    flushes.inc({ reason }, 0)
    lastFlush.set({ reason }, 0)
  }

  return {
    /** Retries, and bulks of states alone, are not counted. */
    flushed: ({ parts, reason }: Bulk) => {
      const runs = parts.flatMap((part) => part.runs)
      const count = runs.reduce((sum, run) => sum + (run.kind === 'create' ? run.count : 0), 0)
      if (reason === 'retry' || count === 0) return
      flushes.inc({ reason })
      lastFlush.set({ reason }, wallMs() / 1000)
      batchEvents.observe(count)
    },
    /** The view is read at each scrape. */
    watchLanes: (view: LanesView) => {
      lanes = view
    },
    filling: (events: number) => filling.set(events),
    fullWith: (events: number) => fullEvents.set(events),
    processed: (outcome: (typeof EVENT_OUTCOMES)[number], count: number) => events.inc({ outcome }, count),
    /** The same events again, by their sources: one for each event. */
    processedOf: (outcome: (typeof EVENT_OUTCOMES)[number], sources: readonly string[]) => {
      for (const source of sources) sourceEvents.inc({ source, outcome })
    },
    bulkTook: (seconds: number) => bulkSeconds.observe(seconds),
    messageStored: (receivedAtMs: number) => storedSeconds.observe(Math.max(0, (wallMs() - receivedAtMs) / 1000)),
    /** @param where the index, where it is known. */
    retried: (cause: string, count: number, where: string, reason: string) => {
      retries.inc({ cause }, count)
      troubles.note(cause, where, reason, count)
    },
    troubles,
    deadLettered: (fault: string, reason: string) => {
      deadLetters.inc({ fault })
      troubles.note('dead_letter', fault, reason)
    },
    released: () => released.inc(),
    gaveBack: (operations: number) => givenBack.inc(operations),
    searchNode: (node: string, isAway: boolean) => searchNodeAway.set({ node }, isAway ? 1 : 0),
    indexTroubles: (counts: Readonly<Record<IndexTrouble, number>>) => {
      for (const reason of INDEX_TROUBLES) indexTroubles.set({ reason }, counts[reason])
    },
  }
}

/** A bulk that waited for its timeout is stored a moment later: without a boundary there, quantiles would show a much later time. */
function storedBuckets(waits: Waits): number[] {
  const { bulkTimeoutSeconds } = waits
  const own = [bulkTimeoutSeconds, bulkTimeoutSeconds + 1, storedWithinSecondsOf(waits)]
  return [...new Set([...STORED_SECONDS, ...own])].sort((one, other) => one - other)
}
