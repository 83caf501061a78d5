import { roundUp } from './capacity.ts'
import { bytes, counted, figure } from './figures.ts'
import { type Derived, decidedBy, type Question } from './question.ts'

/** `index.number_of_shards` is limited to 1024 by Elasticsearch. */
export const MAX_SHARDS = 1024
/** Indices of sessions and of profiles, one each. */
export const STATE_INDICES = 2

/** Cores of data nodes that the load keeps busy at their limit: each copy is indexed, and each search answered. */
export function busyCores(question: Question): number {
  return indexingCores(question) + question.load.queriesPerSecond / question.c.queriesPerSecondPerCore
}

function indexingCores({ shape, c, demand }: Question): number {
  return (
    (demand.dataNodeEventsPerSecond * demand.storingFactor * (1 + shape.indexReplicas)) /
    (c.eventsPerSecondPerDataNode / NODE_CORES)
  )
}

/** The cores for which `eventsPerSecondPerDataNode` is. */
const NODE_CORES = 2

/** Shards are rounded up to the nodes by no more than that factor: each of them costs memory. */
const MOST_ROUNDING = 1.5

/** Bytes of one copy of an event index at the end of its period, at the mean rate. */
export function periodBytes({ demand }: Question): number {
  return demand.storedBytesPerDay * demand.periodDays
}

/** Shards of all indices, copies among them. */
export function shardCopies({ shape, demand }: Question, eventShards: number, stateShards = 1): number {
  return (demand.indices * eventShards + STATE_INDICES * stateShards) * (1 + shape.indexReplicas)
}

/** Shards of an event index by its size and by the rate, before they are spread over the nodes. */
export function neededShards(question: Question): { bySize: number; byRate: number } {
  const { c } = question
  // One shard is written by one node: two cores of it are what the rate was measured with. Searches are spread over all indices.
  const byRate = roundUp(indexingCores(question) / NODE_CORES / c.targetUtilisation)
  return { bySize: shardsForSize(periodBytes(question), c), byRate }
}

/** As near to the target as the bounds of a shard's size allow; one shard for what is less than the least of two. */
export function shardsForSize(indexBytes: number, c: Question['c']): number {
  const most = Math.max(1, Math.floor(indexBytes / c.minShardBytes))
  return Math.max(1, Math.min(most, roundUp(indexBytes / c.targetShardBytes)), roundUp(indexBytes / c.maxShardBytes))
}

/**
 * Primary shards of an event index. They are rounded up so that each node has as many, where the shards stay large enough
 * for that: otherwise the node with one more is the slowest for the whole period.
 */
export function sizeShards(question: Question, nodes: number): Derived {
  const { shape, c } = question
  const content = periodBytes(question)
  const { bySize, byRate } = neededShards(question)
  const needed = Math.max(bySize, byRate)
  const spread = spreadOver(nodes, needed, 1 + shape.indexReplicas)
  const even =
    spread <= Math.min(MAX_SHARDS, needed * MOST_ROUNDING) &&
    content / spread >= c.minShardBytes &&
    shardCopies(question, spread) <= c.maxShardsPerNode * nodes
  const value = Math.min(MAX_SHARDS, even ? spread : needed)
  const reason =
    `${figure(value)}: a ${shape.eventPartitioning} at mean rate is ${bytes(content)}, for which shards of ` +
    `${bytes(c.targetShardBytes)} are ${figure(bySize)}; the rate needs ${figure(byRate)}; ` +
    (even
      ? `so many that each of ${counted(nodes, 'node')} has as many; `
      : `not rounded to ${counted(nodes, 'node')}, for they would be too many or too small; `) +
    `a shard reaches ${bytes(content / value)}` +
    (needed > MAX_SHARDS ? `; ${figure(needed)} are needed but ${figure(MAX_SHARDS)} is the most of an index` : '')
  return {
    ...{ key: 'runtime.ELASTIC_INDEX_SHARDS', value, unit: 'shards' },
    code: value > needed ? 'even' : decidedBy(value, needed),
    facts: { indexBytes: content, bySize, byRate, nodes, shardBytes: content / value, needed },
    reason,
  }
}

/** The next count of primaries whose copies are a multiple of the nodes. */
function spreadOver(nodes: number, primaries: number, copies: number): number {
  const step = nodes / greatestCommonDivisor(nodes, copies)
  return Math.ceil(primaries / step) * step
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** Primary shards of the indices of sessions and of profiles: by the larger one, at the end of the days planned for. */
export function sizeStateShards({ c, demand }: Question): Derived {
  const content = Math.max(demand.sessionBytes, demand.profileBytes)
  const needed = shardsForSize(content, c)
  const value = Math.min(MAX_SHARDS, needed)
  const reason =
    `${figure(value)}: ${figure(demand.sessionDays)} days of new sessions are ${bytes(demand.sessionBytes)}, ` +
    `${figure(demand.profileDays)} of new profiles ${bytes(demand.profileBytes)}; a shard reaches ${bytes(content / value)}. These indices keep the shards they begin with` +
    (needed > MAX_SHARDS ? `; ${figure(needed)} are needed but ${figure(MAX_SHARDS)} is the most of an index` : '')
  const facts = {
    sessionDays: demand.sessionDays,
    sessionBytes: demand.sessionBytes,
    profileDays: demand.profileDays,
    profileBytes: demand.profileBytes,
    shardBytes: content / value,
    needed,
  }
  return {
    ...{ key: 'runtime.ELASTIC_STATE_SHARDS', value, unit: 'shards' },
    ...{ code: decidedBy(value, needed), facts, reason },
  }
}
