import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Delivery, MessageId } from '../queue/port.ts'
import { freeMemory } from '../reused-memory.ts'

/**
 * Maximum number of returned messages whose open operations are remembered, about 300 bytes each. When a forgotten message is
 * redelivered, its settled operations are sent again and are duplicates.
 */
const MAX_REMEMBERED = 10_000

/** A message between its delivery and its acknowledgement. */
export class InFlightMessage {
  readonly id: MessageId
  /** When the API took the oldest event of the message, in milliseconds since the epoch. */
  readonly receivedAtMs: number
  /** Of the calls that it carries parts of, where these are traced. */
  readonly traceparent: string | undefined
  readonly #publishedAtMs: number
  /** Weak: an operation that waits for a retry has a copy of its lines, and the rest may be collected. */
  readonly #payload: WeakRef<ArrayBufferLike>
  readonly #payloadBytes: number
  /** Operations that are neither settled nor returned. */
  open: number
  /** Positions of the operations that were returned. */
  readonly givenBack: number[] = []

  constructor({ id, publishedAtMs, payload, properties }: Delivery, receivedAtMs: number, operations: number) {
    this.id = id
    this.receivedAtMs = receivedAtMs
    this.traceparent = properties['traceparent']
    this.#publishedAtMs = publishedAtMs
    this.#payload = new WeakRef(payload.buffer)
    this.#payloadBytes = payload.length
    this.open = operations
  }

  /** The same for each delivery of the message. */
  get key(): string {
    return keyOf(this.id, this.#publishedAtMs, this.#payloadBytes)
  }

  /** Nothing reads the lines of a message without open operations. */
  freePayload(): void {
    freeMemory(this.#payload.deref(), this.#payloadBytes)
  }
}

/** Some operations of a message, by their positions in it. */
export interface OwnedOperations {
  readonly message: InFlightMessage
  readonly positions: readonly number[]
}

export interface SettlementOptions {
  readonly acknowledge: (id: MessageId) => Promise<void>
  /** Gives a message back to Pulsar, which delivers it again later. */
  readonly negativeAcknowledge: (id: MessageId) => void
  readonly onAcknowledged: (message: InFlightMessage) => void
  readonly log: Logger
}

/**
 * Acknowledges messages with operations or returns them to Pulsar; nothing else does. When no operation of a message is open, the message is acknowledged if
 * all were settled (stored or dead-lettered), and returned if any was returned. Exactly one of the two happens, once.
 */
export class Settlement {
  readonly #options: SettlementOptions
  readonly #remembered = new Map<string, Uint32Array>()

  constructor(options: SettlementOptions) {
    this.#options = options
  }

  /**
   * The operations that an earlier delivery of the message left open, by position; `undefined` when all must be stored. So a
   * redelivered message costs Elasticsearch nothing for what is already stored.
   */
  openPositions({ id, publishedAtMs, payload }: Delivery): ReadonlySet<number> | undefined {
    if (this.#remembered.size === 0) return undefined
    const positions = this.#remembered.get(keyOf(id, publishedAtMs, payload.length))
    return positions && new Set(positions)
  }

  /** @param operations those that are to be stored; a message without any is acknowledged immediately. */
  begin(delivery: Delivery, receivedAtMs: number, operations: number): InFlightMessage {
    const message = new InFlightMessage(delivery, receivedAtMs, operations)
    if (this.#remembered.size > 0) this.#remembered.delete(message.key)
    if (operations === 0) void this.#acknowledge(message)
    return message
  }

  /**
   * The operations are stored or dead-lettered.
   *
   * @returns when they were the last of a message that is acknowledged now: resolves once Pulsar has the acknowledgement.
   */
  settle({ message, positions }: OwnedOperations): Promise<void> | undefined {
    message.open -= positions.length
    return message.open === 0 ? this.#finish(message) : undefined
  }

  /** The operations cannot be stored now. */
  giveBack({ message, positions }: OwnedOperations): void {
    for (const position of positions) message.givenBack.push(position)
    message.open -= positions.length
    if (message.open === 0) void this.#finish(message)
  }

  #finish(message: InFlightMessage): Promise<void> | undefined {
    message.freePayload()
    if (message.givenBack.length === 0) return this.#acknowledge(message)
    this.#remember(message)
    this.#options.negativeAcknowledge(message.id)
    return undefined
  }

  #remember({ key, givenBack }: InFlightMessage): void {
    this.#remembered.set(key, Uint32Array.from(givenBack))
    if (this.#remembered.size <= MAX_REMEMBERED) return
    const [oldest] = this.#remembered.keys()
    this.#remembered.delete(oldest as string)
  }

  async #acknowledge(message: InFlightMessage): Promise<void> {
    const { acknowledge, onAcknowledged, log } = this.#options
    try {
      await acknowledge(message.id)
    } catch (error) {
      // Pulsar delivers it again, and each of its events is then a duplicate.
      log.warn({ message_id: message.id.toString(), reason: messageOf(error) }, 'acknowledgement failed')
    }
    onAcknowledged(message)
  }
}

/** A new cluster counts positions from the start again, so the position alone does not identify a message. */
function keyOf(id: MessageId, publishedAtMs: number, payloadBytes: number): string {
  return `${id.toString()} ${publishedAtMs} ${payloadBytes}`
}
