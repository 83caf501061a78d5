import type { Clock } from '../../runtime/clock.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
  #nowMs = 0
  #timers: Timer[] = []

  readonly nowMs = (): number => this.#nowMs

  readonly wallMs = (): number => 1_795_341_600_000 + this.#nowMs

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const cancel = this.after(ms, resolve)
      signal.addEventListener('abort', () => {
        cancel()
        reject(signal.reason as Error)
      })
    })
  }

  /** Calls back, in their order, all that is due within this time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#timers = this.#timers.filter((one) => one !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
    }
    this.#nowMs = endMs
  }
}
