import { setTimeout as sleep } from 'node:timers/promises'

/** Time as a program sees it; tests hand in their own. */
export interface Clock {
  /** Milliseconds that never go back, from an arbitrary beginning. */
  nowMs(): number
  /** Milliseconds since the epoch. */
  wallMs(): number
  /** Calls back once after the time. @returns cancels it. */
  after(ms: number, callback: () => void): () => void
  /** Resolves after the time; rejects as soon as the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: Date.now,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}
