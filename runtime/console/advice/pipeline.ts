import { FULL_CORE } from '../../telemetry/bottlenecks.ts'
import { counted, duration, number, percent, rate } from '../../telemetry/format.js'
import type { Figures } from '../state.ts'
import { advice, type Rule, running, total } from './rule.ts'

/** Bulks that must have been sent before their shares say anything. */
const FEW_BULKS = 10

const MOSTLY = 0.8

const HALF_FULL = 0.5

/** Growth under this share of what is stored is within what one reading differs from the next. */
const NOTICEABLE_SHARE = 0.05

/** Share of operations sent again from which on Elasticsearch is the bottleneck. */
const REFUSED_SHARE = 0.01

export const noWorkers: Rule = ({ instances, queue }, namesInstances) => {
  if (running(instances, 'worker').length > 0) return undefined
  const waiting = queue.messages === null ? '' : ` ${counted(queue.messages, 'message')} wait in Pulsar.`
  return namesInstances
    ? advice(
        'workers',
        'act',
        { messages: queue.messages ?? 0 },
        'No worker runs',
        `None of the instances that CONSOLE_INSTANCES names is a worker that answers: events are accepted and kept in Pulsar, but not stored.${waiting} Start a worker.`,
      )
    : advice(
        'workers',
        'watch',
        { messages: queue.messages ?? 0 },
        'No worker is configured',
        `CONSOLE_INSTANCES names no worker, so the console cannot show what is stored.${waiting} Name the private listeners of the workers.`,
      )
}

export const silentInstances: Rule = ({ instances }) => {
  const silent = instances.filter(({ reason }) => reason !== undefined)
  const [first] = silent
  if (!first) return undefined
  return advice(
    'instances',
    'watch',
    { silent: silent.length },
    `${counted(silent.length, 'instance does', 'instances do')} not answer`,
    `${first.url}: ${first.reason}.${silent.length > 1 ? ` ${number(silent.length - 1)} more likewise.` : ''} The figures are without ${silent.length > 1 ? 'them' : 'it'}.`,
  )
}

export const nothingStored: Rule = (figures) => {
  const { queue, storedPerSecond, duplicatesPerSecond, instances, search } = figures
  const stands = storedPerSecond === 0 && duplicatesPerSecond === 0 && (queue.trendPerSecond ?? 0) >= 0
  if (!stands || search.reason !== undefined || running(instances, 'worker').length === 0 || queue.isInHand)
    return undefined
  return advice(
    'stalled',
    'act',
    { messages: queue.messages ?? 0 },
    'Workers run and store nothing',
    `${counted(queue.messages ?? 0, 'message')} wait, and no event was stored for 10 s. Read the log of a worker: it names the cause.`,
  )
}

export const backlogGrows: Rule = (figures) => {
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
      { growsPerSecond: grows, limit: 'elasticsearch' },
      'The backlog grows',
      `${sums}; but Elasticsearch refuses operations, so more workers would not help. Reduce the load on Elasticsearch first.`,
    )
  }
  const slow = bulks.p50Seconds === null ? '' : ` A bulk takes ${duration(bulks.p50Seconds)}.`
  return more > 0
    ? advice(
        'backlog',
        'act',
        { growsPerSecond: grows, limit: 'workers', workers: workers + more },
        'The backlog grows',
        `${sums}. Run ${number(more)} more: ${number(workers + more)} of at most ${number(partitions)}, one for each partition.${slow}`,
      )
    : advice(
        'backlog',
        'act',
        { growsPerSecond: grows, limit: 'partitions', workers },
        'The backlog grows',
        `${sums}, as many as there are partitions. Raise PULSAR_PARTITIONS above ${number(partitions)}, then run more workers; or make bulks faster.${slow}`,
      )
}

export const mostlyTimeout: Rule = ({ bulks, instances, windowSeconds, queue, bulkSize }) => {
  const share = (bulks.byReason['timeout'] ?? 0) / bulks.count
  const { fullShare, count } = bulks
  if (count < FEW_BULKS || share < MOSTLY || fullShare === null || fullShare >= HALF_FULL) return undefined
  if ((queue.trendPerSecond ?? 0) > 1) return undefined
  const workers = running(instances, 'worker').length
  const enough = Math.max(1, Math.ceil(workers * fullShare))
  const facts = `${percent(share)} of ${counted(count, 'bulk')} in ${duration(windowSeconds)} were sent on timeout, ${percent(fullShare)} full (${number(bulks.meanEvents ?? 0)} of ${number(bulkSize)} events).`
  const what =
    workers > enough
      ? `${counted(enough, 'worker')} instead of ${number(workers)} would fill them, or a longer BULK_TIMEOUT_SECONDS.`
      : 'One worker is enough for this load; a longer BULK_TIMEOUT_SECONDS makes fewer, fuller bulks, but searches find events later.'
  return advice(
    'timeout',
    'hint',
    { bulks: count, fullShare, workers: enough },
    'Bulks are sent before they are full',
    `${facts} ${what}`,
  )
}

/** Causes with which Elasticsearch says that it has too much to do. */
const OVERLOADED = ['request_throttled', 'es_rejected_execution_exception', 'circuit_breaking_exception']

/** Causes that say nothing of Elasticsearch, because a request was not answered, or not by it. */
const UNANSWERED = ['request_retry', 'results_missing', 'trial_failed']

export const refused: Rule = (figures) => {
  const { retries, seconds } = figures.recent
  const [cause] = retries
  if (!cause || refusedShare(figures) < REFUSED_SHARE) return undefined
  const operations = total(retries)
  const sums = `${counted(operations, 'operation was', 'operations were')} sent again in ${duration(seconds)}, mostly ${cause.name}.`
  const [kind, title, what] = refusalBy(cause.name, figures)
  return advice('refused', 'act', { operations, cause: cause.name, kind }, title, `${sums} ${what}`)
}

function refusalBy(cause: string, figures: Figures): readonly [kind: string, title: string, what: string] {
  if (OVERLOADED.includes(cause)) return ['overloaded', 'Elasticsearch refuses operations', lessLoad(figures)]
  if (UNANSWERED.includes(cause)) {
    const what =
      'Bulks got no answer: the log of the worker names the node and the reason. Check the nodes of ELASTIC_HOST.'
    return ['unanswered', 'Elasticsearch does not answer bulks', what]
  }
  const what =
    'The events are not at fault: they wait in Pulsar, and nothing is lost. The log of the worker names the index and the reason.'
  return ['other', 'Elasticsearch cannot store operations', what]
}

function lessLoad({ instances, search }: Figures): string {
  const workers = running(instances, 'worker')
  const inFlight = workers.reduce((sum, { mostBulksInFlight }) => sum + (mostBulksInFlight ?? 0), 0)
  const nodes = search.dataNodes === null ? '' : `, now ${number(search.dataNodes)}`
  return `Allow fewer bulks in flight (${number(inFlight)} over ${counted(workers.length, 'worker')}: fewer workers or a lower BULK_CONCURRENCY), or add data nodes${nodes}.`
}

export const unavailable: Rule = ({ recent: { unavailableEvents, seconds } }) =>
  unavailableEvents === 0
    ? undefined
    : advice(
        'unavailable',
        'act',
        { events: unavailableEvents },
        'Events were answered 503',
        `${counted(unavailableEvents, 'event')} in ${duration(seconds)} got no receipt from Pulsar in time. Senders repeat them with the same ids. Check the brokers and the bookies.`,
      )

/** More of these a second than scanners of the internet make. */
const UNROUTED_PER_SECOND = 1

export const unrouted: Rule = ({ recent: { unrouted: reasons, seconds } }) => {
  const closed = reasons.find(({ name }) => name === 'too_many_connections')
  const what = `${counted(total(reasons), 'request or connection', 'requests and connections')} in ${duration(seconds)} ended before a route saw them: ${reasons.map(({ name, count }) => `${name} ${number(count)}`).join(', ')}.`
  if (closed) {
    const text = `${what} Raise the limit on open files, or API_MAX_CONNECTIONS, or run more API instances.`
    return advice('connections', 'act', { ended: total(reasons) }, 'Connections to the API are closed on arrival', text)
  }
  return total(reasons) <= UNROUTED_PER_SECOND * seconds
    ? undefined
    : advice(
        'unrouted',
        'watch',
        { ended: total(reasons) },
        'Calls end before the API can read them',
        `${what} The log of the API names a client of each kind.`,
      )
}

export const deadLetters: Rule = ({ queue, faults }) => {
  if (!queue.deadLetters) return undefined
  const [most] = faults
  const [count, all] = [most?.count ?? 0, total(faults)]
  const share =
    count === all ? 'All that the workers reported' : `${number(count)} of the ${number(all)} that the workers reported`
  const why = most ? ` ${share} were ${most.name}.` : ''
  return advice(
    'dead-letters',
    'watch',
    { deadLetters: queue.deadLetters, commonest: count, known: all },
    `${counted(queue.deadLetters, 'dead letter waits', 'dead letters wait')}`,
    `Elasticsearch refused them permanently.${why} Look at the reasons below, fix the cause, then replay them: nothing is stored twice.`,
  )
}

export const busyApis: Rule = ({ instances }) => {
  const apis = running(instances, 'api')
  const busy = apis.filter(({ cpuCores }) => (cpuCores ?? 0) >= FULL_CORE)
  const [first] = busy
  if (!first || busy.length * 2 < apis.length) return undefined
  return advice(
    'api-cpu',
    'watch',
    { busy: busy.length, apis: apis.length },
    'The API is near its limit',
    `${number(busy.length)} of ${counted(apis.length, 'API instance')} use ${percent(FULL_CORE)} of a core or more, and one cannot use much more than one. Run more API instances.`,
  )
}

export const sourcesFault: Rule = ({ instances }) => {
  const faulty = instances.filter(({ hasSourcesFault }) => hasSourcesFault)
  if (faulty.length === 0) return undefined
  return advice(
    'sources',
    'act',
    { apis: faulty.length },
    'The sources file has a fault',
    `${counted(faulty.length, 'API')} kept the last good file, and will not start again with this one: ${faulty.map(({ url }) => url).join(', ')}. \`/health/ready\` and the log of the API name the fault. Correct the file.`,
  )
}

export const conflicts: Rule = ({ recent: { conflicts: count, seconds } }) =>
  count === 0
    ? undefined
    : advice(
        'conflicts',
        'watch',
        { events: count },
        'Event ids are used twice',
        `${counted(count, 'event')} in ${duration(seconds)} have the id of another event of their source, but other content. The first one is stored, the others are not. The log of the worker names one of them: let its source create a new id for each event.`,
      )

/** Operations sent again, as a share of the events of the bulks of the same time. */
function refusedShare({ recent: { retries, bulkEvents } }: Figures): number {
  const again = total(retries)
  return again === 0 ? 0 : again / Math.max(again, bulkEvents)
}
