import type { Derived } from './derived.ts'
import { bytes, counted, figure, percent } from './figures.ts'
import type { Question } from './question.ts'
import { evenly, roundUp } from './rounding.ts'
import { leastShards, nodesForRate, sizeShards } from './shards.ts'
import { documents } from './workers.ts'

const GIB = 1024 ** 3
/** Indices of sessions and of profiles, one each. */
const STATE_INDICES = 2

/** Data nodes, their heap and disk, and the shards of an event index. */
export function sizeElasticsearch(question: Question): readonly Derived[] {
  const { shape, c, demand, stated } = question
  const shards = sizeShards(question)
  const storedBytes = demand.storedBytesPerDay * demand.keptDays * (1 + shape.indexReplicas)
  const statedShards = stated['runtime.ELASTIC_INDEX_SHARDS']
  const shardCopies = copiesOf(question, statedShards ?? shards.value)
  const needs: Needs = {
    storedBytes,
    shardCopies,
    rate: nodesForRate(question),
    disk: storedBytes / (c.maxDataGib * GIB * c.diskFillRatio),
    shards: shardCopies / c.maxShardsPerNode,
  }
  const least = leastNodes(shape)
  // By the exact need, not by the counts it is rounded up to: a larger load never asks for smaller disks.
  const exactShards = copiesOf(question, statedShards ?? leastShards(question)) / c.maxShardsPerNode
  const nodes = holders(stated['elasticsearch.dataNodes'], Math.max(least, needs.rate, needs.disk, exactShards))
  const disk = sizeDisk(question, storedBytes, nodes)
  const heap = sizeHeap(question, stated['elasticsearch.dataGib'] ?? disk.value)
  return [sizeNodes(question, needs, least), heap, disk, shards]
}

/** With 0 stated the masters hold the data, of which the model knows nothing: then as for the nodes that it needs. */
function holders(statedNodes: number | undefined, needed: number): number {
  return statedNodes === undefined || statedNodes === 0 ? needed : statedNodes
}

interface Needs {
  /** All copies of all that is kept. */
  readonly storedBytes: number
  readonly shardCopies: number
  /** Nodes for each of the three, before rounding. */
  readonly rate: number
  readonly disk: number
  readonly shards: number
}

function copiesOf({ shape, demand }: Question, shards: number): number {
  return (demand.indices + STATE_INDICES) * shards * (1 + shape.indexReplicas)
}

/** Each copy of a shard needs a node of its own, and each zone one. */
function leastNodes({ floor, indexReplicas, zones }: Question['shape']): number {
  return evenly(Math.max(1, floor.dataNodes, indexReplicas + 1), zones)
}

function sizeNodes({ load, shape, c, demand }: Question, needs: Needs, least: number): Derived {
  const value = evenly(roundUp(Math.max(least, needs.rate, needs.disk, needs.shards)), shape.zones)
  const reason =
    `${figure(value)}: ${documents(load.peakEventsPerSecond, demand.documentsPerSecond)}, in ` +
    `${counted(1 + shape.indexReplicas, 'copy', 'copies')} they ask for ${counted(roundUp(needs.rate), 'node')} at ` +
    `${figure(c.eventsPerSecondPerDataNode * c.targetUtilisation)}/s (${percent(c.targetUtilisation)}); ` +
    `${bytes(needs.storedBytes)} kept ask for ${figure(roundUp(needs.disk))} with disks of ${figure(c.maxDataGib)} GiB at most, ` +
    `${figure(needs.shardCopies)} shards for ${figure(roundUp(needs.shards))} at ${figure(c.maxShardsPerNode)} a node; ` +
    `at least ${figure(least)} for the copies in ${counted(shape.zones, 'zone')}, as many in each`
  return { key: 'elasticsearch.dataNodes', value, unit: 'nodes', reason }
}

function sizeDisk({ load, shape, c, demand }: Question, storedBytes: number, nodes: number): Derived {
  const value = Math.max(c.minDiskGib, roundUp(storedBytes / nodes / c.diskFillRatio / GIB))
  const reason =
    `${figure(value)}: ${bytes(demand.storedBytesPerDay)} a day at ${percent(load.meanToPeak)} of the peak, kept for ` +
    `${figure(demand.keptDays)} days (${figure(load.retentionDays)} and the ${shape.eventPartitioning} of the index) in ` +
    `${counted(1 + shape.indexReplicas, 'copy', 'copies')} are ${bytes(storedBytes)}, over ${counted(nodes, 'node')} ` +
    `${bytes(storedBytes / nodes)} each, which fill ${percent(c.diskFillRatio)}; never less than ${figure(c.minDiskGib)}`
  return { key: 'elasticsearch.dataGib', value, unit: 'GiB', reason }
}

function sizeHeap({ c, demand }: Question, dataGib: number): Derived {
  const byDisk = dataGib / (2 * c.diskPerMemory)
  const indices = demand.indices + STATE_INDICES
  const byIndices = 1 + indices / c.indicesPerHeapGib
  const value = Math.min(c.maxHeapGib, roundUp(Math.max(c.minHeapGib, byDisk, byIndices)))
  const reason =
    `${figure(value)}: half of the memory that a disk of ${figure(dataGib)} GiB wants at 1:${figure(c.diskPerMemory)} is ` +
    `${figure(byDisk)} GiB, and ${figure(indices)} indices want ${figure(byIndices)}; ${figure(c.minHeapGib)} at least, ` +
    `${figure(c.maxHeapGib)} at most, so that pointers stay compressed`
  return { key: 'elasticsearch.heapGib', value, unit: 'GiB', reason }
}
