import type { Reader, ReadMessage } from '../../runtime/queue/port.ts'
import type { Position } from '../../runtime/queue/position.ts'

/** A message of one event at a position. */
export function readingOf(position: Position, publishedAtMs = 0, properties: Record<string, string> = {}): ReadMessage {
  return { position, publishedAtMs, payload: Buffer.from('x\n'), properties: { v: '1', n: '1', ...properties } }
}

/** A reader in memory: what is pushed is received. */
export class FakeReader implements Reader {
  closed = 0
  #waiting: ReadMessage[] = []

  push(...readings: ReadMessage[]): void {
    this.#waiting.push(...readings)
  }

  async receive(): Promise<readonly ReadMessage[]> {
    return this.#waiting.splice(0)
  }

  isConnected(): boolean {
    return this.closed === 0
  }

  async close(): Promise<void> {
    this.closed += 1
  }
}
