import { parseMetrics } from '../metrics-text.ts'

/** Numbers of one `/metrics` page by metric and labels: `tracardi_worker_flushes_total{reason="size"}`. */
export type Numbers = Readonly<Record<string, number>>

/** The metrics of one instance at one moment. */
export interface Reading {
  readonly program: 'api' | 'worker'
  /** When the process began, in seconds since the epoch: another value means that its counters began at 0 again. */
  readonly startedAtSeconds: number
  /** What only ever grows while the process lives. */
  readonly counters: Numbers
  readonly gauges: Numbers
}

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
export function readingOf(text: string): Reading | undefined {
  const counters: Record<string, number> = {}
  const gauges: Record<string, number> = {}
  let startedAtSeconds = 0
  let program: Reading['program'] | undefined
  for (const { name, labels, value } of parseMetrics(text)) {
    if (name === 'process_start_time_seconds') startedAtSeconds = value
    if (name === 'tracardi_api_events_total') program = 'api'
    if (name === 'tracardi_worker_events_total') program = 'worker'
    if (!Number.isFinite(value) || !(OWN.test(name) || OF_THE_PROCESS.has(name))) continue
    const numbers = COUNTER.test(name) ? counters : gauges
    numbers[keyOf(name, labels)] = value
  }
  return program && { program, startedAtSeconds, counters, gauges }
}

/** The name of a number among `Numbers`; the order of the labels does not matter. */
export function keyOf(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}

/** The numbers of one metric by the value of one of its labels; numbers with the same value are added up. */
export function byLabel(numbers: Numbers, name: string, label: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const [key, value] of Object.entries(numbers)) {
    if (!key.startsWith(`${name}{`)) continue
    const quoted = new RegExp(`[{,]${label}=("(?:[^"\\\\]|\\\\.)*")`).exec(key)?.[1]
    if (quoted === undefined) continue
    const of = JSON.parse(quoted) as string
    found.set(of, (found.get(of) ?? 0) + value)
  }
  return found
}

/** The sum of a metric over all of its labels. */
export function sumOver(numbers: Numbers, name: string): number {
  return Object.entries(numbers).reduce(
    (sum, [key, value]) => (key === name || key.startsWith(`${name}{`) ? sum + value : sum),
    0,
  )
}
