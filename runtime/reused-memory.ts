/** Memory for the bodies of bulks, used again and again, because clearing and collecting it costs more than filling it. */
export class Bodies {
  readonly #free: Buffer[] = []

  /** Lines in a row. They may be read until they are given back. */
  join(lines: readonly Buffer[]): Buffer {
    const bytes = lines.reduce((sum, { length }) => sum + length, 0)
    const free = this.#free.pop()
    const memory = free !== undefined && free.length >= bytes ? free : Buffer.allocUnsafeSlow(bytes)
    let offset = 0
    for (const one of lines) offset += one.copy(memory, offset)
    return memory.subarray(0, bytes)
  }

  /** Only when nothing can still be sending it. */
  giveBack(body: Buffer): void {
    this.#free.push(Buffer.from(body.buffer))
  }
}
