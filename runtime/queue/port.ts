import type { Position } from './position.ts'

/**
 * What the API and the workers need of a queue. Two transports offer it, the native client and the WebSocket API of the
 * broker; one contract suite holds both to it.
 */

/** Text without U+0000, at which the native client would end a value. */
export type Properties = Readonly<Record<string, string>>

export interface OutgoingMessage {
  readonly payload: Buffer
  readonly properties: Properties
}

/**
 * The position of a message in its topic, the same on each redelivery, and as text. Acknowledge it with the consumer that delivered the
 * message; after a reconnect the id has no effect, and the message is redelivered.
 */
export interface MessageId {
  toString(): string
}

export interface Delivery {
  readonly id: MessageId
  /** Belongs to who received it, and may be freed. */
  readonly payload: Buffer
  readonly properties: Properties
  readonly publishedAtMs: number
}

export interface Producer {
  /**
   * Publishes one message and waits for the receipt of the broker: once this resolves, the message is on disk.
   *
   * @throws AppError `queue_unavailable` when no receipt came; the message may or may not have been stored.
   * @throws AppError `queue_refused` when the broker will not take it.
   */
  send(message: OutgoingMessage): Promise<void>
  /** Whether a send is likely to succeed at this moment. */
  isConnected(): boolean
  close(): Promise<void>
}

export interface Consumer {
  /** The next messages, as soon as there are any; an empty list after a short time without any. */
  receive(): Promise<readonly Delivery[]>
  /** Acknowledges a message: it is processed. A lost acknowledgement causes a redelivery, never a loss. */
  acknowledge(id: MessageId): Promise<void>
  /** Returns a message: the broker redelivers it later, to this or another consumer. */
  negativeAcknowledge(id: MessageId): void
  isConnected(): boolean
  /** Everything that was received and not acknowledged is delivered again, to this or another consumer. */
  close(): Promise<void>
}

/** Reads what a partition keeps, acknowledged or not, one after another. It leaves no trace: no subscription is moved by it. */
export interface Reader {
  /** The next messages, as soon as there are any; an empty list after a short time without any. */
  receive(): Promise<readonly ReadMessage[]>
  isConnected(): boolean
  close(): Promise<void>
}

/** A message as a reader delivers it. */
export interface ReadMessage extends Omit<Delivery, 'id'> {
  readonly position: Position
}

export interface ReaderOptions {
  /** Full name of one partition. */
  readonly partition: string
  /** The reading begins behind it. */
  readonly after: Position
  /** Messages fetched ahead. */
  readonly prefetchMessages: number
}

export interface ProducerOptions {
  /** Full name, `persistent://tenant/namespace/topic`. */
  readonly topic: string
  readonly sendTimeoutMs: number
}

export interface ConsumerOptions {
  readonly topic: string
  readonly subscription: string
  /** Messages fetched ahead for each partition. */
  readonly prefetchMessages: number
}

/**
 * One way to reach Pulsar. What it opens stays open until it is closed, or until `onClosed` reports that it was lost. The
 * native client reconnects on its own and never reports.
 */
export interface Transport {
  readonly name: 'native' | 'websocket'
  openProducer(options: ProducerOptions, onClosed: (reason: string) => void): Promise<Producer>
  openConsumer(options: ConsumerOptions, onClosed: (reason: string) => void): Promise<Consumer>
  openReader(options: ReaderOptions, onClosed: (reason: string) => void): Promise<Reader>
  close(): Promise<void>
}

/** How long `receive` waits for a first message before it answers an empty list, so that a caller can stop. */
export const RECEIVE_WAIT_MS = 200

/** Of the payload of each message, by the name that both clients know it by. Consumers see nothing of it. */
export const COMPRESSION = 'LZ4'

/** Time after a negative acknowledgement until the broker delivers the message again. */
export const REDELIVERY_DELAY_MS = 10_000
