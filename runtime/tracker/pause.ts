import { backoffMs } from '../backoff.ts'
import type { Kept } from './kept.ts'

/** Waits between attempts: somewhere below 1 s, 2 s, 4 s, and so on up to one minute. */
const BACKOFF = { baseMs: 1000, maxMs: 60_000 }
/** A clock that was set back must not stop a page for longer. */
const MAX_PAUSE_MS = 3600 * 1000 + BACKOFF.maxMs

/** Until when nothing is sent. */
export interface Pause {
  /** How long to wait from now, in ms; 0 when there is nothing to wait for. */
  leftMs(nowMs: number): number
  /**
   * After an attempt that failed.
   *
   * @param answered whether the API has answered; a network that does not work says nothing about the API.
   * @param afterMs what it has asked for.
   */
  begin(answered: boolean, afterMs: number, nowMs: number, random: number): void
  /** The network is back: a pause that only it has caused is over. */
  networkIsBack(): void
  end(): void
}

/** A pause that holds, as far as the API has caused it, for the other tabs and the next pages as well. */
export function pauseIn(kept: Kept, key: string): Pause {
  let attempt = 0
  let untilMs = 0
  const networkIsBack = () => {
    attempt = 0
    untilMs = 0
  }
  return {
    leftMs: (nowMs) => {
      const latestMs = Math.max(untilMs, Number(kept.get(key) ?? 0))
      return Math.min(Math.max(latestMs - nowMs, 0), MAX_PAUSE_MS)
    },
    begin: (answered, afterMs, nowMs, random) => {
      untilMs = nowMs + afterMs + backoffMs(attempt, BACKOFF, random)
      attempt += 1
      if (answered) kept.set(key, String(untilMs))
    },
    networkIsBack,
    end: () => {
      networkIsBack()
      kept.remove(key)
    },
  }
}
