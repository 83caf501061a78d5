import { setTimeout as sleep } from 'node:timers/promises'

/** The time of a program. Tests pass a clock of their own. */
export interface Clock {
  /** Monotonic milliseconds, from an arbitrary start. */
  readonly nowMs: () => number
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number
  /** Calls back once after this time. @returns a function that cancels the call. */
  after(ms: number, callback: () => void): () => void
  /** Resolves after this time. Rejects as soon as the signal aborts. */
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
