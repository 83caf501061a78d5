import { counted, number, percent, size } from '../../telemetry/format.js'
import type { Advice, DiskFigures } from '../state.ts'
import { advice, type Rule } from './rule.ts'

const GIB = 1024 ** 3

/** Elastic's guidance for the size of a shard: 10 to 50 GB. */
const LARGEST_SHARD_BYTES = 50 * GIB

/** Share of the disk that may be left before a watermark for it to count as near. */
const NEAR_SHARE = 0.05

export const notRead: Rule = ({ queue }) =>
  queue.notPromised === undefined || queue.publishFault === undefined
    ? undefined
    : advice(
        'reader',
        'act',
        {},
        'Events are refused: they might not be read',
        `${queue.publishFault}. Calls are answered 503 until then, and senders must repeat them.`,
      )

export const partitionsLeftOut: Rule = ({ queue }) =>
  queue.leftOut === undefined || queue.publishFault !== undefined
    ? undefined
    : advice(
        'partitions',
        'act',
        {},
        'A partition accepts no events',
        `${queue.leftOut}. The other partitions take its messages.`,
      )

export const pulsarAway: Rule = ({ queue }) => {
  if (queue.notPromised !== undefined) return undefined
  const reason = queue.publishFault ?? queue.reason
  if (reason === undefined) return undefined
  return queue.publishFault === undefined
    ? advice(
        'pulsar',
        'act',
        { part: 'admin' },
        'Backlog unknown',
        `The admin API of Pulsar does not respond: ${reason}. Backlog and dead letters are unknown; events may still be stored. Check PULSAR_API and the brokers.`,
      )
    : advice(
        'pulsar',
        'act',
        { part: 'producer' },
        'Pulsar accepts no events',
        `This API cannot publish: ${reason}. Calls are answered 503 and senders must repeat them. Check the brokers and the bookies.`,
      )
}

export const searchAway: Rule = ({ search }) =>
  search.reason === undefined
    ? undefined
    : advice(
        'elasticsearch',
        'act',
        {},
        'Elasticsearch does not answer',
        `${search.reason}. Workers stop taking events; the backlog grows in Pulsar, on disk, and nothing is lost. Check ELASTIC_HOST, the credentials and the nodes.`,
      )

export const nodesAway: Rule = ({ search }) => {
  const { nodesAway: away, reason } = search
  if (away.length === 0 || reason !== undefined) return undefined
  const title =
    away.length === 1
      ? 'A node of Elasticsearch does not answer'
      : `${away.length} nodes of Elasticsearch do not answer`
  const what =
    'The programs use the other nodes of ELASTIC_HOST, and nothing is lost. Repair it, or remove it from ELASTIC_HOST.'
  return advice('search-node', 'watch', { nodes: away.length }, title, `${away.join(' and ')}. ${what}`)
}

export const searchRed: Rule = ({ search }) => {
  if (search.status === 'red') {
    return advice(
      'health',
      'act',
      { unassignedShards: search.unassignedShards ?? 0 },
      'Elasticsearch is red',
      `${counted(search.unassignedShards ?? 0, 'shard')} have no node, primaries included: their events wait in Pulsar, and all others are stored. Check \`_cluster/allocation/explain\`.`,
    )
  }
  if (search.status !== 'yellow') return undefined
  return advice(
    'health',
    'watch',
    { unassignedShards: search.unassignedShards ?? 0, dataNodes: search.dataNodes ?? 0 },
    'Copies of shards are missing',
    `${counted(search.unassignedShards ?? 0, 'copy of a shard has', 'copies of shards have')} no node among ${counted(search.dataNodes ?? 0, 'data node')}: the loss of one node may lose data. Add a data node, or set ELASTIC_INDEX_REPLICAS to what the nodes can hold.`,
  )
}

export const largeShards: Rule = ({ search }) => {
  const { forecast } = search
  if (!forecast) return undefined
  const bytes = forecast.primaryBytes / forecast.shards
  if (bytes <= LARGEST_SHARD_BYTES) return undefined
  const needed = Math.ceil(forecast.primaryBytes / LARGEST_SHARD_BYTES)
  return advice(
    'shards',
    'watch',
    { shardBytes: bytes, shards: needed },
    'Shards become too large',
    `At the rate of ${forecast.index}, ${forecast.nextIndex} takes ${size(forecast.primaryBytes)}: ${size(bytes)} in each of ${counted(forecast.shards, 'shard')}, over 50 GB. Set ELASTIC_INDEX_SHARDS to ${number(needed)} before that period begins.`,
  )
}

export const diskFills: Rule = ({ search }) => {
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
    { node: disk.node, freeBytes: disk.availableBytes, limitBytes: mark.freeBytes, near: near.length },
    spareBytes > 0 ? 'A disk is nearly full' : 'A disk is too full',
    `${has} ${limit} Add disk or data nodes, or shorten EVENT_RETENTION_DAYS.${more}`,
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

export const indexTroubles: Rule = ({ instances }) => {
  const troubled = instances.filter((one) => one.indexTroubles.length > 0)
  const [first] = troubled
  if (!first) return undefined
  const found = new Set(troubled.flatMap((one) => one.indexTroubles.map(({ name }) => name)))
  const texts = Object.entries(INDEX_TROUBLES).flatMap(([name, text]) => (found.has(name) ? [text] : []))
  return advice(
    'indices',
    'act',
    { kinds: found.size },
    'Templates or indices are not as they should be',
    `${texts.join(' ')} \`/health/ready\` of ${first.url} and the log of the worker name them.`,
  )
}

export const closedLanes: Rule = ({ instances }) => {
  const closed = instances.filter((one) => one.closedLanes.length > 0)
  const [first] = closed
  if (!first) return undefined
  const namesOf = (of: 'closedLanes' | 'closedLaneFaults') =>
    [...new Set(closed.flatMap((one) => one[of].map(({ name }) => name)))].sort().join(', ')
  return advice(
    'lanes',
    'act',
    { workers: closed.length },
    'Elasticsearch refuses writes to a shard',
    `Elasticsearch refuses every write to shards of ${namesOf('closedLanes')} (${namesOf('closedLaneFaults')}). Their events wait in Pulsar and are retried; all others are stored. Check the index for a block (\`GET <index>/_settings\`) and its shards for a node (\`GET _cluster/allocation/explain\`). The log of ${first.url} has the reason.`,
  )
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
