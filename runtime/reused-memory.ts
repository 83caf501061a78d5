/** Otherwise a burst of calls would keep its memory forever. */
const MAX_FREE = 64

/**
 * Memory for what is written once and sent, used again and again: outside of the heap of V8, clearing it and
 * collecting it costs more than filling it.
 */
export class ReusedMemory {
  readonly #free: Buffer[] = []

  /** A buffer of the requested size, with undefined content. */
  take(bytes: number): Buffer {
    const free = this.#free.pop()
    const memory = free !== undefined && free.length >= bytes ? free : Buffer.allocUnsafeSlow(bytes)
    return memory.subarray(0, bytes)
  }

  /** Only when nothing can still be sending it. */
  giveBack(taken: Buffer): void {
    if (this.#free.length < MAX_FREE) this.#free.push(Buffer.from(taken.buffer))
  }
}
