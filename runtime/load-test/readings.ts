import { increaseOf, type Reading, type Readings } from '../telemetry/counters.ts'
import { byLabel, type Labels, type Metrics, sumOf } from '../telemetry/metrics.ts'
import type { ApiInterval, WorkerInterval } from './record.ts'

type Program = Reading['program']

/** What one instance did between two readings. */
interface Span {
  readonly seconds: number
  readonly increase: Metrics
  readonly latest: Metrics
}

/** The instances of a program that were read both times: of one that is new nobody knows since when it counts. */
function spansOf(program: Program, before: Readings, after: Readings): readonly Span[] {
  return [...after].flatMap(([url, reading]) => {
    const earlier = before.get(url)
    if (reading.program !== program || earlier === undefined) return []
    const seconds = (reading.atMs - earlier.atMs) / 1000
    return [{ seconds, increase: increaseOf(earlier, reading, 0), latest: reading.metrics }]
  })
}

function total(spans: readonly Span[], name: string, labels?: Labels): number {
  return spans.reduce((sum, { increase }) => sum + (sumOf(increase, name, labels) ?? 0), 0)
}

function cores(spans: readonly Span[]): readonly number[] {
  return spans.map((span) => total([span], 'process_cpu_seconds_total') / span.seconds)
}

function meanOf(spans: readonly Span[], histogram: string, factor: number): number | null {
  const count = total(spans, `${histogram}_count`)
  return count === 0 ? null : (total(spans, `${histogram}_sum`) / count) * factor
}

/** What the instances of the API did between two readings; nothing when none was read twice. */
export function apiBetween(before: Readings, after: Readings): ApiInterval | undefined {
  const spans = spansOf('api', before, after)
  if (spans.length === 0) return undefined
  return {
    cores: cores(spans),
    calls: total(spans, 'tracardi_api_requests_total', { status: '200' }),
    events: total(spans, 'tracardi_api_events_total', { outcome: 'accepted' }),
    messages: total(spans, 'tracardi_api_receipt_seconds_count'),
    receiptMs: meanOf(spans, 'tracardi_api_receipt_seconds', 1000),
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
  const spans = spansOf('worker', before, after)
  if (spans.length === 0) return undefined
  const reasons = spans.flatMap(({ latest }) => [...byLabel(latest, 'tracardi_worker_flushes_total', 'reason').keys()])
  const seconds = spans.reduce((sum, span) => sum + span.seconds, 0)
  const limits = spans.map(({ latest }) => sumOf(latest, 'tracardi_worker_bulk_concurrency') ?? 0)
  const bulks = total(spans, 'tracardi_worker_batch_events_count')
  const bulkSeconds = total(spans, 'tracardi_worker_bulk_seconds_sum')
  return {
    cores: cores(spans),
    events: total(spans, 'tracardi_worker_events_total'),
    flushes: Object.fromEntries(
      [...new Set(reasons)].map((reason) => [reason, total(spans, 'tracardi_worker_flushes_total', { reason })]),
    ),
    bulkEvents: meanOf(spans, 'tracardi_worker_batch_events', 1),
    bulkMs: bulks === 0 ? null : (bulkSeconds / bulks) * 1000,
    inFlight: bulkSeconds / seconds,
    inFlightLimit: limits.reduce((sum, limit) => sum + limit, 0) / limits.length,
    retries: total(spans, 'tracardi_worker_retries_total'),
  }
}
