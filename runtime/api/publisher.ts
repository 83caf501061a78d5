import { messageOf } from '../errors.ts'
import { type Content, encodeInto, writeLines } from '../queue/message.ts'
import type { OutgoingMessage, Producer } from '../queue/port.ts'
import { ReusedMemory } from '../reused-memory.ts'
import { joinTraceparents, type TraceSpan } from '../trace.ts'
import type { ApiMetrics } from './metrics.ts'
import type { Part } from './packer.ts'

/** Messages in flight to the broker; while they are, what arrives is joined into the next ones. */
const MAX_IN_FLIGHT = 8

export interface PublisherLimits {
  readonly bytes: number
  readonly events: number
}

interface Waiting {
  /** Its event lines are in memory that is used again: text that waits is copied by the garbage collector. */
  readonly content: Content & { readonly eventLines: Buffer }
  readonly bytes: number
  readonly span: TraceSpan | undefined
  resolve(): void
  reject(error: unknown): void
}

/**
 * Publishes the parts of calls, several together in one message when they arrive together: a message costs the broker
 * far more than an event. An idle API adds no wait; a busy one fills messages while others are in flight.
 */
export class Publisher {
  readonly #producer: Producer
  readonly #limits: PublisherLimits
  readonly #metrics: ApiMetrics
  readonly #memory = new ReusedMemory()
  readonly #lines = new ReusedMemory()
  /** Waiting parts, by source. The sources are served in rotation. */
  readonly #queues = new Map<string, Waiting[]>()
  #inFlight = 0
  /** Whether there was ever a span: without one, nothing looks for others. */
  #isTracing = false
  #scheduled = false

  constructor(producer: Producer, limits: PublisherLimits, metrics: ApiMetrics) {
    this.#producer = producer
    this.#limits = limits
    this.#metrics = metrics
  }

  /**
   * Resolves on the receipt of the broker for the message that carries the part; rejects with what `send` throws.
   *
   * @param call the span of the call, where it is traced.
   */
  publish(part: Part, sourceId: string, call?: TraceSpan): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(sourceId) ?? []
      const memory = this.#lines.take(part.bytes)
      const content = { ...part, eventLines: memory.subarray(0, writeLines(part.eventLines, memory, 0)) }
      const span = call?.child('producer', 'publish events', { 'tracardi.events': part.events })
      if (span !== undefined) this.#isTracing = true
      queue.push({ content, bytes: part.bytes, span, resolve, reject })
      this.#queues.set(sourceId, queue)
      this.#schedule()
    })
  }

  /** After the present round of input, so that what arrives at the same moment travels together. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#inFlight < MAX_IN_FLIGHT && this.#queues.size > 0) void this.#send(this.#next())
    })
  }

  /** As much as fits into one message, a part of each source in turn. At least one part: none is larger than a message. */
  #next(): Waiting[] {
    const next: Waiting[] = []
    let events = 0
    let bytes = 0
    for (const [sourceId, queue] of this.#queues) {
      const first = queue[0] as Waiting
      events += first.content.events
      bytes += first.bytes
      if (next.length > 0 && (events > this.#limits.events || bytes > this.#limits.bytes)) break
      next.push(first)
      queue.shift()
      // To the end of the rotation, which this loop comes to as well.
      this.#queues.delete(sourceId)
      if (queue.length > 0) this.#queues.set(sourceId, queue)
    }
    return next
  }

  async #send(joined: readonly Waiting[]): Promise<void> {
    this.#inFlight += 1
    const events = joined.reduce((total, { content }) => total + content.events, 0)
    const startedAt = performance.now()
    try {
      const message = encodeInto(
        (bytes) => this.#memory.take(bytes),
        joined.map(({ content }) => content),
      )
      for (const { content } of joined) this.#lines.giveBack(content.eventLines)
      await this.#producer.send(this.#isTracing ? traced(message, joined) : message)
      // Its bytes are with the broker. Without a receipt they may still be on their way.
      this.#memory.giveBack(message.payload)
      this.#metrics.receipt((performance.now() - startedAt) / 1000, events)
      if (this.#isTracing) endSpans(joined)
      for (const { resolve } of joined) resolve()
    } catch (error) {
      if (this.#isTracing) endSpans(joined, messageOf(error))
      for (const { reject } of joined) reject(error)
    } finally {
      this.#inFlight -= 1
      this.#schedule()
    }
  }
}

/** With the spans of the calls that it carries parts of. */
function traced(message: OutgoingMessage, joined: readonly Waiting[]): OutgoingMessage {
  const spans = joined.flatMap(({ span }) => span ?? [])
  if (spans.length === 0) return message
  return { payload: message.payload, properties: { ...message.properties, traceparent: joinTraceparents(spans) } }
}

function endSpans(joined: readonly Waiting[], fault?: string): void {
  for (const { span } of joined) span?.end({ fault })
}
