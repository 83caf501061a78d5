import { byLabel, type Numbers } from './reading.ts'

/**
 * A quantile of a histogram, with the values of a bucket spread evenly over it, as Prometheus estimates it.
 *
 * @param share 0.5 for the median, 0.99 for the slowest hundredth.
 * @returns in the unit of the histogram; the greatest bound when it lies beyond, `null` when nothing was observed.
 */
export function quantile(numbers: Numbers, histogram: string, share: number): number | null {
  const buckets = [...byLabel(numbers, `${histogram}_bucket`, 'le')]
    .map(([bound, count]) => ({ bound: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), count }))
    .sort((one, other) => one.bound - other.bound)
  const total = buckets.at(-1)?.count ?? 0
  if (total === 0) return null
  const rank = share * total
  let below = { bound: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (!Number.isFinite(bucket.bound)) return below.bound
      const within = bucket.count === below.count ? 1 : (rank - below.count) / (bucket.count - below.count)
      return below.bound + (bucket.bound - below.bound) * within
    }
    below = bucket
  }
  return below.bound
}
