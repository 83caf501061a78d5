import { randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import { type Choice, type LiveCall, type LiveEntry, type LiveFilter, type LivePage, LiveWatch } from './live-watch.ts'

/** A watch that nobody has asked for so long ends, and frees its memory. */
export const WATCHED_FOR_MS = 15_000
/** Of different filters; those who look with the same one share its watch. */
export const MAX_WATCHES = 8

interface Watched {
  readonly watch: LiveWatch
  askedAtMs: number
}

/** What of one call will be shown, once it is answered 200. */
export type Commit = () => void

/**
 * A sample of the events that this process takes, for people who look at it. It is memory that is written over: nobody who looks can
 * hold or drop an event. While nobody looks, it costs one comparison a call.
 */
export class LiveEvents {
  readonly isOn: boolean
  readonly #now: () => number
  readonly #watches = new Map<string, Watched>()

  /** @param now a monotonic clock in milliseconds. */
  constructor(isOn: boolean, now: () => number = () => performance.now()) {
    this.isOn = isOn
    this.#now = now
  }

  get isWatched(): boolean {
    return this.#watches.size > 0
  }

  /** Chooses while the call has its lines, and shows later. `undefined` where nobody wants to see any of it. */
  pick(call: LiveCall): Commit | undefined {
    const nowMs = this.#now()
    this.#end(nowMs)
    const choices: [LiveWatch, Choice][] = []
    for (const { watch } of this.#watches.values()) {
      const choice = watch.pick(call, nowMs)
      if (choice) choices.push([watch, choice])
    }
    if (choices.length === 0) return undefined
    const { lines: _, unstored: __, ...facts } = call
    return () => {
      for (const [watch, choice] of choices) watch.add(facts, choice)
    }
  }

  /**
   * Events that arrived since a position. The first question begins the watch.
   *
   * @throws AppError `live_busy` when too many filters are watched already.
   */
  page(filter: LiveFilter, after: string | undefined): LivePage {
    return this.#watch(filter).page(after)
  }

  /** One event that a page had; `undefined` once it has left the sample. */
  entry(key: string): LiveEntry | undefined {
    for (const { watch } of this.#watches.values()) {
      const found = watch.entry(key)
      if (found) return found
    }
    return undefined
  }

  #watch(filter: LiveFilter): LiveWatch {
    const nowMs = this.#now()
    this.#end(nowMs)
    const key = JSON.stringify([filter.source ?? null, filter.session ?? null, filter.type ?? null])
    let watched = this.#watches.get(key)
    if (watched === undefined) {
      if (this.#watches.size >= MAX_WATCHES) {
        throw new AppError(
          'live_busy',
          `events are watched with ${MAX_WATCHES} filters already, which is the maximum; look with one of them, or end another`,
        )
      }
      watched = { watch: new LiveWatch(filter, randomBytes(6).toString('hex')), askedAtMs: nowMs }
      this.#watches.set(key, watched)
    }
    watched.askedAtMs = nowMs
    return watched.watch
  }

  #end(nowMs: number): void {
    for (const [key, { askedAtMs }] of this.#watches) if (nowMs - askedAtMs >= WATCHED_FOR_MS) this.#watches.delete(key)
  }
}
