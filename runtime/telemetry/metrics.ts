/** Labels of a series by their names. */
export type Labels = Readonly<Record<string, string>>

/** One series of the Prometheus text format, with its value. */
export interface Metric {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** The numbers of one moment by their series. */
export type Metrics = ReadonlyMap<string, Metric>

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Reads the text of a `/metrics` endpoint; lines that are no metrics are passed over. */
export function parseMetrics(text: string): Metrics {
  const metrics = new Map<string, Metric>()
  for (const line of text.split('\n')) {
    const [, name, quoted = '', value] = LINE.exec(line.trim()) ?? []
    if (name === undefined || value === undefined) continue
    const labels = Object.fromEntries([...quoted.matchAll(LABEL)].map(([, label, of = '']) => [label, unquoted(of)]))
    metrics.set(seriesOf(name, labels), { name, labels, value: numberOf(value) })
  }
  return metrics
}

function numberOf(text: string): number {
  return Number(text.replace(/Inf$/, 'Infinity'))
}

function unquoted(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

/** The key of a series among `Metrics`; the order of the labels does not matter. */
export function seriesOf(name: string, labels: Labels = {}): string {
  const pairs = Object.entries(labels)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}

/** The sum of a metric over the labels that are not given; `undefined` when there is no such metric. */
export function sumOf(metrics: Metrics, name: string, labels: Labels = {}): number | undefined {
  const wanted = Object.entries(labels)
  let sum: number | undefined
  for (const metric of metrics.values()) {
    if (metric.name !== name || wanted.some(([label, value]) => metric.labels[label] !== value)) continue
    sum = (sum ?? 0) + metric.value
  }
  return sum
}

/** The numbers of one metric by the value of one of its labels; numbers with the same value are added up. */
export function byLabel(metrics: Metrics, name: string, label: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const metric of metrics.values()) {
    const of = metric.name === name ? metric.labels[label] : undefined
    if (of !== undefined) found.set(of, (found.get(of) ?? 0) + metric.value)
  }
  return found
}

/** The mean of what a histogram or summary has observed; `null` when it has observed nothing. */
export function meanOf(metrics: Metrics, histogram: string): number | null {
  const count = sumOf(metrics, `${histogram}_count`) ?? 0
  return count > 0 ? (sumOf(metrics, `${histogram}_sum`) ?? 0) / count : null
}

/**
 * A quantile of a histogram, with the values of a bucket spread evenly over it, as Prometheus estimates it.
 *
 * @param share 0.5 for the median, 0.99 for the slowest hundredth.
 * @returns in the unit of the histogram; the greatest bound when it lies beyond, `null` when nothing was observed.
 */
export function quantile(metrics: Metrics, histogram: string, share: number): number | null {
  const buckets = [...byLabel(metrics, `${histogram}_bucket`, 'le')]
    .map(([bound, count]) => ({ bound: numberOf(bound), count }))
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
