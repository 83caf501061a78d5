import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { encodeDeadMessage } from '../queue/dead-letter.ts'
import { decode, type Envelope, isOfNewerVersion } from '../queue/message.ts'
import type { Consumer, Delivery, OutgoingMessage } from '../queue/port.ts'
import type { SendBulk } from '../search/bulk.ts'
import type { FindConflicts } from '../search/conflicts.ts'
import type { LineGuard } from '../search/line-guard.ts'
import { Batch, type BatchLimits, type FlushReason } from './batch.ts'
import type { AdaptiveConcurrency } from './concurrency.ts'
import { GaveUp, Indexer } from './indexer.ts'
import type { WorkerMetrics } from './metrics.ts'
import { Claim, type Operation, type Taken } from './operations.ts'
import { WaitingStates } from './waiting-states.ts'

/** Longest wait of a state for others, once the events that came with it are under way: its message waits as long. */
const STATES_WAIT_MS = 1000

export interface WorkerDependencies {
  readonly consumer: Consumer
  readonly sendBulk: SendBulk
  readonly findConflicts: FindConflicts
  /** Answers why the lines of a message may not be sent. */
  readonly guard: LineGuard
  readonly sendDeadLetter: (message: OutgoingMessage) => Promise<void>
  /** With so much a bulk is sent, as soon as there is a free slot for it. */
  readonly limits: BatchLimits
  /** Most events in a bulk that waits for a free slot. Bulks do not grow when this is not above their limit. */
  readonly mostEvents: number
  /** Longest wait of the first event of a batch. */
  readonly timeoutMs: number
  readonly concurrency: AdaptiveConcurrency
  readonly metrics: WorkerMetrics
  readonly log: Logger
  readonly random: () => number
}

/**
 * Takes messages, gathers them into batches and stores these. It never holds more than one batch that is filling, one of
 * states, and those in flight: while Elasticsearch is away it stops taking, and the backlog grows in Pulsar, where it is safe.
 */
export class Worker {
  readonly #to: WorkerDependencies
  readonly #indexer: Indexer
  readonly #giveUp = new AbortController()
  readonly #storing = new Set<Promise<void>>()
  #batch = new Batch()
  #timer: NodeJS.Timeout | undefined
  readonly #states = new WaitingStates()
  #statesTimer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #stopping = false
  #taking: Promise<void> | undefined

  constructor(dependencies: WorkerDependencies) {
    this.#to = dependencies
    dependencies.metrics.fullWith(dependencies.limits.events)
    this.#indexer = new Indexer({
      ...dependencies,
      acknowledge: ({ id }) => dependencies.consumer.acknowledge(id),
      release: ({ id }) => dependencies.consumer.release(id),
      sleep: (ms) => this.#sleep(ms),
      now: () => performance.now(),
    })
  }

  start(): void {
    this.#taking = this.#takeUntilStopped()
  }

  /**
   * Takes nothing more, stores what was taken, and closes the consumer. What is not stored within the time is delivered
   * again, to another worker.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    const deadline = setTimeout(() => this.#giveUp.abort(), graceMs)
    await Promise.race([this.#drain(), this.#givenUp()])
    clearTimeout(deadline)
    clearTimeout(this.#timer)
    clearTimeout(this.#statesTimer)
    await this.#to.consumer.close()
  }

  async #drain(): Promise<void> {
    await this.#taking
    if (!this.#batch.isEmpty) await this.#flush('drain')
    await this.#flushStates()
    await Promise.all(this.#storing)
  }

  #givenUp(): Promise<void> {
    return new Promise((resolve) => this.#giveUp.signal.addEventListener('abort', () => resolve()))
  }

  async #sleep(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#giveUp.signal })
    } catch {
      throw new GaveUp()
    }
  }

  async #takeUntilStopped(): Promise<void> {
    const { consumer, log } = this.#to
    while (!this.#stopping) {
      try {
        for (const delivery of await consumer.receive()) await this.#accept(delivery)
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'messages could not be received, trying again')
        await this.#sleep(1000).catch(() => undefined)
      }
    }
  }

  async #accept(delivery: Delivery): Promise<void> {
    // What arrives while stopping goes back to Pulsar when the consumer closes.
    if (this.#stopping) return
    if (isOfNewerVersion(delivery.properties)) {
      this.#to.metrics.released()
      this.#to.consumer.release(delivery.id)
      return
    }
    let envelope: Envelope
    try {
      envelope = decode(delivery)
      const fault = this.#to.guard(envelope)
      if (fault !== undefined) throw new AppError('message_malformed', `the message is none of the API: ${fault}`)
    } catch (error) {
      return this.#bury(delivery, error as AppError)
    }
    await this.#gather({ claim: new Claim(delivery.id, envelope.receivedAtMs), envelope })
  }

  async #gather(taken: Taken): Promise<void> {
    const { limits, mostEvents, timeoutMs } = this.#to
    const most = { ...limits, events: Math.max(limits.events, mostEvents) }
    const overflow = this.#batch.overflowsWith(taken, limits)
    if (overflow) await this.#sendFull(overflow, !this.#batch.overflowsWith(taken, most))
    if (this.#batch.isEmpty) this.#timer = setTimeout(() => void this.#flush('timeout'), timeoutMs)
    this.#batch.add(taken)
    this.#to.metrics.filling(this.#batch.events)
    const reached = this.#batch.reached(limits)
    if (reached) await this.#sendFull(reached, !this.#batch.reached(most))
  }

  /**
   * Resolves when the full batch is sent. While no slot is free, one that has room resolves at once and goes on filling: Elasticsearch
   * stores few large bulks with less work than many small ones. Where it refuses, they stay small.
   */
  async #sendFull(reason: FlushReason, hasRoom: boolean): Promise<void> {
    const { concurrency } = this.#to
    const grows = hasRoom && !concurrency.hasFreeSlot && !concurrency.isRestrained
    const sent = this.#flush(reason)
    if (!grows) await sent
  }

  /**
   * Sends the batch as soon as a slot is free; until then it goes on filling, and whoever would overfill it waits here.
   * That wait is the backpressure which stops the taking.
   */
  #flush(reason: FlushReason): Promise<void> {
    this.#flushing ??= this.#cut(reason).finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async #cut(reason: FlushReason): Promise<void> {
    const { concurrency, metrics, limits, timeoutMs } = this.#to
    await concurrency.acquire()
    clearTimeout(this.#timer)
    const batch = this.#batch
    this.#batch = new Batch()
    metrics.flushed(batch, reason)
    metrics.filling(0)
    for (const taken of batch.messages) this.#states.add(taken)
    // A bulk that was not filled has room for them, and no more may come for long.
    const takesStates = reason === 'timeout' || reason === 'drain' || this.#states.reached(limits)
    this.#store(batch.messages, takesStates ? this.#takeStates() : [])
    if (!this.#states.isEmpty)
      this.#statesTimer ??= setTimeout(() => void this.#flushStates(), Math.min(STATES_WAIT_MS, timeoutMs))
  }

  /** In a bulk of their own, because no other has taken them along. */
  async #flushStates(): Promise<void> {
    const { concurrency } = this.#to
    if (this.#states.isEmpty) return
    await concurrency.acquire()
    if (this.#states.isEmpty) concurrency.release()
    else this.#store([], this.#takeStates())
  }

  #takeStates(): readonly Operation[] {
    clearTimeout(this.#statesTimer)
    this.#statesTimer = undefined
    return this.#states.take()
  }

  /** In the slot that was acquired for it. */
  #store(messages: readonly Taken[], states: readonly Operation[]): void {
    const { concurrency, log } = this.#to
    const storing = this.#indexer
      .store(messages, states)
      .catch((error: unknown) => {
        log.warn({ messages: messages.length, reason: messageOf(error) }, 'batch left to be delivered again')
      })
      .finally(() => {
        concurrency.release()
        this.#storing.delete(storing)
      })
    this.#storing.add(storing)
  }

  async #bury(delivery: Delivery, error: AppError): Promise<void> {
    const { sendDeadLetter, consumer, metrics, log } = this.#to
    const failedAt = new Date().toISOString()
    const messageId = delivery.id.toString()
    const certificate = { fault: error.code, reason: error.message, status: 0, messageId, failedAt }
    log.warn({ message_id: messageId, reason: error.message }, 'message is malformed: dead-lettered')
    try {
      await sendDeadLetter(encodeDeadMessage(delivery, certificate))
      await consumer.acknowledge(delivery.id)
      metrics.deadLettered(error.code)
    } catch (cause) {
      log.warn(
        { reason: messageOf(cause), message_id: messageId },
        'dead letter not published; the message is given back',
      )
      consumer.release(delivery.id)
    }
  }
}
