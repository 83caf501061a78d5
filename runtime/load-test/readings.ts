import { type Metric, sumOf } from '../metrics-text.ts'
import type { ApiInterval, WorkerInterval } from './record.ts'

export type Role = 'api' | 'worker'

/** The metrics of one instance at one moment. */
export interface Reading {
  readonly role: Role
  readonly atMs: number
  readonly metrics: readonly Metric[]
}

/** Readings by the address of the instance. */
export type Readings = ReadonlyMap<string, Reading>

/** The program with these metrics; `undefined` if it is another program. */
export function roleOf(metrics: readonly Metric[]): Role | undefined {
  if (metrics.some(({ name }) => name === 'tracardi_api_events_total')) return 'api'
  return metrics.some(({ name }) => name === 'tracardi_worker_events_total') ? 'worker' : undefined
}

interface Pair {
  readonly before: Reading
  readonly after: Reading
}

/** The instances of a role that were read both times: of one that is new nobody knows since when it counts. */
function pairsOf(role: Role, before: Readings, after: Readings): readonly Pair[] {
  return [...after].flatMap(([address, reading]) => {
    const earlier = before.get(address)
    return reading.role === role && earlier !== undefined ? [{ before: earlier, after: reading }] : []
  })
}

type Labels = Readonly<Record<string, string>>

/** How much a counter has grown. One that fell began at 0 again, as its program did. */
function growth({ before, after }: Pair, name: string, labels?: Labels): number {
  const from = sumOf(before.metrics, name, labels) ?? 0
  const to = sumOf(after.metrics, name, labels) ?? 0
  return to < from ? to : to - from
}

function total(pairs: readonly Pair[], name: string, labels?: Labels): number {
  return pairs.reduce((sum, pair) => sum + growth(pair, name, labels), 0)
}

function cores(pairs: readonly Pair[]): readonly number[] {
  return pairs.map((pair) => growth(pair, 'process_cpu_seconds_total') / secondsOf(pair))
}

function secondsOf({ before, after }: Pair): number {
  return (after.atMs - before.atMs) / 1000
}

function meanOf(pairs: readonly Pair[], histogram: string, factor: number): number | null {
  const count = total(pairs, `${histogram}_count`)
  return count === 0 ? null : (total(pairs, `${histogram}_sum`) / count) * factor
}

/** What the instances of the API did between two readings; nothing when none was read twice. */
export function apiBetween(before: Readings, after: Readings): ApiInterval | undefined {
  const pairs = pairsOf('api', before, after)
  if (pairs.length === 0) return undefined
  return {
    cores: cores(pairs),
    calls: total(pairs, 'tracardi_api_requests_total', { status: '200' }),
    events: total(pairs, 'tracardi_api_events_total', { outcome: 'accepted' }),
    messages: total(pairs, 'tracardi_api_receipt_seconds_count'),
    receiptMs: meanOf(pairs, 'tracardi_api_receipt_seconds', 1000),
  }
}

/** Events with which a bulk of the workers is full; of several, the most. */
export function bulkSizeOf(readings: Readings): number | undefined {
  const sizes = [...readings.values()].map(({ metrics }) => sumOf(metrics, 'tracardi_worker_bulk_size') ?? 0)
  const most = Math.max(0, ...sizes)
  return most === 0 ? undefined : most
}

/** The same of the workers. */
export function workersBetween(before: Readings, after: Readings): WorkerInterval | undefined {
  const pairs = pairsOf('worker', before, after)
  if (pairs.length === 0) return undefined
  const latest = pairs.map((pair) => pair.after.metrics)
  const reasons = latest.flatMap((metrics) =>
    metrics.filter(({ name }) => name === 'tracardi_worker_flushes_total').map(({ labels }) => labels['reason'] ?? ''),
  )
  const seconds = pairs.reduce((sum, pair) => sum + secondsOf(pair), 0)
  const limits = latest.map((metrics) => sumOf(metrics, 'tracardi_worker_bulk_concurrency') ?? 0)
  const bulks = total(pairs, 'tracardi_worker_batch_events_count')
  const bulkSeconds = total(pairs, 'tracardi_worker_bulk_seconds_sum')
  return {
    cores: cores(pairs),
    events: total(pairs, 'tracardi_worker_events_total'),
    flushes: Object.fromEntries(
      [...new Set(reasons)].map((reason) => [reason, total(pairs, 'tracardi_worker_flushes_total', { reason })]),
    ),
    bulkEvents: meanOf(pairs, 'tracardi_worker_batch_events', 1),
    bulkMs: bulks === 0 ? null : (bulkSeconds / bulks) * 1000,
    inFlight: bulkSeconds / seconds,
    inFlightLimit: limits.reduce((sum, limit) => sum + limit, 0) / limits.length,
    retries: total(pairs, 'tracardi_worker_retries_total'),
  }
}
