export interface Point {
  readonly atMs: number
  readonly value: number
}

/** Less than this says too little: one poll may fall between a publish and its acknowledgement. */
const SHORTEST_MS = 8000

/**
 * How fast a number changes, per second: the slope of the straight line that lies nearest to all points, so that one
 * reading between two bulks does not turn it round. `null` while the points span less than 8 s.
 */
export function slopePerSecond(points: readonly Point[]): number | null {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || last.atMs - first.atMs < SHORTEST_MS) return null
  const seconds = points.map(({ atMs }) => (atMs - first.atMs) / 1000)
  const meanSeconds = mean(seconds)
  const meanValue = mean(points.map(({ value }) => value))
  const covariance = mean(points.map(({ value }, i) => ((seconds[i] as number) - meanSeconds) * (value - meanValue)))
  const variance = mean(seconds.map((second) => (second - meanSeconds) ** 2))
  return covariance / variance
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
