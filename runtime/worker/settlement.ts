import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Delivery, MessageId } from '../queue/port.ts'

/**
 * Messages given back of which the open operations are remembered: each takes some 300 bytes. When one comes again to a
 * worker that has forgotten it, its settled operations are duplicates.
 */
const MAX_REMEMBERED = 10_000

/** A message between its delivery and its acknowledgement. */
export class InFlightMessage {
  readonly id: MessageId
  /** When the API took the oldest event of the message, in milliseconds since the epoch. */
  readonly receivedAtMs: number
  /** The same for each delivery of the message. */
  readonly key: string
  /** Operations that are neither settled nor given back. */
  open: number
  /** Positions of the operations that were given back. */
  readonly givenBack: number[] = []

  constructor(delivery: Delivery, receivedAtMs: number, operations: number) {
    this.id = delivery.id
    this.receivedAtMs = receivedAtMs
    this.key = keyOf(delivery)
    this.open = operations
  }
}

/** Consecutive operations of a message, by their positions in it. */
export interface OwnedOperations {
  readonly message: InFlightMessage
  readonly first: number
  readonly count: number
}

export interface SettlementOptions {
  readonly acknowledge: (id: MessageId) => Promise<void>
  /** Gives a message back to Pulsar, which delivers it again later. */
  readonly release: (id: MessageId) => void
  readonly onAcknowledged: (message: InFlightMessage) => void
  readonly log: Logger
}

/**
 * Decides what becomes of each message, and nobody else does: once none of its operations is open, it is acknowledged if all are
 * settled (stored or dead-lettered), and given back if any was given back. Only one of the two happens, and only once.
 */
export class Settlement {
  readonly #options: SettlementOptions
  readonly #remembered = new Map<string, Uint32Array>()

  constructor(options: SettlementOptions) {
    this.#options = options
  }

  /**
   * The positions of the operations that an earlier delivery of the message left open; `undefined` when all must be stored. A
   * message that comes again costs Elasticsearch nothing for what it has stored already.
   */
  openPositions(delivery: Delivery): ReadonlySet<number> | undefined {
    const positions = this.#remembered.get(keyOf(delivery))
    return positions && new Set(positions)
  }

  /** @param operations those that are to be stored; a message without any is acknowledged at once. */
  begin(delivery: Delivery, receivedAtMs: number, operations: number): InFlightMessage {
    const message = new InFlightMessage(delivery, receivedAtMs, operations)
    this.#remembered.delete(message.key)
    if (operations === 0) void this.#acknowledge(message)
    return message
  }

  /**
   * The operations are stored or dead-lettered.
   *
   * @returns when they were the last of a message that is acknowledged now: resolves once Pulsar has the acknowledgement.
   */
  settle({ message, count }: OwnedOperations): Promise<void> | undefined {
    message.open -= count
    return message.open === 0 ? this.#finish(message) : undefined
  }

  /** The operations cannot be stored now. */
  giveBack({ message, first, count }: OwnedOperations): void {
    for (let at = first; at < first + count; at += 1) message.givenBack.push(at)
    message.open -= count
    if (message.open === 0) void this.#finish(message)
  }

  #finish(message: InFlightMessage): Promise<void> | undefined {
    if (message.givenBack.length === 0) return this.#acknowledge(message)
    this.#remember(message)
    this.#options.release(message.id)
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

/** A cluster that was made anew counts its positions from the beginning, so the position alone does not name a message. */
function keyOf({ id, publishedAtMs, payload }: Delivery): string {
  return `${id.toString()} ${publishedAtMs} ${payload.length}`
}
