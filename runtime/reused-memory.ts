/** Otherwise a burst of calls would keep its memory forever. */
const MAX_FREE = 64
const STEP_BYTES = 64 * 1024

/**
 * Memory for what is written once and sent, used again and again: outside of the heap of V8, clearing it and
 * collecting it costs more than filling it.
 */
export class ReusedMemory {
  readonly #free: Buffer[] = []

  /** A buffer of the requested size, with undefined content. */
  take(bytes: number): Buffer {
    const free = this.#free.pop()
    if (free !== undefined && free.length >= bytes) return free.subarray(0, bytes)
    if (free !== undefined) freeMemory(free.buffer, free.length)
    // Rounded up, so that the next one of about this size fits too.
    return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES).subarray(0, bytes)
  }

  /** Only when nothing can still be sending it. */
  giveBack(taken: Buffer): void {
    if (this.#free.length < MAX_FREE) this.#free.push(Buffer.from(taken.buffer))
  }
}

/**
 * Frees memory outside of the heap now; buffers of it are empty afterwards. For memory that lives so long that only a full collection would
 * find it: V8 starts one after a few tens of megabytes outside of its heap.
 *
 * @param memory nothing is done without it.
 * @param bytes what may be freed. Larger memory is kept, because others share it.
 */
export function freeMemory(memory: ArrayBufferLike | undefined, bytes: number): void {
  if (memory instanceof ArrayBuffer && memory.byteLength === bytes) memory.transfer(0)
}
