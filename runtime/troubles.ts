/** Something that went wrong in this process, with the last reason in full: metrics cannot carry texts. */
export interface Trouble {
  readonly kind: string
  /** Index, source, node or the like; empty where there is none. */
  readonly where: string
  readonly reason: string
  /** Since when it happens, without a pause of a minute, in milliseconds since the epoch. */
  readonly fromMs: number
  /** When it happened last. */
  readonly lastMs: number
  /** How often since `fromMs`. */
  readonly count: number
}

/** After so long it is a new occurrence. */
const PAUSE_MS = 60_000
/** Strangers choose some of the names: the one that happened longest ago makes room. */
const MOST = 100
const LONGEST_REASON = 1000
const LONGEST_NAME = 200

/** Remembers the last reason of each kind of trouble and place. Bounded, because strangers cause some of them. */
export class Troubles {
  readonly #known = new Map<string, Trouble>()
  readonly #wallMs: () => number

  /** @param wallMs milliseconds since the epoch. */
  constructor(wallMs: () => number = Date.now) {
    this.#wallMs = wallMs
  }

  note(kind: string, place: string, reason: string, times = 1): void {
    const nowMs = this.#wallMs()
    const where = place.slice(0, LONGEST_NAME)
    const key = `${kind} ${where}`
    const known = this.#known.get(key)
    const isNew = known === undefined || nowMs - known.lastMs > PAUSE_MS
    // Taken out and put in again, so that the first one is always the oldest.
    this.#known.delete(key)
    this.#known.set(key, {
      kind,
      where,
      reason: reason.slice(0, LONGEST_REASON),
      fromMs: isNew ? nowMs : known.fromMs,
      lastMs: nowMs,
      count: (isNew ? 0 : known.count) + times,
    })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST) this.#known.delete(oldest as string)
  }

  /** Those of the last minute, the latest first. */
  list(): readonly Trouble[] {
    const sinceMs = this.#wallMs() - PAUSE_MS
    return [...this.#known.values()].filter(({ lastMs }) => lastMs >= sinceMs).reverse()
  }
}
