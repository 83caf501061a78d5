import type { Config } from '../config.ts'
import { TAKES_EVENTS } from '../names.ts'
import { sourceCounts } from '../telemetry/balance.ts'
import { eventsInHand, secondsToDrain } from '../telemetry/bottlenecks.ts'
import { difference } from '../telemetry/counters.ts'
import { byLabel, type Labels, type Metrics, meanOf, quantile, seriesOf, sumOf } from '../telemetry/metrics.ts'
import { chartOf } from './chart.ts'
import { allCounters, type HistoryView, RATE_MS, sampleBefore, slopePerSecond } from './history.ts'
import type { InstanceAnswer, Observation } from './observation.ts'
import { searchFigures } from './search-figures.ts'
import type { BulkFigures, Figures, InstanceFigures, NamedCount, Place, RecentFigures, RefusedCalls } from './state.ts'

/** Bulks of a quiet pipeline are seldom, so their shares are taken over longer than rates are. */
const WINDOW_MS = 5 * 60_000
/** Advice about what went wrong goes within 30 s of its end, while the page and the observation each take 2 s. */
const RECENT_MS = 20_000
/** Long enough for some bulks, short enough to see immediately that a backlog has begun to shrink. */
const TREND_MS = 20_000

type Settings = Pick<
  Config,
  | 'bulkSize'
  | 'indexPrefix'
  | 'eventPartitioning'
  | 'indexShards'
  | 'elasticHost'
  | 'pulsarApi'
  | 'sourcesFile'
  | 'monitoringPort'
>

/** Every figure of the page, from what was observed. */
export function figuresOf(past: HistoryView, settings: Settings): Figures {
  const { moments, last, latest } = past
  const windowStart = sampleBefore(moments, WINDOW_MS)
  const window = windowStart ? difference(windowStart.totals, last.totals) : new Map()
  const rateOf = rates(past)
  return {
    atMs: latest.atMs,
    place: placeOf(settings),
    certificates: latest.certificates ?? [],
    windowSeconds: windowStart ? (last.atMs - windowStart.atMs) / 1000 : 0,
    acceptedPerSecond: rateOf('tracardi_api_events_total', { outcome: 'accepted' }),
    recent: recentFigures(past),
    storedPerSecond: rateOf('tracardi_worker_events_total', { outcome: 'stored' }),
    duplicatesPerSecond: rateOf('tracardi_worker_events_total', { outcome: 'duplicate' }),
    storedP50Seconds: quantile(window, 'tracardi_worker_receipt_to_stored_seconds', 0.5),
    storedP99Seconds: quantile(window, 'tracardi_worker_receipt_to_stored_seconds', 0.99),
    balance: { ...past.books.balance, sinceMs: past.beganAtMs, sources: sourceCounts(last.totals) },
    chart: chartOf(moments),
    queue: queueFigures(past, settings.bulkSize),
    bulkSize: settings.bulkSize,
    bulks: bulkFigures(window, settings.bulkSize),
    faults: named(byLabel(allCounters(latest), 'tracardi_worker_dead_letters_total', 'fault')),
    instances: latest.instances.map((one) => instanceFigures(one, past)),
    search: searchFigures(latest, settings),
  }
}

function recentFigures({ moments, last }: HistoryView): RecentFigures {
  const start = sampleBefore(moments, RECENT_MS)
  const recent = start ? difference(start.totals, last.totals) : new Map()
  return {
    seconds: start ? (last.atMs - start.atMs) / 1000 : 0,
    unavailableEvents: sumOf(recent, 'tracardi_api_events_total', { outcome: 'unavailable' }) ?? 0,
    unrouted: named(byLabel(recent, 'tracardi_api_unrouted_total', 'reason')),
    conflicts: sumOf(recent, 'tracardi_worker_events_total', { outcome: 'conflict' }) ?? 0,
    retries: named(byLabel(recent, 'tracardi_worker_retries_total', 'cause')),
    bulkEvents: sumOf(recent, 'tracardi_worker_batch_events_sum') ?? 0,
    refusedCalls: refusedCalls(recent),
    calls: callsIn(recent),
    bulkP50Seconds: quantile(recent, 'tracardi_worker_bulk_seconds', 0.5),
    receiptP50Seconds: quantile(recent, 'tracardi_api_receipt_seconds', 0.5),
  }
}

function refusedCalls(recent: Metrics): readonly RefusedCalls[] {
  const refused = [...recent.values()].filter(
    ({ name, value }) => name === 'tracardi_api_refused_calls_total' && value > 0,
  )
  return refused
    .map(({ labels, value }) => ({ source: labels['source'] ?? '', status: Number(labels['status']), count: value }))
    .sort((one, other) => other.count - one.count)
}

function callsIn(recent: Metrics): number {
  let calls = 0
  for (const { name, labels, value } of recent.values())
    if (name === 'tracardi_api_requests_total' && TAKES_EVENTS.test(labels['route'] ?? '')) calls += value
  return calls
}

/** Only pods have a listener for monitoring alone. */
function placeOf({ elasticHost, pulsarApi, sourcesFile, monitoringPort }: Settings): Place {
  const [first = ''] = elasticHost.split(',')
  return { elasticHost: first, pulsarApi, sourcesFile, isInPods: monitoringPort !== 0 }
}

/** A counter's growth per second over the last 10 s. */
function rates({ moments, last }: HistoryView): (name: string, labels: Labels) => number | null {
  const before = sampleBefore(moments, RATE_MS)
  return (name, labels) => {
    const series = seriesOf(name, labels)
    const now = last.totals.get(series)?.value
    if (!before || now === undefined) return null
    return ((now - (before.totals.get(series)?.value ?? 0)) * 1000) / (last.atMs - before.atMs)
  }
}

function queueFigures(past: HistoryView, bulkSize: number): Figures['queue'] {
  const { moments, last, latest } = past
  const isWorkedOn = processedIn(past) !== 0
  const { queue, publishFault, notPromised, leftOut } = latest
  const eventsPerMessage = meanOf(allCounters(latest), 'tracardi_api_message_events')
  const publishing = {
    ...(publishFault === undefined ? {} : { publishFault }),
    ...(notPromised === undefined ? {} : { notPromised }),
    ...(leftOut === undefined ? {} : { leftOut }),
  }
  const unknown = { messages: null, events: null, trendPerSecond: null, secondsToDrain: null, deadLetters: null }
  if (!queue.ok) {
    return { reason: queue.reason, ...publishing, partitions: [], eventsPerMessage, ...unknown, isInHand: false }
  }
  const recent = moments.filter(({ atMs, backlog }) => backlog && atMs >= last.atMs - TREND_MS)
  const trendOf = (value: (backlog: ReadonlyMap<string, number>) => number) => {
    const slope = slopePerSecond(recent.map(({ atMs, backlog }) => ({ atMs, value: value(backlog ?? new Map()) })))
    // It is over 20 s. A backlog that nobody has processed for 10 s shrinks no more.
    return slope === null || isWorkedOn ? slope : Math.max(0, slope)
  }
  const partitions = queue.value.partitions.map(({ partition, messages }) => {
    const trendPerSecond = trendOf((backlog) => backlog.get(partition) ?? 0)
    return { partition, messages, trendPerSecond, secondsToDrain: secondsToDrain(messages, trendPerSecond) }
  })
  const messages = partitions.reduce((sum, one) => sum + one.messages, 0)
  const trendPerSecond = trendOf((backlog) => [...backlog.values()].reduce((sum, one) => sum + one, 0))
  const events = messages === 0 ? 0 : eventsPerMessage && Math.round(messages * eventsPerMessage)
  return {
    ...publishing,
    partitions,
    messages,
    events,
    eventsPerMessage,
    trendPerSecond,
    secondsToDrain: secondsToDrain(messages, trendPerSecond),
    deadLetters: queue.value.deadLetters,
    isInHand: (events ?? messages) <= heldBy(latest, bulkSize),
  }
}

/** Events that workers processed in the last 10 s, with any outcome; nothing where that is unknown. */
function processedIn({ moments, last }: HistoryView): number | undefined {
  const before = sampleBefore(moments, RATE_MS)
  return before && sumOf(difference(before.totals, last.totals), 'tracardi_worker_events_total')
}

/** Events that the workers hold at most. */
function heldBy({ instances }: Observation, bulkSize: number): number {
  return instances.reduce((sum, { answer }) => {
    if (!answer.ok || answer.value.program !== 'worker') return sum
    return sum + eventsInHand(sumOf(answer.value.metrics, 'tracardi_worker_bulk_concurrency') ?? 1, bulkSize)
  }, 0)
}

function bulkFigures(window: Metrics, bulkSize: number): BulkFigures {
  const byReason = Object.fromEntries(byLabel(window, 'tracardi_worker_flushes_total', 'reason'))
  const meanEvents = meanOf(window, 'tracardi_worker_batch_events')
  return {
    count: sumOf(window, 'tracardi_worker_flushes_total') ?? 0,
    byReason,
    meanEvents,
    fullShare: meanEvents === null ? null : meanEvents / bulkSize,
    p50Seconds: quantile(window, 'tracardi_worker_bulk_seconds', 0.5),
    p99Seconds: quantile(window, 'tracardi_worker_bulk_seconds', 0.99),
    retries: named(byLabel(window, 'tracardi_worker_retries_total', 'cause')),
  }
}

function instanceFigures({ url, answer, troubles = [] }: InstanceAnswer, past: HistoryView): InstanceFigures {
  const { moments, last, known } = past
  const seen = known.get(url)
  const restarts = seen?.restartsAtMs.length ?? 0
  const timedOut = !answer.ok && answer.timedOut === true
  const common = { url, troubles, wasProgram: seen?.reading.program ?? 'unknown', restarts, timedOut } as const
  if (!answer.ok) return { ...common, program: 'unknown', reason: answer.reason, ...NO_FIGURES }
  const { program, metrics, startedAtSeconds } = answer.value
  const gauge = (name: string) => sumOf(metrics, name) ?? null
  const before = sampleBefore(moments, RATE_MS)
  const now = last.work.get(url)
  const then = before?.work.get(url)
  const seconds = before ? (last.atMs - before.atMs) / 1000 : 0
  return {
    ...common,
    program,
    eventsPerSecond: now && then ? (now.events - then.events) / seconds : null,
    cpuCores: now && then ? (now.cpuSeconds - then.cpuSeconds) / seconds : null,
    residentBytes: gauge('process_resident_memory_bytes'),
    heapUsedBytes: gauge('nodejs_heap_size_used_bytes'),
    eventLoopLagSeconds: gauge('nodejs_eventloop_lag_p99_seconds'),
    uptimeSeconds: Math.max(0, last.atMs / 1000 - startedAtSeconds),
    pendingBytes: gauge('tracardi_api_pending_bytes'),
    hasSourcesFault: gauge('tracardi_api_sources_faulty') === 1,
    indexTroubles: named(byLabel(metrics, 'tracardi_worker_index_troubles', 'reason')),
    closedLanes: named(byLabel(metrics, 'tracardi_worker_lane_closed', 'index')),
    closedLaneFaults: named(byLabel(metrics, 'tracardi_worker_lane_closed', 'fault')),
    mostBulksInFlight: gauge('tracardi_worker_bulk_concurrency'),
  }
}

const NO_FIGURES = {
  eventsPerSecond: null,
  cpuCores: null,
  residentBytes: null,
  heapUsedBytes: null,
  eventLoopLagSeconds: null,
  uptimeSeconds: null,
  pendingBytes: null,
  hasSourcesFault: false,
  indexTroubles: [],
  closedLanes: [],
  closedLaneFaults: [],
  mostBulksInFlight: null,
} as const

/** The most frequent first, without those that did not happen. */
function named(counts: ReadonlyMap<string, number>): readonly NamedCount[] {
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => ({ name, count }))
    .sort((one, other) => other.count - one.count)
}
