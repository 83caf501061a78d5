import { AppError } from '../../runtime/errors.ts'
import type { OutgoingMessage, Producer } from '../../runtime/queue/port.ts'

/** A broker in memory: what is published is recorded, and a test decides when the receipts come, or that none does. */
export class FakeProducer implements Producer {
  readonly messages: OutgoingMessage[] = []
  /** Where the bytes of each message were when it was sent. */
  readonly memory: ArrayBufferLike[] = []
  connected = true
  /** While true, receipts wait for `release`. */
  holding = false
  /** What the next sends fail with, one each. */
  readonly failures: Error[] = []
  #held: (() => void)[] = []

  async send(message: OutgoingMessage): Promise<void> {
    if (!this.connected) throw new AppError('queue_unavailable', 'Pulsar is not connected')
    this.memory.push(message.payload.buffer)
    const failure = this.failures.shift()
    if (failure) throw failure
    // The sender may reuse the memory after the receipt.
    this.messages.push({ ...message, payload: Buffer.from(message.payload) })
    if (this.holding) await new Promise<void>((resolve) => this.#held.push(resolve))
  }

  /** Gives the receipt of the oldest message that waits for one, or of so many. */
  release(count = 1): void {
    for (const resolve of this.#held.splice(0, count)) resolve()
  }

  get held(): number {
    return this.#held.length
  }

  isConnected(): boolean {
    return this.connected
  }

  async close(): Promise<void> {
    this.connected = false
  }
}
