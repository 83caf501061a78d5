import { counted, duration, number, percent } from '../../telemetry/format.js'
import type { Figures } from '../state.ts'
import { askElasticsearch, setIndex } from './commands.ts'
import { ENOUGH_SECONDS, type Finding, finding, latestTrouble, type Rule, running, total, withReason } from './rule.ts'

/** Share of operations sent again from which on it matters. */
const REFUSED_SHARE = 0.01
/** Half of the bulks took this long or longer; a healthy node needs a tenth of a second. */
const SLOW_BULK_SECONDS = 5
/** Bulks that must have been sent before their shares say anything. */
const FEW_BULKS = 10
const MOSTLY = 0.8
const HALF_FULL = 0.5
/** A worker that uses less of a core has nothing to gain from fuller bulks that anybody would notice. */
const BUSY_CORES = 0.25

/** Causes with which Elasticsearch says that it has too much to do. */
const OVERLOADED = ['request_throttled', 'es_rejected_execution_exception', 'circuit_breaking_exception']
/** Causes that say nothing of Elasticsearch, because a request was not answered, or not by it. */
const UNANSWERED = ['request_retry', 'results_missing', 'trial_failed']

/** The most frequent cause of operations that are sent again; nothing when they are few. */
function commonest({ recent: { retries, bulkEvents } }: Figures): string | undefined {
  const again = total(retries)
  return again === 0 || again / Math.max(again, bulkEvents) < REFUSED_SHARE ? undefined : retries[0]?.name
}

function sentAgain(figures: Figures, cause: string): Pick<Finding, 'facts'> & { sums: string } & Partial<Finding> {
  const { retries, seconds } = figures.recent
  const operations = total(retries)
  const last = latestTrouble(figures.instances, ({ kind }) => kind === cause)
  const sums = `${counted(operations, 'operation was', 'operations were')} sent again in ${duration(seconds)}, mostly ${cause}; one that is tried often counts each time.`
  return { sums, facts: { operations, cause }, ...withReason(last) }
}

export const bulksRefused: Rule = (figures) => {
  const cause = commonest(figures)
  if (cause === undefined || !OVERLOADED.includes(cause)) return undefined
  const { sums, ...told } = sentAgain(figures, cause)
  const workers = running(figures.instances, 'worker')
  const inFlight = workers.reduce((sum, { mostBulksInFlight }) => sum + (mostBulksInFlight ?? 0), 0)
  const nodes = figures.search.dataNodes === null ? '' : `, now ${number(figures.search.dataNodes)}`
  return finding('bulks_refused', {
    severity: 'act',
    ...told,
    where: figures.place.elasticHost,
    text: `${sums} Allow fewer bulks in flight (${number(inFlight)} over ${counted(workers.length, 'worker')}: fewer workers or a lower BULK_CONCURRENCY), or add data nodes${nodes}.`,
    commands: [askElasticsearch(figures.place, '/_cat/thread_pool/write?v&h=node_name,active,queue,rejected')],
  })
}

export const bulksUnanswered: Rule = (figures) => {
  const cause = commonest(figures)
  if (cause === undefined || !UNANSWERED.includes(cause)) return undefined
  const { sums, ...told } = sentAgain(figures, cause)
  return finding('bulks_unanswered', {
    severity: 'act',
    ...told,
    where: figures.place.elasticHost,
    text: `${sums} Bulks get no answer, or one that is not from Elasticsearch. Check its nodes, and a proxy in front of them.`,
    commands: [askElasticsearch(figures.place, '/_cluster/health?pretty')],
  })
}

const BLOCKED = 'cluster_block_exception'
const REFUSED_REQUEST = 'request_refused'

export const bulksNotStored: Rule = (figures) => {
  const cause = commonest(figures)
  if (cause === undefined || OVERLOADED.includes(cause) || UNANSWERED.includes(cause)) return undefined
  const { place, instances } = figures
  const { sums, ...told } = sentAgain(figures, cause)
  const index = latestTrouble(instances, ({ kind }) => kind === cause)?.where ?? ''
  return finding('bulks_not_stored', {
    severity: 'act',
    ...told,
    where: index === '' ? place.elasticHost : `index ${index}`,
    text: `${sums} The events are not at fault: they wait in Pulsar, and nothing is lost. ${whatIfNotStored(cause)}`,
    commands: index === '' ? [] : repairs(place, cause, index),
  })
}

function whatIfNotStored(cause: string): string {
  if (cause === BLOCKED)
    return 'An index does not take writes: remove its block, or make room on the disk that caused it.'
  if (cause === REFUSED_REQUEST)
    return 'Requests are refused as a whole and sent again in halves: raise the limit of the proxy that the reason names.'
  return 'The reason names what is wrong with the index.'
}

/** How to see, and where it is safe, to repair what refuses every write to an index. */
export function repairs(place: Figures['place'], fault: string, index: string): readonly string[] {
  if (fault === BLOCKED) {
    const none = {
      'index.blocks.write': null,
      'index.blocks.read_only': null,
      'index.blocks.read_only_allow_delete': null,
    }
    return [askElasticsearch(place, `/${index}/_settings/index.blocks*?pretty`), setIndex(place, index, none)]
  }
  if (fault === 'unavailable_shards_exception')
    return [
      askElasticsearch(place, `/_cat/shards/${index}?v`),
      askElasticsearch(place, '/_cluster/allocation/explain?pretty'),
    ]
  return [askElasticsearch(place, `/${index}/_settings?pretty`)]
}

export const bulksSlow: Rule = ({ recent: { bulkP50Seconds, seconds }, place }) => {
  if (bulkP50Seconds === null || bulkP50Seconds < SLOW_BULK_SECONDS || seconds < ENOUGH_SECONDS) return undefined
  return finding('bulks_slow', {
    severity: 'watch',
    facts: { bulkSeconds: bulkP50Seconds },
    where: place.elasticHost,
    text: `Half of the bulks of the last ${duration(seconds)} took ${duration(bulkP50Seconds)} or more. Look at the load of its nodes and disks.`,
    commands: [askElasticsearch(place, '/_nodes/hot_threads'), askElasticsearch(place, '/_cat/nodes?v')],
  })
}

export const bulksNotFull: Rule = ({ bulks, instances, windowSeconds, queue, bulkSize }) => {
  const share = (bulks.byReason['timeout'] ?? 0) / bulks.count
  const { fullShare, count } = bulks
  if (count < FEW_BULKS || share < MOSTLY || fullShare === null || fullShare >= HALF_FULL) return undefined
  if ((queue.trendPerSecond ?? 0) > 1) return undefined
  const all = running(instances, 'worker')
  if (!all.some(({ cpuCores }) => (cpuCores ?? 0) >= BUSY_CORES)) return undefined
  const workers = all.length
  const enough = Math.max(1, Math.ceil(workers * fullShare))
  const sums = `${percent(share)} of ${counted(count, 'bulk')} in ${duration(windowSeconds)} were sent on timeout, ${percent(fullShare)} full (${number(bulks.meanEvents ?? 0)} of ${number(bulkSize)} events).`
  const what =
    workers > enough
      ? `${counted(enough, 'worker')} instead of ${number(workers)} would fill them, or a longer BULK_TIMEOUT_SECONDS.`
      : 'One worker is enough for this load; a longer BULK_TIMEOUT_SECONDS makes fewer, fuller bulks, but searches find events later.'
  return finding('bulks_not_full', {
    severity: 'hint',
    facts: { bulks: count, fullShare, workers: enough },
    where: 'the workers',
    text: `${sums} ${what}`,
  })
}
