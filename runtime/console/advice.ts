import { counted, duration, number, percent, rate, size } from './page/format.js'
import type { DiskFigures, Figures, InstanceFigures, NamedCount } from './state.ts'

/** One thing to do, or to know, and the figures that it comes from. */
export interface Advice {
  /** Name of the rule; one rule gives at most one advice. */
  readonly rule: string
  /** `act`: events wait or are at risk now. `watch`: this will happen. `hint`: it could cost less. */
  readonly severity: 'act' | 'watch' | 'hint'
  readonly title: string
  /** Why, with the numbers, and what to do. */
  readonly text: string
}

/** What is wrong by the worst of it, in the order in which it is shown. */
const SEVERITIES: readonly Advice['severity'][] = ['act', 'watch', 'hint']

const GIB = 1024 ** 3
/** Elastic's guidance for the size of a shard: 10 to 50 GB. */
const LARGEST_SHARD_BYTES = 50 * GIB
/** Bulks that must have been sent before their shares say anything. */
const FEW_BULKS = 10
const MOSTLY = 0.8
const HALF_FULL = 0.5
/** Growth under this share of what is stored is within what one reading differs from the next. */
const NOTICEABLE_SHARE = 0.05
/** Share of operations sent again from which on Elasticsearch is the bottleneck. */
const REFUSED_SHARE = 0.01
/** Share of the disk that may be left before a watermark for it to count as near. */
const NEAR_SHARE = 0.05
const BUSY_CORES = 0.9

/** What an operator should do, the most urgent first. Pure: the same figures give the same words. */
export function adviceFor(figures: Figures, namesInstances = true): readonly Advice[] {
  const found = RULES.flatMap((rule) => rule(figures, namesInstances) ?? [])
  return found.sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity))
}

type Rule = (figures: Figures, namesInstances: boolean) => Advice | undefined

const notRead: Rule = ({ queue }) =>
  queue.notPromised === undefined || queue.publishFault === undefined
    ? undefined
    : advice(
        'reader',
        'act',
        'Events are refused: they might not be read',
        `${queue.publishFault}. Calls are answered 503 until then, and senders must repeat them.`,
      )

const partitionsLeftOut: Rule = ({ queue }) =>
  queue.leftOut === undefined || queue.publishFault !== undefined
    ? undefined
    : advice(
        'partitions',
        'act',
        'A partition accepts no events',
        `${queue.leftOut}. The other partitions take its messages.`,
      )

const pulsarAway: Rule = ({ queue }) => {
  if (queue.notPromised !== undefined) return undefined
  const reason = queue.publishFault ?? queue.reason
  if (reason === undefined) return undefined
  return queue.publishFault === undefined
    ? advice(
        'pulsar',
        'act',
        'Backlog unknown',
        `The admin API of Pulsar does not respond: ${reason}. Backlog and dead letters are unknown; events may still be stored. Check PULSAR_API and the brokers.`,
      )
    : advice(
        'pulsar',
        'act',
        'Pulsar accepts no events',
        `This API cannot publish: ${reason}. Calls are answered 503 and senders must repeat them. Check the brokers and the bookies.`,
      )
}

const searchAway: Rule = ({ search }) =>
  search.reason === undefined
    ? undefined
    : advice(
        'elasticsearch',
        'act',
        'Elasticsearch does not answer',
        `${search.reason}. Workers stop taking events; the backlog grows in Pulsar, on disk, and nothing is lost. Check ELASTIC_HOST, the credentials and the nodes.`,
      )

const nodesAway: Rule = ({ search }) => {
  const { nodesAway: away, reason } = search
  if (away.length === 0 || reason !== undefined) return undefined
  const title =
    away.length === 1
      ? 'A node of Elasticsearch does not answer'
      : `${away.length} nodes of Elasticsearch do not answer`
  const what =
    'The programs use the other nodes of ELASTIC_HOST, and nothing is lost. Repair it, or remove it from ELASTIC_HOST.'
  return advice('search-node', 'watch', title, `${away.join(' and ')}. ${what}`)
}

const searchRed: Rule = ({ search }) => {
  if (search.status === 'red') {
    return advice(
      'health',
      'act',
      'Elasticsearch is red',
      `${counted(search.unassignedShards ?? 0, 'shard')} have no node, primaries included: their events wait in Pulsar, and all others are stored. Check \`_cluster/allocation/explain\`.`,
    )
  }
  if (search.status !== 'yellow') return undefined
  return advice(
    'health',
    'watch',
    'Copies of shards are missing',
    `${counted(search.unassignedShards ?? 0, 'copy of a shard has', 'copies of shards have')} no node among ${counted(search.dataNodes ?? 0, 'data node')}: the loss of one node may lose data. Add a data node, or set ELASTIC_INDEX_REPLICAS to what the nodes can hold.`,
  )
}

const noWorkers: Rule = ({ instances, queue }, namesInstances) => {
  if (running(instances, 'worker').length > 0) return undefined
  const waiting = queue.messages === null ? '' : ` ${counted(queue.messages, 'message')} wait in Pulsar.`
  return namesInstances
    ? advice(
        'workers',
        'act',
        'No worker runs',
        `None of the instances that CONSOLE_INSTANCES names is a worker that answers: events are accepted and kept in Pulsar, but not stored.${waiting} Start a worker.`,
      )
    : advice(
        'workers',
        'watch',
        'No worker is configured',
        `CONSOLE_INSTANCES names no worker, so the console cannot show what is stored.${waiting} Name the private listeners of the workers.`,
      )
}

const silentInstances: Rule = ({ instances }) => {
  const silent = instances.filter(({ reason }) => reason !== undefined)
  const [first] = silent
  if (!first) return undefined
  return advice(
    'instances',
    'watch',
    `${counted(silent.length, 'instance does', 'instances do')} not answer`,
    `${first.url}: ${first.reason}.${silent.length > 1 ? ` ${number(silent.length - 1)} more likewise.` : ''} The figures are without ${silent.length > 1 ? 'them' : 'it'}.`,
  )
}

const nothingStored: Rule = (figures) => {
  const { queue, storedPerSecond, duplicatesPerSecond, instances, search } = figures
  const stands = storedPerSecond === 0 && duplicatesPerSecond === 0 && (queue.trendPerSecond ?? 0) >= 0
  if (!stands || search.reason !== undefined || running(instances, 'worker').length === 0 || queue.isInHand)
    return undefined
  return advice(
    'stalled',
    'act',
    'Workers run and store nothing',
    `${counted(queue.messages ?? 0, 'message')} wait, and no event was stored for 10 s. Read the log of a worker: it names the cause.`,
  )
}

const backlogGrows: Rule = (figures) => {
  const { queue, storedPerSecond, instances, bulks } = figures
  const workers = running(instances, 'worker').length
  const grows = (queue.trendPerSecond ?? 0) * (queue.eventsPerMessage ?? 1)
  if (!storedPerSecond || workers === 0 || grows < storedPerSecond * NOTICEABLE_SHARE || queue.isInHand)
    return undefined
  const each = storedPerSecond / workers
  const partitions = queue.partitions.length
  const more = Math.min(Math.ceil(grows / each), partitions - workers)
  const by = workers === 1 ? 'all by one worker' : `${rate(each)} by each of ${number(workers)} workers`
  const sums = `It grows by ${rate(grows)} while ${rate(storedPerSecond)} are stored, ${by}`
  if (refusedShare(figures) >= REFUSED_SHARE) {
    return advice(
      'backlog',
      'act',
      'The backlog grows',
      `${sums}; but Elasticsearch refuses operations, so more workers would not help. Reduce the load on Elasticsearch first.`,
    )
  }
  const slow = bulks.p50Seconds === null ? '' : ` A bulk takes ${duration(bulks.p50Seconds)}.`
  return more > 0
    ? advice(
        'backlog',
        'act',
        'The backlog grows',
        `${sums}. Run ${number(more)} more: ${number(workers + more)} of at most ${number(partitions)}, one for each partition.${slow}`,
      )
    : advice(
        'backlog',
        'act',
        'The backlog grows',
        `${sums}, as many as there are partitions. Raise PULSAR_PARTITIONS above ${number(partitions)}, then run more workers; or make bulks faster.${slow}`,
      )
}

const mostlyTimeout: Rule = ({ bulks, instances, windowSeconds, queue, bulkSize }) => {
  const share = (bulks.byReason['timeout'] ?? 0) / bulks.count
  const { fullShare, count } = bulks
  if (count < FEW_BULKS || share < MOSTLY || fullShare === null || fullShare >= HALF_FULL) return undefined
  if ((queue.trendPerSecond ?? 0) > 1) return undefined
  const workers = running(instances, 'worker').length
  const enough = Math.max(1, Math.ceil(workers * fullShare))
  const facts = `${percent(share)} of ${counted(count, 'bulk')} in ${duration(windowSeconds)} were sent on timeout, ${percent(fullShare)} full (${number(bulks.meanEvents ?? 0)} of ${number(bulkSize)} events).`
  return workers > enough
    ? advice(
        'timeout',
        'hint',
        'Bulks are sent before they are full',
        `${facts} ${counted(enough, 'worker')} instead of ${number(workers)} would fill them, or a longer BULK_TIMEOUT_SECONDS.`,
      )
    : advice(
        'timeout',
        'hint',
        'Bulks are sent before they are full',
        `${facts} One worker is enough for this load; a longer BULK_TIMEOUT_SECONDS makes fewer, fuller bulks, but searches find events later.`,
      )
}

/** Causes with which Elasticsearch says that it has too much to do. */
const OVERLOADED = ['request_throttled', 'es_rejected_execution_exception', 'circuit_breaking_exception']
/** Causes that say nothing of Elasticsearch, because a request was not answered, or not by it. */
const UNANSWERED = ['request_retry', 'results_missing', 'trial_failed']

const refused: Rule = (figures) => {
  const { bulks, windowSeconds } = figures
  const [cause] = bulks.retries
  if (!cause || refusedShare(figures) < REFUSED_SHARE) return undefined
  const sums = `${counted(total(bulks.retries), 'operation was', 'operations were')} sent again in ${duration(windowSeconds)}, mostly ${cause.name}.`
  if (OVERLOADED.includes(cause.name))
    return advice('refused', 'act', 'Elasticsearch refuses operations', `${sums} ${lessLoad(figures)}`)
  if (UNANSWERED.includes(cause.name)) {
    const what =
      'Bulks got no answer: the log of the worker names the node and the reason. Check the nodes of ELASTIC_HOST.'
    return advice('refused', 'act', 'Elasticsearch does not answer bulks', `${sums} ${what}`)
  }
  const what =
    'The events are not at fault: they wait in Pulsar, and nothing is lost. The log of the worker names the index and the reason.'
  return advice('refused', 'act', 'Elasticsearch cannot store operations', `${sums} ${what}`)
}

function lessLoad({ instances, search }: Figures): string {
  const workers = running(instances, 'worker')
  const inFlight = workers.reduce((sum, { mostBulksInFlight }) => sum + (mostBulksInFlight ?? 0), 0)
  const nodes = search.dataNodes === null ? '' : `, now ${number(search.dataNodes)}`
  return `Allow fewer bulks in flight (${number(inFlight)} over ${counted(workers.length, 'worker')}: fewer workers or a lower BULK_CONCURRENCY), or add data nodes${nodes}.`
}

const unavailable: Rule = ({ unavailableEvents, windowSeconds }) =>
  unavailableEvents === 0
    ? undefined
    : advice(
        'unavailable',
        'act',
        'Events were answered 503',
        `${counted(unavailableEvents, 'event')} in ${duration(windowSeconds)} got no receipt from Pulsar in time. Senders repeat them with the same ids. Check the brokers and the bookies.`,
      )

/** More of these a second than scanners of the internet make. */
const UNROUTED_PER_SECOND = 1

const unrouted: Rule = ({ unrouted: reasons, windowSeconds }) => {
  const closed = reasons.find(({ name }) => name === 'too_many_connections')
  const what = `${counted(total(reasons), 'request or connection', 'requests and connections')} in ${duration(windowSeconds)} ended before a route saw them: ${reasons.map(({ name, count }) => `${name} ${number(count)}`).join(', ')}.`
  if (closed) {
    const text = `${what} Raise the limit on open files, or API_MAX_CONNECTIONS, or run more API instances.`
    return advice('connections', 'act', 'Connections to the API are closed on arrival', text)
  }
  return total(reasons) <= UNROUTED_PER_SECOND * windowSeconds
    ? undefined
    : advice(
        'unrouted',
        'watch',
        'Calls end before the API can read them',
        `${what} The log of the API names a client of each kind.`,
      )
}

const deadLetters: Rule = ({ queue, faults }) => {
  if (!queue.deadLetters) return undefined
  const [most] = faults
  const [count, all] = [most?.count ?? 0, total(faults)]
  const share =
    count === all ? 'All that the workers reported' : `${number(count)} of the ${number(all)} that the workers reported`
  const why = most ? ` ${share} were ${most.name}.` : ''
  return advice(
    'dead-letters',
    'watch',
    `${counted(queue.deadLetters, 'dead letter waits', 'dead letters wait')}`,
    `Elasticsearch refused them permanently.${why} Look at the reasons below, fix the cause, then replay them: nothing is stored twice.`,
  )
}

const largeShards: Rule = ({ search }) => {
  const { forecast } = search
  if (!forecast) return undefined
  const bytes = forecast.primaryBytes / forecast.shards
  if (bytes <= LARGEST_SHARD_BYTES) return undefined
  const needed = Math.ceil(forecast.primaryBytes / LARGEST_SHARD_BYTES)
  return advice(
    'shards',
    'watch',
    'Shards become too large',
    `At the rate of ${forecast.index}, ${forecast.nextIndex} takes ${size(forecast.primaryBytes)}: ${size(bytes)} in each of ${counted(forecast.shards, 'shard')}, over 50 GB. Set ELASTIC_INDEX_SHARDS to ${number(needed)} before that period begins.`,
  )
}

const diskFills: Rule = ({ search }) => {
  const near = search.disks.flatMap((disk) => nearestThreshold(disk) ?? [])
  const freeShare = ({ disk }: (typeof near)[number]) => disk.availableBytes / disk.totalBytes
  const [worst] = near.sort((one, other) => freeShare(one) - freeShare(other))
  if (!worst) return undefined
  const { disk, mark, spareBytes } = worst
  const more =
    near.length > 1 ? ` ${counted(near.length - 1, 'other node is', 'other nodes are')} near a limit too.` : ''
  const has = `${disk.node} has ${size(disk.availableBytes)} of ${size(disk.totalBytes)} free (${percent(disk.availableBytes / disk.totalBytes)}).`
  const limit = `${spareBytes > 0 ? 'Under' : 'That is under'} ${size(mark.freeBytes)}${spareBytes > 0 ? '' : ':'} ${mark.follows}.`
  return advice(
    'disk',
    mark.severity,
    spareBytes > 0 ? 'A disk is nearly full' : 'A disk is too full',
    `${has} ${limit} Add disk or data nodes, or shorten EVENT_RETENTION_DAYS.${more}`,
  )
}

const busyApis: Rule = ({ instances }) => {
  const apis = running(instances, 'api')
  const busy = apis.filter(({ cpuCores }) => (cpuCores ?? 0) >= BUSY_CORES)
  const [first] = busy
  if (!first || busy.length * 2 < apis.length) return undefined
  return advice(
    'api-cpu',
    'watch',
    'The API is near its limit',
    `${number(busy.length)} of ${counted(apis.length, 'API instance')} use ${percent(BUSY_CORES)} of a core or more, and one cannot use much more than one. Run more API instances.`,
  )
}

const sourcesFault: Rule = ({ instances }) => {
  const faulty = instances.filter(({ hasSourcesFault }) => hasSourcesFault)
  if (faulty.length === 0) return undefined
  return advice(
    'sources',
    'act',
    'The sources file has a fault',
    `${counted(faulty.length, 'API')} kept the last good file, and will not start again with this one: ${faulty.map(({ url }) => url).join(', ')}. \`/health/ready\` and the log of the API name the fault. Correct the file.`,
  )
}

/** What each trouble of templates and indices means, the gravest first; the names are those of the metric. */
const INDEX_TROUBLES: Readonly<Record<string, string>> = {
  index_not_made: 'An index is missing and cannot be created: its events wait in Pulsar.',
  mapping_guessed:
    'An index has a mapping that is not ours: its events are stored, but searches miss them. Rebuild it.',
  alias_missing:
    'An index lacks its alias: its events are stored, but searches miss them. Let the workers manage the index.',
  mapping_incomplete: 'An index cannot take fields of this release. Rebuild it.',
  template_outranked:
    'Another index template applies to our indices. Give it other index_patterns or a lower priority.',
  template_missing: 'An index template is missing, and the workers may not write it. Run set-up.',
  template_changed: 'An index template was changed, and the workers may not restore it. Run set-up.',
  not_allowed: 'The credentials of the workers do not allow reading templates or indices.',
}

const indexTroubles: Rule = ({ instances }) => {
  const troubled = instances.filter((one) => one.indexTroubles.length > 0)
  const [first] = troubled
  if (!first) return undefined
  const found = new Set(troubled.flatMap((one) => one.indexTroubles.map(({ name }) => name)))
  const texts = Object.entries(INDEX_TROUBLES).flatMap(([name, text]) => (found.has(name) ? [text] : []))
  return advice(
    'indices',
    'act',
    'Templates or indices are not as they should be',
    `${texts.join(' ')} \`/health/ready\` of ${first.url} and the log of the worker name them.`,
  )
}

const closedLanes: Rule = ({ instances }) => {
  const closed = instances.filter((one) => one.closedLanes.length > 0)
  const [first] = closed
  if (!first) return undefined
  const namesOf = (of: 'closedLanes' | 'closedLaneFaults') =>
    [...new Set(closed.flatMap((one) => one[of].map(({ name }) => name)))].sort().join(', ')
  return advice(
    'lanes',
    'act',
    'Elasticsearch refuses writes to a shard',
    `Elasticsearch refuses every write to shards of ${namesOf('closedLanes')} (${namesOf('closedLaneFaults')}). Their events wait in Pulsar and are retried; all others are stored. Check the index for a block (\`GET <index>/_settings\`) and its shards for a node (\`GET _cluster/allocation/explain\`). The log of ${first.url} has the reason.`,
  )
}

const conflicts: Rule = ({ conflicts: count, windowSeconds }) =>
  count === 0
    ? undefined
    : advice(
        'conflicts',
        'watch',
        'Event ids are used twice',
        `${counted(count, 'event')} in ${duration(windowSeconds)} have the id of another event of their source, but other content. The first one is stored, the others are not. The log of the worker names one of them: let its source create a new id for each event.`,
      )

const RULES: readonly Rule[] = [
  notRead,
  pulsarAway,
  partitionsLeftOut,
  sourcesFault,
  searchAway,
  searchRed,
  closedLanes,
  indexTroubles,
  nodesAway,
  noWorkers,
  nothingStored,
  unavailable,
  unrouted,
  refused,
  backlogGrows,
  diskFills,
  silentInstances,
  deadLetters,
  conflicts,
  largeShards,
  busyApis,
  mostlyTimeout,
]

function advice(rule: string, severity: Advice['severity'], title: string, text: string): Advice {
  return { rule, severity, title, text }
}

function running(instances: readonly InstanceFigures[], program: 'api' | 'worker'): readonly InstanceFigures[] {
  return instances.filter((instance) => instance.program === program && instance.reason === undefined)
}

function total(counts: readonly NamedCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0)
}

/** Operations sent again, as a share of the events of the bulks of the same time. */
function refusedShare({ bulks }: Figures): number {
  const events = bulks.count * (bulks.meanEvents ?? 0)
  const again = total(bulks.retries)
  return again === 0 ? 0 : again / Math.max(again, events)
}

interface DiskThreshold {
  readonly freeBytes: number
  readonly severity: Advice['severity']
  readonly follows: string
}

/** The gravest limit that a disk has passed, or else the first that it comes near to. */
function nearestThreshold(
  disk: DiskFigures,
): { disk: DiskFigures; mark: DiskThreshold; spareBytes: number } | undefined {
  const mark = (freeBytes: number | null, severity: Advice['severity'], follows: string): DiskThreshold[] =>
    freeBytes === null ? [] : [{ freeBytes, severity, follows }]
  const marks = [
    ...mark(disk.floodStageFreeBytes, 'act', 'Elasticsearch blocks writes to the indices on it'),
    ...mark(disk.highFreeBytes, 'act', 'Elasticsearch moves shards away from it'),
    ...mark(disk.lowFreeBytes, 'watch', 'Elasticsearch assigns no new shards to it'),
  ]
  const spare = ({ freeBytes }: DiskThreshold) => disk.availableBytes - freeBytes
  const passed = marks.find((one) => spare(one) <= 0)
  const near = marks.findLast((one) => spare(one) <= disk.totalBytes * NEAR_SHARE)
  const found = passed ?? near
  if (!found) return undefined
  const severity = found === passed ? found.severity : 'watch'
  return { disk, mark: { ...found, severity }, spareBytes: spare(found) }
}
