interface Waiting {
  readonly dueMs: number
  readonly bytes: number
  readonly arrive: () => void
}

/** One direction of a connection: what goes in comes out in the same order, later, and no faster than it may. */
export class Lane {
  /** Bytes that are on their way. */
  waitingBytes = 0
  readonly #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined

  /** @param bytesPerSecond how fast it carries; infinite: immediately. */
  carry(bytes: number, delayMs: number, bytesPerSecond: number, arrive: () => void): void {
    const nowMs = performance.now()
    const dueMs = Math.max(nowMs + delayMs, this.#waiting.at(-1)?.dueMs ?? 0) + (bytes / bytesPerSecond) * 1000
    if (this.#waiting.length === 0 && dueMs <= nowMs) {
      arrive()
      return
    }
    this.#waiting.push({ dueMs, bytes, arrive })
    this.waitingBytes += bytes
    if (this.#timer === undefined) this.#wait()
  }

  /** What is on its way arrives now, still in its order. */
  hurry(): void {
    this.#deliver(Number.POSITIVE_INFINITY)
  }

  /** What is on its way is gone. */
  drop(): void {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
    this.waitingBytes = 0
  }

  #wait(): void {
    const [first] = this.#waiting
    this.#timer =
      first && setTimeout(() => this.#deliver(performance.now()), Math.max(1, first.dueMs - performance.now()))
  }

  #deliver(untilMs: number): void {
    clearTimeout(this.#timer)
    for (let first = this.#waiting[0]; first && first.dueMs <= untilMs; first = this.#waiting[0]) {
      this.waitingBytes -= first.bytes
      first.arrive()
      this.#waiting.shift()
    }
    this.#wait()
  }
}
