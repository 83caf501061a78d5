/** What a source may send in a second, at most; 0: no limit. */
export interface SourceLimits {
  readonly callsPerSecond: number
  readonly eventsPerSecond: number
  readonly bytesPerSecond: number
}

/** What a call, or a part of what it brings, takes of the limits. */
export interface Usage {
  readonly calls: number
  readonly events: number
  readonly bytes: number
}

const UNITS = ['calls', 'events', 'bytes'] as const
const RATES = { calls: 'callsPerSecond', events: 'eventsPerSecond', bytes: 'bytesPerSecond' } as const

/** What an idle source saves up: what its rate gives in this time, and one call at least. */
const BURST_SECONDS = 1

/**
 * A token bucket. A call may take more than it contains, because the size of a call is known
 * only after it is read; then the next call waits until the debt is paid.
 */
class Bucket {
  #level: number
  #atMs: number

  constructor(perSecond: number, nowMs: number) {
    this.#level = burstOf(perSecond)
    this.#atMs = nowMs
  }

  /** Seconds until something may be taken; 0: now. */
  waitSeconds(perSecond: number, nowMs: number): number {
    this.#fill(perSecond, nowMs)
    return this.#level >= 1 ? 0 : (1 - this.#level) / perSecond
  }

  take(amount: number): void {
    this.#level -= amount
  }

  #fill(perSecond: number, nowMs: number): void {
    const gained = ((nowMs - this.#atMs) / 1000) * perSecond
    this.#level = Math.min(burstOf(perSecond), this.#level + gained)
    this.#atMs = nowMs
  }
}

function burstOf(perSecond: number): number {
  return Math.max(1, perSecond * BURST_SECONDS)
}

/** The rates of all sources in this process. */
export class RateLimiter {
  readonly #defaults: SourceLimits
  readonly #nowMs: () => number
  readonly #buckets = new Map<string, Bucket>()

  constructor(defaults: SourceLimits, nowMs: () => number) {
    this.#defaults = defaults
    this.#nowMs = nowMs
  }

  /** Seconds until the source may send again; 0: now. */
  waitSeconds(sourceId: string, own: Partial<SourceLimits>): number {
    let seconds = 0
    for (const unit of UNITS) {
      const rate = own[RATES[unit]] ?? this.#defaults[RATES[unit]]
      if (rate > 0) seconds = Math.max(seconds, this.#bucket(unit, sourceId, rate).waitSeconds(rate, this.#nowMs()))
    }
    return seconds
  }

  take(sourceId: string, own: Partial<SourceLimits>, usage: Usage): void {
    for (const unit of UNITS) {
      const rate = own[RATES[unit]] ?? this.#defaults[RATES[unit]]
      if (rate > 0) this.#bucket(unit, sourceId, rate).take(usage[unit])
    }
  }

  #bucket(unit: keyof Usage, sourceId: string, rate: number): Bucket {
    const key = `${unit} ${sourceId}`
    const bucket = this.#buckets.get(key) ?? new Bucket(rate, this.#nowMs())
    this.#buckets.set(key, bucket)
    return bucket
  }
}
