import { counted, number, percent, size } from '../../telemetry/format.js'
import type { Figures, MissingShard } from '../state.ts'
import { repairs } from './bulks.ts'
import { askElasticsearch, pipelineCommand } from './commands.ts'
import { fullestDisk } from './disks.ts'
import { finding, latestTrouble, type Rule, withReason } from './rule.ts'

const GIB = 1024 ** 3

/** Elastic's guidance for the size of a shard: 10 to 50 GB. */
const LARGEST_SHARD_BYTES = 50 * GIB

export const elasticsearchAway: Rule = ({ search, place }) =>
  search.reason === undefined
    ? undefined
    : finding('elasticsearch_away', {
        severity: 'act',
        facts: {},
        where: place.elasticHost,
        text: 'Workers stop taking events; the backlog grows in Pulsar, on disk, and nothing is lost. Check ELASTIC_HOST, the credentials and the nodes.',
        reason: search.reason,
        commands: [askElasticsearch(place, '/_cluster/health?pretty')],
      })

export const elasticsearchRed: Rule = ({ search, place }) => {
  const primaries = search.missingShards?.filter(({ isPrimary }) => isPrimary)
  if (search.status !== 'red' || primaries?.length === 0) return undefined
  const count = primaries?.length ?? search.unassignedShards ?? 0
  return finding('elasticsearch_red', {
    severity: 'act',
    facts: { primaries: count },
    where: primaries ? indicesOf(primaries) : place.elasticHost,
    text: `${counted(count, 'primary shard has', 'primary shards have')} no node: their events wait in Pulsar, and all others are stored.`,
    ...explained(search, primaries),
    commands: [
      askElasticsearch(place, '/_cat/shards?v&h=index,shard,prirep,state,unassigned.reason,unassigned.for'),
      askElasticsearch(place, '/_cluster/allocation/explain?pretty'),
    ],
  })
}

/** A red cluster lacks copies too: that is the smaller part. */
export const copiesMissing: Rule = ({ search, place }) => {
  const { status, missingShards, unassignedShards, dataNodes } = search
  if (status !== 'yellow' || missingShards?.length === 0) return undefined
  const count = missingShards?.length ?? unassignedShards ?? 0
  return finding('copies_missing', {
    severity: 'watch',
    facts: { copies: count, dataNodes: dataNodes ?? 0 },
    where: missingShards ? indicesOf(missingShards) : place.elasticHost,
    text: `${counted(count, 'copy of a shard has', 'copies of shards have')} no node among ${counted(dataNodes ?? 0, 'data node')}: the loss of one node may lose data. Add a data node, or set ELASTIC_INDEX_REPLICAS to what the nodes can hold.`,
    ...explained(search, missingShards),
    commands: [askElasticsearch(place, '/_cluster/allocation/explain?pretty')],
  })
}

function explained({ explanation }: Figures['search'], shards: readonly MissingShard[] | null | undefined) {
  const [first] = shards ?? []
  const cause = first && `${first.index}, shard ${first.shard}: ${first.reason}.`
  const reason = [cause, explanation].filter(Boolean).join(' ')
  return reason === '' ? {} : { reason }
}

const MOST_NAMED = 3

function indicesOf(shards: readonly MissingShard[]): string {
  const names = [...new Set(shards.map(({ index }) => index))]
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  return `${names.length === 1 ? 'index' : 'indices'} ${names.slice(0, MOST_NAMED).join(', ')}${more}`
}

export const elasticsearchNodeAway: Rule = ({ search, place }) => {
  const { nodesAway: away, reason } = search
  if (away.length === 0 || reason !== undefined) return undefined
  return finding('elasticsearch_node_away', {
    severity: 'watch',
    facts: { nodes: away.length },
    title:
      away.length === 1
        ? 'A node of Elasticsearch does not answer'
        : `${away.length} nodes of Elasticsearch do not answer`,
    where: away.join(' and '),
    text: 'The programs use the other nodes of ELASTIC_HOST, and nothing is lost. Repair it, or remove it from ELASTIC_HOST.',
    commands: [askElasticsearch(place, '/_cat/nodes?v')],
  })
}

/** A block that the full disk has caused, and a shard that has no node, are reported as that. */
export const laneClosed: Rule = (figures) => {
  const { instances, place, search } = figures
  const isRed = elasticsearchRed(figures, true) !== undefined
  const isFull = fullestDisk(search.disks)?.isFlooded === true
  const isToldElsewhere = (fault: string) =>
    (isRed && fault === 'unavailable_shards_exception') || (isFull && fault === 'cluster_block_exception')
  const closed = instances.filter(({ closedLaneFaults }) => closedLaneFaults.some(({ name }) => !isToldElsewhere(name)))
  if (closed.length === 0) return undefined
  const namesOf = (of: 'closedLanes' | 'closedLaneFaults') =>
    [...new Set(closed.flatMap((one) => one[of].map(({ name }) => name)))].sort()
  const indices = namesOf('closedLanes')
  const faults = namesOf('closedLaneFaults')
  const last = latestTrouble(closed, ({ kind, where }) => faults.includes(kind) && indices.includes(where))
  const shards = closed.flatMap(({ closedLanes }) => closedLanes).reduce((sum, { count }) => sum + count, 0)
  return finding('lane_closed', {
    severity: 'act',
    facts: { workers: closed.length, shards },
    where: `index ${indices.join(', ')}`,
    text: `Elasticsearch refuses every write to ${counted(shards, 'shard')} (${faults.join(', ')}). Their events wait in Pulsar and are retried; all others are stored.`,
    ...withReason(last),
    commands: indices.slice(0, 1).flatMap((index) => repairs(place, faults[0] as string, index)),
  })
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

export const indexTrouble: Rule = ({ instances, place }) => {
  const troubled = instances.filter((one) => one.indexTroubles.length > 0)
  const [first] = troubled
  if (!first) return undefined
  const found = new Set(troubled.flatMap((one) => one.indexTroubles.map(({ name }) => name)))
  const known = Object.entries(INDEX_TROUBLES).filter(([name]) => found.has(name))
  const gravest = known[0]?.[0]
  const last = latestTrouble(troubled, ({ kind }) => kind === gravest)
  return finding('index_trouble', {
    severity: 'act',
    facts: { kinds: found.size },
    where: last?.where ?? first.url,
    text: known.map(([, text]) => text).join(' '),
    ...withReason(last),
    commands: [askElasticsearch(place, '/_index_template?pretty'), pipelineCommand(place, 'set-up')],
  })
}

export const diskFills: Rule = ({ search, place }) => {
  const found = fullestDisk(search.disks)
  if (!found) return undefined
  const { disk, mark, spareBytes, near } = found
  const more = near > 1 ? ` ${counted(near - 1, 'other node is', 'other nodes are')} near a limit too.` : ''
  const has = `${disk.node} has ${size(disk.availableBytes)} of ${size(disk.totalBytes)} free (${percent(disk.availableBytes / disk.totalBytes)}).`
  const limit = `${spareBytes > 0 ? 'Under' : 'That is under'} ${size(mark.freeBytes)}${spareBytes > 0 ? '' : ':'} ${mark.follows}.`
  return finding('disk_fills', {
    severity: mark.severity,
    facts: { node: disk.node, freeBytes: disk.availableBytes, limitBytes: mark.freeBytes, near },
    title: spareBytes > 0 ? 'A disk is nearly full' : 'A disk is too full',
    where: `node ${disk.node}`,
    text: `${has} ${limit} Add disk or data nodes, or shorten EVENT_RETENTION_DAYS.${more}`,
    commands: [askElasticsearch(place, '/_cat/allocation?v'), pipelineCommand(place, 'indices list')],
  })
}

export const shardsLarge: Rule = ({ search }) => {
  const { forecast } = search
  if (!forecast) return undefined
  const bytes = forecast.primaryBytes / forecast.shards
  if (bytes <= LARGEST_SHARD_BYTES) return undefined
  const needed = Math.ceil(forecast.primaryBytes / LARGEST_SHARD_BYTES)
  return finding('shards_large', {
    severity: 'watch',
    facts: { shardBytes: bytes, shards: needed },
    where: `index ${forecast.nextIndex}`,
    text: `At the rate of ${forecast.index}, ${forecast.nextIndex} takes ${size(forecast.primaryBytes)}: ${size(bytes)} in each of ${counted(forecast.shards, 'shard')}, over 50 GB. Set ELASTIC_INDEX_SHARDS to ${number(needed)} before that period begins.`,
  })
}
