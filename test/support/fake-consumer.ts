import { setImmediate as turn } from 'node:timers/promises'
import type { Consumer, Delivery, MessageId } from '../../runtime/queue/port.ts'

/** A subscription in memory: what is pushed is received, and what becomes of it is recorded. */
export class FakeConsumer implements Consumer {
  readonly acknowledged: string[] = []
  readonly released: string[] = []
  received = 0
  closed = false
  failAcknowledge = false
  failReceive: Error | undefined
  #waiting: Delivery[] = []
  #emptied: (() => void)[] = []

  push(...deliveries: Delivery[]): void {
    this.#waiting.push(...deliveries)
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Resolves when everything is taken and the worker asks for more. */
  emptied(): Promise<void> {
    return new Promise((resolve) => this.#emptied.push(resolve))
  }

  async receive(): Promise<readonly Delivery[]> {
    await turn()
    if (this.failReceive) {
      const error = this.failReceive
      this.failReceive = undefined
      throw error
    }
    const next = this.#waiting.shift()
    if (!next) {
      for (const resolve of this.#emptied.splice(0)) resolve()
      return []
    }
    this.received += 1
    return [next]
  }

  async acknowledge(id: MessageId): Promise<void> {
    if (this.failAcknowledge) throw new Error('connection lost')
    this.acknowledged.push(id.toString())
  }

  negativeAcknowledge(id: MessageId): void {
    this.released.push(id.toString())
  }

  isConnected(): boolean {
    return !this.closed
  }

  async close(): Promise<void> {
    this.closed = true
  }
}
