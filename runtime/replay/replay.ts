import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { Registry } from 'prom-client'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../log.ts'
import { topicsOf } from '../names.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import { before, type Kept, keptOf, type TimeRange } from '../queue/kept.ts'
import type { Transport } from '../queue/port.ts'
import { superviseDeadLetters, superviseReader } from '../queue/supervised.ts'
import { assertSetUp } from '../search/index-set-up.ts'
import { storingIn } from '../search/storing.ts'
import { AdaptiveConcurrency } from '../worker/concurrency.ts'
import { workerMetrics } from '../worker/metrics.ts'
import { poolLimits } from '../worker/pool.ts'
import { Worker } from '../worker/worker.ts'
import { KeptReader } from './kept-reader.ts'
import { Pace } from './pace.ts'
import { ReplayConsumer } from './replay-consumer.ts'

/** A replay has no rush of events to wait for: what does not fill a bulk goes soon, so that the end comes. */
const BULK_TIMEOUT_MS = 1000
const PROGRESS_MS = 500

export interface ReplayAccess {
  readonly config: Config
  readonly admin: PulsarAdmin
  readonly transport: Transport
  readonly search: Client
  readonly log: Logger
}

export interface ReplayOptions extends TimeRange {
  readonly eventsPerSecond: number
}

export interface ReplayProgress {
  readonly messages: number
  readonly events: number
  /** When the message that was read last was published, in milliseconds since the epoch; `undefined` before the first. */
  readonly reachedMs: number | undefined
  /** Messages read and not yet acknowledged. */
  readonly openMessages: number
}

export interface ReplayReport {
  /** Whether it came to the end of what was asked for. */
  readonly finished: boolean
  readonly messages: number
  /** Events that were stored by this replay. */
  readonly stored: number
  /** Events that were already stored. */
  readonly duplicates: number
  /** Events whose ids are stored with other content, which stays. */
  readonly conflicts: number
  /** Events of profiles that were erased: not stored. */
  readonly erased: number
  /** Events, states and whole messages that went to the dead letters. */
  readonly deadLetters: number
  /** Messages that only a newer version can read: skipped. */
  readonly newer: number
  /** Messages that Pulsar deleted before they were read. */
  readonly deleted: number
  /** From when on Pulsar had everything, at the start; `undefined` when it kept nothing. */
  readonly keptSinceMs: number | undefined
  /** Where to continue if it is not finished: everything before is done; `undefined` for the beginning. */
  readonly resumeMs: number | undefined
  readonly seconds: number
}

/**
 * Stores again what Pulsar keeps of a time range, as a worker would. What is already stored stays, and no subscription is
 * touched. It continues until the range is done, however long Pulsar or Elasticsearch is down, or until `signal` stops it.
 *
 * @throws AppError `set_up_missing` when there is no topic, or no template for what would be stored.
 */
export async function replay(
  access: ReplayAccess,
  options: ReplayOptions,
  onProgress: (progress: ReplayProgress) => void,
  signal: AbortSignal,
): Promise<ReplayReport> {
  const { config, admin, search, transport, log } = access
  const startedAtMs = Date.now()
  const topics = topicsOf(config)
  const kept = await keptOf(admin, topics.events, options)
  await assertSetUp(search, config)
  const deadLetters = superviseDeadLetters(transport, topics, log)
  const consumer = new ReplayConsumer(
    readersOf(access, kept),
    options,
    new Pace(options.eventsPerSecond, Date.now),
    Date.now,
  )
  const registry = new Registry()
  const concurrency = new AdaptiveConcurrency(config.bulkConcurrency)
  // A replay into a lost index creates it first.
  const { keeper: _, shards, ...storing } = storingIn(search, config, log, (index) => log.info({ index }, 'index made'))
  const worker = new Worker({
    consumer,
    ...storing,
    sendDeadLetter: (message) => deadLetters.send(message),
    routingOf: shards.routingOf,
    limits: poolLimits(config, BULK_TIMEOUT_MS),
    concurrency,
    metrics: workerMetrics(registry, concurrency, systemClock.wallMs),
    log,
    clock: systemClock,
    random: Math.random,
  })
  worker.start()
  while (!consumer.isDone && !signal.aborted) {
    await sleep(PROGRESS_MS, undefined, { signal }).catch(() => undefined)
    const { counts, reachedMs, openMessages } = consumer
    onProgress({ messages: counts.messages, events: counts.events, reachedMs, openMessages })
  }
  consumer.stop()
  await worker.stop(config.shutdownGraceSeconds * 1000)
  await deadLetters.close()
  const outcomes = await eventsByOutcome(registry)
  return {
    finished: consumer.isDone,
    messages: consumer.counts.messages,
    stored: outcomes['stored'] ?? 0,
    duplicates: outcomes['duplicate'] ?? 0,
    conflicts: outcomes['conflict'] ?? 0,
    erased: outcomes['erased'] ?? 0,
    deadLetters: await deadLettersOf(registry),
    newer: consumer.counts.newer,
    deleted: consumer.deleted,
    keptSinceMs: kept.sinceMs,
    resumeMs: consumer.isDone ? undefined : consumer.resumeMs,
    seconds: (Date.now() - startedAtMs) / 1000,
  }
}

function readersOf({ config, admin, transport, log }: ReplayAccess, { parts }: Kept): readonly KeptReader[] {
  return parts.map((part) => {
    const { partition, first } = part
    const options = { partition, after: before(first), prefetchMessages: config.prefetchMessages }
    const reader = superviseReader(transport, options, log)
    return new KeptReader({ part, reader, keptLedgers: admin.keptLedgers, now: Date.now })
  })
}

async function eventsByOutcome(registry: Registry): Promise<Readonly<Record<string, number>>> {
  const events = await registry.getSingleMetric('tracardi_worker_events_total')?.get()
  return Object.fromEntries(events?.values.map(({ labels, value }) => [labels['outcome'], value]) ?? [])
}

async function deadLettersOf(registry: Registry): Promise<number> {
  const letters = await registry.getSingleMetric('tracardi_worker_dead_letters_total')?.get()
  return letters?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
}
