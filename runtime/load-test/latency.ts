/** Each bucket is wider than the previous one by this factor, which is also the error of a percentile. */
const GROWTH = 1.01
const LEAST_MS = 0.1
const BUCKETS = Math.ceil(Math.log(3_600_000 / LEAST_MS) / Math.log(GROWTH))

/** Latencies in milliseconds, exact to one in a hundred; the longest is exact. */
export interface Quantiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Counts latencies from 0.1 ms to an hour in buckets, so that it takes the same memory however long it counts. */
export class LatencyHistogram {
  count = 0
  #maxMs = 0
  readonly #buckets = new Uint32Array(BUCKETS + 1)

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(ms / LEAST_MS) / Math.log(GROWTH))
    const index = Math.min(BUCKETS, Math.max(0, bucket))
    this.#buckets[index] = (this.#buckets[index] as number) + 1
    this.#maxMs = Math.max(this.#maxMs, ms)
    this.count += 1
  }

  /** `undefined` while there are none. */
  quantiles(): Quantiles | undefined {
    if (this.count === 0) return undefined
    const at = (share: number) => this.#percentile(share)
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: this.#maxMs }
  }

  clear(): void {
    this.count = 0
    this.#maxMs = 0
    this.#buckets.fill(0)
  }

  /** By nearest rank: the upper bound of the bucket that holds it. */
  #percentile(share: number): number {
    const rank = Math.ceil(this.count * share)
    let counted = 0
    const bucket = this.#buckets.findIndex((count) => {
      counted += count
      return counted >= rank
    })
    return Math.min(this.#maxMs, LEAST_MS * GROWTH ** bucket)
  }
}
