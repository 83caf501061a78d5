const MINUTE_MS = 60_000

/** Counts events of a few kinds, and says when one is due for a log line, so that nobody can fill the log by provoking them. */
export class LogLimit {
  readonly #now: () => number
  readonly #everyMs: number
  readonly #kinds = new Map<string, { count: number; loggedAtMs: number }>()

  /**
   * @param now a monotonic clock in milliseconds.
   * @param everyMs a kind has at most one line in this time.
   */
  constructor(now: () => number, everyMs = MINUTE_MS) {
    this.#now = now
    this.#everyMs = everyMs
  }

  /**
   * Counts one more event.
   *
   * @param kind one of few: each takes memory forever.
   * @returns the number of events since the last line if another line is due; otherwise `undefined`.
   */
  count(kind: string): number | undefined {
    const counted = this.#kinds.get(kind) ?? { count: 0, loggedAtMs: Number.NEGATIVE_INFINITY }
    this.#kinds.set(kind, counted)
    counted.count += 1
    if (this.#now() - counted.loggedAtMs < this.#everyMs) return undefined
    const { count } = counted
    Object.assign(counted, { count: 0, loggedAtMs: this.#now() })
    return count
  }
}
