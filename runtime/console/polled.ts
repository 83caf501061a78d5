import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Result } from './observation.ts'

export interface PollOptions {
  /** Minimum time between two requests; in between, the last answer is valid. */
  readonly everyMs: number
  /** Maximum wait for an answer; after it, the last one stays valid for a while. */
  readonly waitMs: number
  /** A question that is open for so long counts as not answered. */
  readonly limitMs: number
  readonly now: () => number
}

/**
 * Polls, with at most one request in flight, and limits the wait of every caller: a server that hangs must not hide
 * the others.
 */
export function polled<T>(
  ask: () => Promise<T>,
  { everyMs, waitMs, limitMs, now }: PollOptions,
): () => Promise<Result<T>> {
  let last: Result<T> | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY
  let underWay: Promise<void> | undefined
  return async () => {
    if (!underWay && now() - askedAtMs >= everyMs) {
      askedAtMs = now()
      underWay = ask()
        .then(
          (value) => {
            last = { ok: true, value }
          },
          (error: unknown) => {
            last = { ok: false, reason: messageOf(error) }
          },
        )
        .finally(() => {
          underWay = undefined
        })
    }
    if (underWay) await Promise.race([underWay, sleep(waitMs, undefined, { ref: false })])
    const openMs = now() - askedAtMs
    if (underWay && (!last || openMs >= limitMs))
      return { ok: false, reason: `no answer for ${Math.round(openMs / 1000)} s` }
    return last ?? { ok: false, reason: 'not asked yet' }
  }
}
