import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { History, type HistoryView } from './history.ts'
import type { Observation } from './observation.ts'

const INTERVAL_MS = 2000
/** When nobody has asked for so long, nobody looks. */
const IDLE_MS = 60_000

export interface Collector {
  /** What was seen so far. The first call begins the collecting, and waits for the first observation. */
  past(): Promise<HistoryView>
  close(): Promise<void>
}

export interface CollectorOptions {
  readonly observe: () => Promise<Observation>
  readonly log: Logger
  readonly now?: () => number
  readonly intervalMs?: number
  readonly idleMs?: number
}

/**
 * Observes every 2 s while somebody looks, and not at all when nobody has asked for a minute: a pipeline that nobody looks
 * at pays nothing for the console.
 */
export function collector({
  observe,
  log,
  now = Date.now,
  intervalMs = INTERVAL_MS,
  idleMs = IDLE_MS,
}: CollectorOptions): Collector {
  const history = new History()
  const closing = new AbortController()
  let askedAtMs = 0
  let running: Promise<void> | undefined
  let first: Promise<void> = Promise.resolve()

  const observeOnce = async () => {
    try {
      history.add(await observe())
    } catch (error) {
      log.warn({ err: error }, 'the console could not observe')
    }
  }
  const run = async () => {
    while (!closing.signal.aborted && now() - askedAtMs < idleMs) {
      await sleep(intervalMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
      if (!closing.signal.aborted) await observeOnce()
    }
    running = undefined
  }

  return {
    past: async () => {
      askedAtMs = now()
      if (!running && !closing.signal.aborted) {
        first = observeOnce()
        running = first.then(run)
      }
      await first
      if (!history.past) throw new AppError('not_observed', 'nothing could be observed')
      return history.past
    },
    close: async () => {
      closing.abort()
      await running
    },
  }
}
