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

/** What an idle source saves up: what its rate gives in this time, and one call at least. */
const BURST_SECONDS = 1

/**
 * A rate, as a bucket that fills with time. What is taken may exceed what is there, because the size of a call is known
 * only when it is read; the next one then waits until the debt is paid.
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
    const nowMs = this.#nowMs()
    return Math.max(0, ...this.#limited(sourceId, own).map(([bucket, rate]) => bucket.waitSeconds(rate, nowMs)))
  }

  take(sourceId: string, own: Partial<SourceLimits>, { calls, events, bytes }: Usage): void {
    for (const [bucket, , unit] of this.#limited(sourceId, own)) bucket.take({ calls, events, bytes }[unit])
  }

  #limited(sourceId: string, own: Partial<SourceLimits>): [Bucket, number, keyof Usage][] {
    const limited: [Bucket, number, keyof Usage][] = []
    for (const unit of ['calls', 'events', 'bytes'] as const) {
      const rate = own[`${unit}PerSecond`] ?? this.#defaults[`${unit}PerSecond`]
      if (rate === 0) continue
      const key = `${unit} ${sourceId}`
      const bucket = this.#buckets.get(key) ?? new Bucket(rate, this.#nowMs())
      this.#buckets.set(key, bucket)
      limited.push([bucket, rate, unit])
    }
    return limited
  }
}
