/** Clean bulks in a row before one more may be in flight again. */
const RAISE_AFTER = 20

/**
 * How many bulks may be in flight: halved when Elasticsearch refuses, raised by one after a run of clean bulks (additive
 * increase, multiplicative decrease), so that a worker finds by itself what the cluster bears.
 */
export class AdaptiveConcurrency {
  readonly maximum: number
  limit: number
  #clean = 0

  /** @param maximum most bulks in flight, at least 1. */
  constructor(maximum: number) {
    this.maximum = maximum
    this.limit = maximum
  }

  /** Whether Elasticsearch has refused recently: the limit is below its maximum, or no run of clean bulks has followed yet. */
  isRestrained = false

  throttled(): void {
    this.#clean = 0
    this.isRestrained = true
    this.limit = Math.max(1, Math.floor(this.limit / 2))
  }

  succeeded(): void {
    this.#clean += 1
    if (this.#clean < RAISE_AFTER || !this.isRestrained) return
    this.#clean = 0
    this.limit = Math.min(this.maximum, this.limit + 1)
    this.isRestrained = this.limit < this.maximum
  }
}
