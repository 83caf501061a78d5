import { setTimeout as sleep } from 'node:timers/promises'
import { CLOCK_MARGIN_MS, type TimeRange } from '../queue/kept.ts'
import { eventsIn, isOfNewerVersion } from '../queue/message.ts'
import { type Consumer, type Delivery, type MessageId, RECEIVE_WAIT_MS, REDELIVERY_DELAY_MS } from '../queue/port.ts'
import type { KeptReader } from './kept-reader.ts'
import type { Pace } from './pace.ts'

export interface ReplayCounts {
  /** Messages of the range that were given to the worker. */
  messages: number
  /** Events in them, by their properties. */
  events: number
  /** Messages that only a newer worker can read. */
  newer: number
}

/**
 * Delivers what Pulsar keeps as a subscription would: in the order of publishing over all partitions, at a bounded
 * rate. Returned messages are redelivered; acknowledged ones are only counted here.
 */
export class ReplayConsumer implements Consumer {
  readonly counts: ReplayCounts = { messages: 0, events: 0, newer: 0 }
  /** When the message that was given last was published. */
  reachedMs: number | undefined
  readonly #readers: readonly KeptReader[]
  readonly #range: TimeRange
  readonly #pace: Pace
  readonly #now: () => number
  readonly #open = new Map<MessageId, Delivery>()
  readonly #givenBack: { readonly delivery: Delivery; readonly dueAtMs: number }[] = []
  #stopped = false

  constructor(readers: readonly KeptReader[], range: TimeRange, pace: Pace, now: () => number) {
    this.#readers = readers
    this.#range = range
    this.#pace = pace
    this.#now = now
  }

  /** Whether everything of the range is stored or dead-lettered. */
  get isDone(): boolean {
    return this.#open.size === 0 && this.#readers.every(({ isFinished }) => isFinished)
  }

  /** Messages in flight: the worker has them and has not acknowledged them. */
  get openMessages(): number {
    return this.#open.size
  }

  /** Messages that Pulsar deleted before they could be read. */
  get deleted(): number {
    return this.#readers.reduce((sum, { deleted }) => sum + deleted, 0)
  }

  /** A time before which nothing is left to do, with regard to clocks that differ; `undefined` when nothing was done yet. */
  get resumeMs(): number | undefined {
    const open = [...this.#open.values()].map(({ publishedAtMs }) => publishedAtMs)
    const unread = this.#readers
      .filter(({ isFinished }) => !isFinished)
      .map(({ takenPublishedAtMs, head }) => takenPublishedAtMs ?? head?.publishedAtMs ?? Number.NaN)
    const earliest = Math.min(...open, ...unread)
    return Number.isFinite(earliest) ? earliest - CLOCK_MARGIN_MS : undefined
  }

  /** Gives nothing more. */
  stop(): void {
    this.#stopped = true
  }

  async receive(): Promise<readonly Delivery[]> {
    const due = this.#takeDue()
    if (due.length > 0) return due
    const waitMs = this.#stopped ? RECEIVE_WAIT_MS : Math.min(this.#pace.waitMs, RECEIVE_WAIT_MS)
    if (waitMs > 0) await sleep(waitMs)
    const unfinished = this.#readers.filter(({ isFinished }) => !isFinished)
    if (this.#stopped || this.#pace.waitMs > 0) return []
    if (unfinished.length === 0) {
      await sleep(RECEIVE_WAIT_MS)
      return []
    }
    await Promise.all(unfinished.map((reader) => reader.fetch()))
    const deliveries: Delivery[] = []
    while (this.#pace.waitMs === 0) {
      const reader = this.#next()
      if (!reader) break
      const delivery = this.#accept(reader)
      if (delivery) deliveries.push(delivery)
    }
    return deliveries
  }

  async acknowledge(id: MessageId): Promise<void> {
    this.#open.delete(id)
  }

  negativeAcknowledge(id: MessageId): void {
    const delivery = this.#open.get(id)
    if (delivery) this.#givenBack.push({ delivery, dueAtMs: this.#now() + REDELIVERY_DELAY_MS })
  }

  isConnected(): boolean {
    return true
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()))
  }

  #takeDue(): Delivery[] {
    const waiting = this.#givenBack.findIndex(({ dueAtMs }) => dueAtMs > this.#now())
    const due = this.#stopped ? 0 : waiting < 0 ? this.#givenBack.length : waiting
    return this.#givenBack.splice(0, due).map(({ delivery }) => delivery)
  }

  /** The reader of the oldest message, once each that is not finished has one: an older one may still arrive. */
  #next(): KeptReader | undefined {
    const unfinished = this.#readers.filter(({ isFinished }) => !isFinished)
    if (unfinished.some(({ head }) => head === undefined)) return undefined
    const timeOf = (reader: KeptReader) => reader.head?.publishedAtMs ?? Number.POSITIVE_INFINITY
    return unfinished.reduce<KeptReader | undefined>(
      (oldest, reader) => (oldest && timeOf(oldest) <= timeOf(reader) ? oldest : reader),
      undefined,
    )
  }

  /** The next message of a reader, where it is for the worker. */
  #accept(reader: KeptReader): Delivery | undefined {
    const reading = reader.take()
    if (!reading || !this.#isAsked(reading.publishedAtMs)) return undefined
    this.reachedMs = reading.publishedAtMs
    if (isOfNewerVersion(reading.properties)) {
      this.counts.newer += 1
      return undefined
    }
    const events = eventsIn(reading.properties) ?? 0
    this.counts.messages += 1
    this.counts.events += events
    this.#pace.took(Math.max(1, events))
    const { position, ...content } = reading
    const id = { toString: () => `${position.ledger}:${position.entry} of ${reader.partition}` }
    const delivery = { id, ...content }
    this.#open.set(id, delivery)
    return delivery
  }

  #isAsked(publishedAtMs: number): boolean {
    const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = this.#range
    return publishedAtMs >= fromMs && publishedAtMs < toMs
  }
}
