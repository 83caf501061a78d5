import type { Clock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { LogLimit } from '../log-limit.ts'
import { encodeDeadMessage } from '../queue/dead-letter.ts'
import { decode, type Envelope, isOfNewerVersion } from '../queue/message.ts'
import type { Consumer, Delivery, OutgoingMessage } from '../queue/port.ts'
import type { SendBulk } from '../search/bulk.ts'
import type { FindConflicts } from '../search/conflicts.ts'
import type { GuardResult, LineGuard } from '../search/line-guard.ts'
import type { Tracer, TraceSpan } from '../trace.ts'
import type { AdaptiveConcurrency } from './concurrency.ts'
import type { Bulk } from './in-flight.ts'
import type { LaneTrouble } from './lane.ts'
import type { WorkerMetrics } from './metrics.ts'
import { type RoutingOf, type Run, routedRuns } from './operations.ts'
import { Outcomes } from './outcomes.ts'
import { Pool, type PoolLimits } from './pool.ts'
import { BulkRequest } from './request.ts'
import { Settlement } from './settlement.ts'

const RECEIVE_RETRY_MS = 1000
/** Minimum time between two log lines about messages that are returned. */
const LOG_EVERY_MS = 10_000

export interface WorkerDependencies {
  readonly consumer: Consumer
  readonly sendBulk: SendBulk
  readonly findConflicts: FindConflicts
  readonly guard: LineGuard
  readonly routingOf: RoutingOf
  readonly sendDeadLetter: (message: OutgoingMessage) => Promise<void>
  readonly limits: PoolLimits
  readonly concurrency: AdaptiveConcurrency
  readonly metrics: WorkerMetrics
  /** @default bulks are not traced */
  readonly tracer?: Tracer | undefined
  readonly log: Logger
  readonly clock: Clock
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number
}

/**
 * Receives messages and stores their operations in the bulks that the pool decides on. It receives nothing while the pool is full: when
 * Elasticsearch is down, the backlog grows in Pulsar, where it is safe.
 */
export class Worker {
  readonly #options: WorkerDependencies
  readonly #pool: Pool
  readonly #settlement: Settlement
  readonly #request: BulkRequest
  readonly #outcomes: Outcomes
  readonly #lines: LogLimit
  readonly #giveUp = new AbortController()
  readonly #changed = new Signal()
  #timer = { atMs: Number.POSITIVE_INFINITY, cancel: (): void => undefined }
  #closedLanes = new Map<string, Pick<LaneTrouble, 'index' | 'shard'>>()
  #isStopping = false
  #taking: Promise<void> | undefined

  constructor(dependencies: WorkerDependencies) {
    const { consumer, metrics, limits, clock, random } = dependencies
    metrics.fullWith(limits.events)
    this.#options = dependencies
    this.#pool = new Pool(limits, random)
    this.#settlement = new Settlement({
      ...dependencies,
      acknowledge: (id) => consumer.acknowledge(id),
      negativeAcknowledge: (id) => consumer.negativeAcknowledge(id),
      onAcknowledged: ({ receivedAtMs }) => metrics.messageStored(receivedAtMs),
    })
    metrics.watchLanes(this.#pool)
    const parts = {
      ...dependencies,
      settlement: this.#settlement,
      sleep: (ms: number) => this.#sleep(ms),
      nowMs: clock.nowMs,
      wallMs: clock.wallMs,
    }
    this.#request = new BulkRequest(parts)
    this.#outcomes = new Outcomes(parts)
    this.#lines = new LogLimit(parts.nowMs, LOG_EVERY_MS)
  }

  start(): void {
    this.#taking = this.#takeUntilStopped()
  }

  /**
   * Stops receiving, stores what was received, and closes the consumer. Pulsar redelivers the rest to another worker: what is not stored
   * within the time, and what is to be retried.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    const cancel = this.#options.clock.after(graceMs, () => {
      this.#giveUp.abort()
      this.#changed.notify()
    })
    this.#changed.notify()
    await this.#taking
    this.#pool.isDraining = true
    this.#advance()
    while (!this.#pool.isDrained && !this.#giveUp.signal.aborted) await this.#changed.next()
    cancel()
    this.#giveUp.abort()
    this.#timer.cancel()
    await this.#options.consumer.close()
  }

  async #sleep(ms: number): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, this.#giveUp.signal)
    } catch {
      throw new AppError(
        'search_unavailable',
        'the time for shutting down is over; Pulsar redelivers what is not stored',
      )
    }
  }

  async #takeUntilStopped(): Promise<void> {
    const { consumer, log } = this.#options
    while (!this.#isStopping) {
      try {
        for (const delivery of await consumer.receive()) await this.#take(delivery)
        this.#advance()
      } catch (error) {
        this.#options.metrics.troubles.note('receive_failed', '', messageOf(error))
        log.warn({ reason: messageOf(error) }, 'receiving messages failed, will be retried')
        await this.#sleep(RECEIVE_RETRY_MS).catch(() => undefined)
      }
    }
  }

  async #take(delivery: Delivery): Promise<void> {
    while (this.#pool.isFull && !this.#isStopping) await this.#changed.next()
    // What arrives while stopping goes back to Pulsar when the consumer closes.
    if (this.#isStopping) return
    const { metrics, consumer, guard } = this.#options
    if (isOfNewerVersion(delivery.properties)) {
      metrics.released()
      consumer.negativeAcknowledge(delivery.id)
      return
    }
    let envelope: Envelope
    let found: GuardResult
    try {
      envelope = decode(delivery)
      found = guard(envelope)
      if (found.fault !== undefined)
        throw new AppError('message_malformed', `the message was not written by the API: ${found.fault}`)
    } catch (error) {
      return this.#deadLetter(delivery, error as AppError)
    }
    this.#add(delivery, envelope, found)
  }

  #add(delivery: Delivery, envelope: Envelope, found: Extract<GuardResult, { events: unknown }>): void {
    const { clock, routingOf, metrics } = this.#options
    const nowMs = clock.nowMs()
    const open = this.#settlement.openPositions(delivery)
    const operations = open?.size ?? found.events.length + found.states.length
    const message = this.#settlement.begin(delivery, envelope.receivedAtMs, operations)
    for (const run of routedRuns(message, { lines: envelope, found, routingOf, open, nowMs }))
      this.#pool.add(run, nowMs)
    metrics.filling(this.#pool.events)
    this.#send(nowMs)
  }

  /** Does everything that is due now, and sets the timer for the next time. */
  #advance(): void {
    const nowMs = this.#options.clock.nowMs()
    this.#pool.detachHanging(nowMs)
    this.#giveBack(this.#pool.takeExpired(nowMs))
    this.#send(nowMs)
    this.#wakeAt(this.#pool.wakeAtMs(nowMs), nowMs)
  }

  /** Keeps a timer that fires earlier: it does no harm. */
  #wakeAt(atMs: number, nowMs: number): void {
    if (this.#timer.atMs > nowMs && this.#timer.atMs <= atMs) return
    this.#timer.cancel()
    if (!Number.isFinite(atMs) || this.#giveUp.signal.aborted) return
    const advance = () => {
      this.#timer.atMs = Number.POSITIVE_INFINITY
      this.#advance()
      this.#changed.notify()
    }
    this.#timer = { atMs, cancel: this.#options.clock.after(atMs - nowMs, advance) }
  }

  #send(nowMs: number): void {
    const { concurrency, metrics } = this.#options
    const { limit, maximum, isRestrained } = concurrency
    for (;;) {
      const bulk = this.#pool.next(nowMs, { limit, maximum, isRestrained })
      if (bulk === undefined) return
      metrics.flushed(bulk)
      metrics.filling(this.#pool.events)
      void this.#store(bulk)
    }
  }

  async #store(bulk: Bulk): Promise<void> {
    const { log, clock, tracer } = this.#options
    const span = tracer?.process(traceparentsOf(bulk), { 'tracardi.operations': bulk.operations })
    try {
      const runs = bulk.parts.flatMap((part) => part.runs)
      const results = span ? await this.#tracedSend(runs, span) : await this.#request.send(runs)
      this.#pool.answered(bulk, await this.#outcomes.apply(bulk, results), clock.nowMs())
      span?.end()
    } catch (error) {
      span?.end({ fault: messageOf(error) })
      log.warn(
        { operations: bulk.operations, reason: messageOf(error) },
        'bulk abandoned: Pulsar redelivers its messages',
      )
      this.#pool.abandoned(bulk)
    }
    this.#logLanes()
    this.#advance()
    this.#changed.notify()
  }

  async #tracedSend(runs: readonly Run[], span: TraceSpan): ReturnType<BulkRequest['send']> {
    const request = span.child('client', 'POST /_bulk', { 'db.system.name': 'elasticsearch' })
    try {
      const results = await this.#request.send(runs)
      request.end()
      return results
    } catch (error) {
      request.end({ fault: messageOf(error) })
      throw error
    }
  }

  /** Logs one line when a lane closes and one when it reopens. */
  #logLanes(): void {
    const closed = new Map(this.#pool.troubles.map((trouble) => [`${trouble.index} ${trouble.shard}`, trouble]))
    for (const [key, trouble] of closed)
      if (!this.#closedLanes.has(key))
        this.#options.log.warn(trouble, 'lane closed: Elasticsearch refuses every write to this shard')
    for (const [key, shard] of this.#closedLanes) if (!closed.has(key)) this.#options.log.info(shard, 'lane reopened')
    this.#closedLanes = new Map([...closed].map(([key, { index, shard }]) => [key, { index, shard }]))
  }

  #giveBack(runs: readonly Run[]): void {
    for (const owned of runs.flatMap(({ owners }) => owners)) this.#settlement.giveBack(owned)
    if (runs.length === 0) return
    this.#options.metrics.gaveBack(runs.length)
    if (this.#lines.count('returned') === undefined) return
    const facts = { operations: runs.length, lanes: this.#pool.troubles }
    this.#options.log.warn(facts, 'Elasticsearch keeps refusing operations: their messages are returned to Pulsar')
  }

  async #deadLetter(delivery: Delivery, error: AppError): Promise<void> {
    const { sendDeadLetter, consumer, metrics, log, clock } = this.#options
    const failedAt = new Date(clock.wallMs()).toISOString()
    const messageId = delivery.id.toString()
    const metadata = { fault: error.code, reason: error.message, status: 0, messageId, failedAt }
    log.warn({ message_id: messageId, reason: error.message }, 'message is malformed: dead-lettered')
    try {
      await sendDeadLetter(encodeDeadMessage(delivery, metadata))
      await consumer.acknowledge(delivery.id)
      metrics.deadLettered(error.code, error.message)
    } catch (cause) {
      log.warn(
        { reason: messageOf(cause), message_id: messageId },
        'dead letter not published: the message is returned to Pulsar',
      )
      consumer.negativeAcknowledge(delivery.id)
    }
  }
}

/** Those of its messages, each once. */
function traceparentsOf({ parts }: Bulk): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { runs } of parts)
    for (const { owners } of runs)
      for (const { message } of owners) if (message.traceparent !== undefined) found.add(message.traceparent)
  return found
}

/** Lets many wait for the next change. */
class Signal {
  #waiting: (() => void)[] = []

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  notify(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
