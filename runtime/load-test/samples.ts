import type { Client } from '@elastic/elasticsearch'
import { AppError } from '../errors.ts'
import { increaseOf, type Reading, type Readings } from '../telemetry/counters.ts'
import { instancesAt, type Resolve, scrape } from '../telemetry/instances.ts'
import { byLabel, type Labels, type Metrics, sumOf } from '../telemetry/metrics.ts'
import type { ApiInterval, NodesInterval, WorkerInterval } from './record.ts'

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

/** A node of Elasticsearch that holds data, at one moment. */
export interface NodeReading {
  readonly atMs: number
  readonly cpuMs: number
  readonly processors: number
  readonly operations: number
  readonly writeQueue: number
  readonly writeRejected: number
}

/** By the id of the node. */
export type NodeReadings = ReadonlyMap<string, NodeReading>

interface NodeStats {
  readonly roles?: readonly string[]
  readonly process?: { readonly cpu?: { readonly total_in_millis?: number } }
  readonly indices?: { readonly indexing?: { readonly index_total?: number } }
  readonly thread_pool?: { readonly write?: { readonly queue?: number; readonly rejected?: number } }
}

const STATS = ['roles', 'process.cpu.total_in_millis', 'indices.indexing.index_total', 'thread_pool.write']

/** Reads them. Needs the privilege `monitor`. */
export async function readNodes(client: Client): Promise<NodeReadings> {
  const [stats, info] = await Promise.all([
    client.nodes.stats({
      metric: ['process', 'indices', 'thread_pool'],
      filter_path: STATS.map((field) => `nodes.*.${field}`),
    } as never),
    client.nodes.info({ metric: 'os', filter_path: 'nodes.*.os.allocated_processors' } as never),
  ])
  const atMs = performance.now()
  const processors = info.nodes as Record<string, { os?: { allocated_processors?: number } }> | undefined
  return new Map(
    Object.entries((stats.nodes ?? {}) as Record<string, NodeStats>)
      .filter(([, { roles }]) => roles?.some((role) => role.startsWith('data')))
      .map(([id, { process, indices, thread_pool }]) => [
        id,
        {
          atMs,
          cpuMs: process?.cpu?.total_in_millis ?? 0,
          processors: processors?.[id]?.os?.allocated_processors ?? 1,
          operations: indices?.indexing?.index_total ?? 0,
          writeQueue: thread_pool?.write?.queue ?? 0,
          writeRejected: thread_pool?.write?.rejected ?? 0,
        },
      ]),
  )
}

/** What the nodes did between two readings; nothing when none was read twice. */
export function nodesBetween(before: NodeReadings, after: NodeReadings): NodesInterval | undefined {
  const pairs = [...after].flatMap(([id, reading]) => {
    const earlier = before.get(id)
    // A restarted node counts from 0 again: nothing is known about the time in between.
    return earlier !== undefined && earlier.cpuMs <= reading.cpuMs ? [{ before: earlier, after: reading }] : []
  })
  if (pairs.length === 0) return undefined
  const grown = (of: (reading: NodeReading) => number) =>
    pairs.reduce((sum, pair) => sum + Math.max(0, of(pair.after) - of(pair.before)), 0)
  return {
    cores: pairs.map((pair) => (pair.after.cpuMs - pair.before.cpuMs) / (pair.after.atMs - pair.before.atMs)),
    processors: pairs.map((pair) => pair.after.processors),
    operations: grown(({ operations }) => operations),
    writeQueue: Math.max(...pairs.map((pair) => pair.after.writeQueue)),
    writeRejected: grown(({ writeRejected }) => writeRejected),
  }
}

const ANSWER_LIMIT_MS = 2000

/**
 * The private listeners behind the URLs of `--metrics`.
 *
 * @throws AppError `command_invalid` for a URL that is not HTTP, or an unknown name.
 */
export async function instancesOf(urls: readonly string[], resolve?: Resolve): Promise<readonly string[]> {
  const found = await Promise.all(
    urls.map((url) => {
      if (!URL.canParse(url) || new URL(url).protocol !== 'http:') {
        const allowed = 'URLs like http://host:8686, separated by commas'
        throw new AppError('command_invalid', `--metrics has "${url}"; allowed: ${allowed}`)
      }
      return instancesAt(url, resolve).catch((cause: unknown) => {
        throw new AppError('command_invalid', `--metrics has "${url}", whose host has no address`, { cause })
      })
    }),
  )
  return [...new Set(found.flat())]
}

/** Reads all instances concurrently. Instances that do not answer, and other programs, are omitted. Pods change, so names are resolved each time. */
export async function readInstances(urls: readonly string[]): Promise<Readings> {
  const read = await Promise.all(
    (await instancesOf(urls)).map(async (url): Promise<readonly [string, Reading][]> => {
      const answer = await scrape(url, ANSWER_LIMIT_MS, () => performance.now())
      return answer.ok ? [[url, answer.value]] : []
    }),
  )
  return new Map(read.flat())
}
