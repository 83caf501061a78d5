import { type Metric, type Metrics, parseMetrics, sumOf } from './metrics.ts'

/** What one API or worker reported at one moment. */
export interface Reading {
  readonly program: 'api' | 'worker'
  /** When the process began, in seconds since the epoch: another value means that its counters began at 0 again. */
  readonly startedAtSeconds: number
  /** When it was read, on a monotonic clock. */
  readonly atMs: number
  readonly metrics: Metrics
}

/** Readings by the URL of the instance. */
export type Readings = ReadonlyMap<string, Reading>

const OWN = /^tracardi_/
const COUNTER = /_(total|bucket|sum|count)$/
/** What is kept of the metrics that every Node.js process has. */
const OF_THE_PROCESS = new Set([
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'nodejs_heap_size_used_bytes',
  'nodejs_eventloop_lag_p99_seconds',
])

/** Reads a `/metrics` page; `undefined` when it is not one of an API or a worker. */
export function readingOf(text: string, atMs: number): Reading | undefined {
  const all = parseMetrics(text)
  const has = (name: string) => sumOf(all, name) !== undefined
  const program = has('tracardi_api_events_total') ? 'api' : has('tracardi_worker_events_total') ? 'worker' : undefined
  const kept = ([, { name, value }]: [string, Metric]) =>
    Number.isFinite(value) && (OWN.test(name) || OF_THE_PROCESS.has(name))
  const startedAtSeconds = sumOf(all, 'process_start_time_seconds') ?? 0
  return program && { program, startedAtSeconds, atMs, metrics: new Map([...all].filter(kept)) }
}

/**
 * By how much the counters of one instance grew between two readings.
 *
 * @param before the reading before; none when this is the first.
 * @param beforeMs when everything was read before, in milliseconds since the epoch. An instance that began after that
 *   counted from 0 since; one that had been running, and is only now known, counted for the time before as well, so
 *   nothing of it is taken as growth.
 */
export function increaseOf(before: Reading | undefined, now: Reading, beforeMs: number): Metrics {
  const counters = countersOf(now.metrics)
  const ranBefore = before === undefined && now.startedAtSeconds * 1000 < beforeMs
  if (ranBefore) return difference(counters, counters)
  const isSame = before?.startedAtSeconds === now.startedAtSeconds
  return difference(isSame ? before.metrics : new Map(), counters)
}

/** What only ever grows while a process lives. */
export function countersOf(metrics: Metrics): Metrics {
  return new Map([...metrics].filter(([, { name }]) => COUNTER.test(name)))
}

/** What is more in the later numbers; a counter that fell began again at 0. */
export function difference(earlier: Metrics, later: Metrics): Metrics {
  return mapped(later, (metric, series) => {
    const was = earlier.get(series)?.value ?? 0
    return metric.value < was ? metric.value : metric.value - was
  })
}

export function added(one: Metrics, other: Metrics): Metrics {
  return new Map([...one, ...mapped(other, ({ value }, series) => value + (one.get(series)?.value ?? 0))])
}

function mapped(metrics: Metrics, numberOf: (metric: Metric, series: string) => number): Map<string, Metric> {
  return new Map([...metrics].map(([series, metric]) => [series, { ...metric, value: numberOf(metric, series) }]))
}
