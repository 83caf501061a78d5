import type { Derived } from './derived.ts'
import { bytes, counted, figure } from './figures.ts'
import type { Question } from './question.ts'
import { roundUp } from './rounding.ts'

/** `index.number_of_shards` is limited to 1024 by Elasticsearch. */
const MAX_SHARDS = 1024

/** Data nodes that the rate of documents needs, before rounding: each replica indexes again. */
export function nodesForRate({ shape, c, demand }: Question): number {
  const indexed = demand.documentsPerSecond * (1 + shape.indexReplicas)
  return indexed / (c.eventsPerSecondPerDataNode * c.targetUtilisation)
}

/** Primary shards of an event index: by the size that one reaches in its period, and one for each node that must index. */
export function sizeShards(question: Question): Derived {
  const { shape, demand, c } = question
  const periodBytes = demand.storedBytesPerDay * demand.periodDays
  const bySize = shardsForSize(periodBytes, question.c)
  const byRate = roundUp(nodesForRate(question))
  const needed = Math.max(bySize, byRate)
  const value = Math.min(MAX_SHARDS, needed)
  const reason =
    `${figure(value)}: a ${shape.eventPartitioning} at mean rate is ${bytes(periodBytes)}, for which shards of ` +
    `${bytes(c.targetShardBytes)} are ${figure(bySize)}; the rate needs ${counted(byRate, 'indexing node')}; ` +
    `a shard reaches ${bytes(periodBytes / value)}` +
    (needed > MAX_SHARDS ? `; ${figure(needed)} are needed but ${figure(MAX_SHARDS)} is the most of an index` : '') +
    (periodBytes / value > c.maxShardBytes ? ', too much: shorten EVENT_PARTITIONING' : '')
  return { key: 'runtime.ELASTIC_INDEX_SHARDS', value, unit: 'shards', reason }
}

/** Shards that there are at the least, before rounding. */
export function leastShards(question: Question): number {
  const { demand, c } = question
  const bySize = (demand.storedBytesPerDay * demand.periodDays) / c.maxShardBytes
  return Math.min(MAX_SHARDS, Math.max(1, bySize, nodesForRate(question)))
}

/** As near to the target as the bounds of a shard's size allow; one shard for what is less than the least of two. */
function shardsForSize(periodBytes: number, c: Question['c']): number {
  const most = Math.max(1, Math.floor(periodBytes / c.minShardBytes))
  return Math.max(1, Math.min(most, roundUp(periodBytes / c.targetShardBytes)), roundUp(periodBytes / c.maxShardBytes))
}
