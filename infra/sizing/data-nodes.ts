import { cheapestCount, evenly, lossesOf, roundUp } from './capacity.ts'
import { bytes, counted, figure, percent } from './figures.ts'
import { DEFAULT_PRICES, podMonth } from './prices.ts'
import { documents } from './programs.ts'
import type { Derived, Question } from './question.ts'
import {
  busyCores,
  MAX_SHARDS,
  neededShards,
  STATE_INDICES,
  shardCopies,
  sizeShards,
  sizeStateShards,
} from './shards.ts'

const GIB = 1024 ** 3
/** Steps of CPU and heap: so small that rounding never decides which count is the cheapest. */
const CPU_STEP_CORES = 0.05
const HEAP_STEP_GIB = 0.25
/** `cluster.routing.allocation.disk.watermark.low` of Elasticsearch: no shard goes to a disk that is fuller. */
const LOW_WATERMARK = 0.85
/** `…watermark.low.max_headroom`: of a large disk no more need be free. */
const LOW_HEADROOM_BYTES = 200_000_000_000

/** Data nodes with their CPU, heap and disk, and the shards of the indices. */
export function sizeDataNodes(question: Question): readonly Derived[] {
  const { stated } = question
  const needs = needsOf(question)
  const count = sizeCount(question, needs)
  // With 0 stated the masters hold the data, of which the model knows nothing: then as for the nodes that it needs.
  const nodes = stated['elasticsearch.dataNodes'] || count.value
  const disk = sizeDisk(question, needs, nodes)
  const dataGib = stated['elasticsearch.dataGib'] ?? disk.value
  const heap = sizeHeap(question, needs, dataGib)
  const heapGib = stated['elasticsearch.heapGib'] ?? heap.value
  const cpu = sizeCpu(question, needs, nodes, heapGib)
  const shards = sizeShards(question, nodes)
  const masters = sizeMasters(question, nodes, stated['runtime.ELASTIC_INDEX_SHARDS'] ?? shards.value)
  return [count, cpu, heap, disk, masters, shards, sizeStateShards(question)]
}

interface Needs {
  /** All copies of the events, and of the sessions and profiles. */
  readonly eventBytes: number
  readonly stateBytes: number
  /** Cores at their limit. */
  readonly cores: number
  /** Nodes for the shards, before rounding. */
  readonly shardNodes: number
  /** Gibibytes of disk for each gibibyte of memory, for hot and old data as they are mixed. */
  readonly diskPerMemory: number
}

function needsOf(question: Question): Needs {
  const { shape, c, demand, stated } = question
  const copies = 1 + shape.indexReplicas
  const eventBytes = demand.storedBytesPerDay * demand.keptDays * copies
  const stateBytes = (demand.sessionBytes + demand.profileBytes) * copies
  const { bySize, byRate } = neededShards(question)
  const shards = Math.min(MAX_SHARDS, stated['runtime.ELASTIC_INDEX_SHARDS'] ?? Math.max(bySize, byRate))
  const hotBytes = hotBytesOf(question) * copies
  const all = eventBytes + stateBytes
  return {
    eventBytes,
    stateBytes,
    cores: busyCores(question),
    shardNodes: shardCopies(question, shards) / c.maxShardsPerNode,
    diskPerMemory: all / (hotBytes / c.diskPerMemory + (all - hotBytes) / c.oldDiskPerMemory),
  }
}

/** The newest days of events, the sessions that began in them, and every profile, for any visitor may come back. */
function hotBytesOf({ load, demand }: Question): number {
  const hotDays = Math.min(load.hotDays, demand.keptDays)
  const hotSessions = demand.sessionBytes * Math.min(1, load.hotDays / demand.sessionDays)
  return demand.storedBytesPerDay * hotDays + hotSessions + demand.profileBytes
}

/** Each copy of a shard needs a node of its own, and each zone one. */
function leastNodes({ floor, indexReplicas, zones }: Question['shape']): number {
  return evenly(Math.max(1, floor.dataNodes, indexReplicas + 1), zones)
}

/** Losses after which copies are made again; where there is one copy only, a lost node has lost its data. */
function lossesAt({ load, shape }: Question, count: number) {
  return shape.indexReplicas === 0 ? [] : lossesOf(count, 1 + shape.indexReplicas, shape.zones, load)
}

/** GiB of disk that one of `count` nodes needs, also after a loss, before rounding. */
function diskGibOf(question: Question, { eventBytes, stateBytes }: Needs, count: number): number {
  const { shape, c } = question
  const all = eventBytes + stateBytes
  const afterLoss = lossesAt(question, count).map(({ left, copies }) => {
    const fullest = (all * (copies / (1 + shape.indexReplicas))) / Math.max(1, left) / c.balanceRatio
    return Math.min(fullest / LOW_WATERMARK, fullest + LOW_HEADROOM_BYTES)
  })
  return Math.max(all / count / c.diskFillRatio, ...afterLoss) / GIB
}

/** Cores that one of `count` nodes needs for the load, also after a loss, before rounding. */
function loadCoresOf(question: Question, { cores }: Needs, count: number): number {
  const { shape, c } = question
  const afterLoss = lossesAt(question, count).map(
    ({ left, copies }) => (cores * (copies / (1 + shape.indexReplicas))) / Math.max(1, left) / c.lossUtilisation,
  )
  return Math.max(cores / count / c.targetUtilisation, ...afterLoss)
}

/** Heap for a disk, before rounding: half of the memory, plus what an empty node and its indices take. */
function heapGibOf({ c, demand }: Question, needs: Needs, dataGib: number): number {
  const byIndices = (demand.indices + STATE_INDICES) / c.indicesPerHeapGib
  return Math.max(c.minHeapGib, c.emptyHeapGib + byIndices + dataGib / needs.diskPerMemory / 2)
}

/** The cheapest count whose nodes are within the limits of one node. */
function sizeCount(question: Question, needs: Needs): Derived {
  const { load, shape, c, demand, stated } = question
  const least = leastNodes(shape)
  // A node has at least these, whatever the stack states: more nodes never make up for less.
  const mostGib = Math.max(c.minDiskGib, stated['elasticsearch.dataGib'] ?? c.maxDataGib)
  const mostHeap = Math.max(heapGibOf(question, needs, c.minDiskGib), stated['elasticsearch.heapGib'] ?? c.maxHeapGib)
  const statedCores = stated['elasticsearch.cpuMillicores']
  const mostCores = statedCores === undefined ? c.maxDataCores : statedCores / 1000
  const costAt = (count: number) => {
    const diskGib = Math.max(c.minDiskGib, diskGibOf(question, needs, count))
    const heapGib = heapGibOf(question, needs, diskGib)
    const cores = loadCoresOf(question, needs, count)
    const holds =
      within(needs.shardNodes, count) &&
      within(diskGib, mostGib) &&
      within(Math.min(heapGib, c.maxHeapGib), mostHeap) &&
      within(heapGib, Math.max(c.maxHeapGib, mostHeap)) &&
      within(cores, mostCores)
    if (!holds) return undefined
    const memoryGib = 2 * (stated['elasticsearch.heapGib'] ?? heapGib)
    const requested =
      statedCores === undefined ? Math.max(c.minDataCores, cores, memoryGib / c.memoryPerCore) : mostCores
    const node = podMonth(DEFAULT_PRICES, requested, memoryGib)
    return count * (node + (stated['elasticsearch.dataGib'] ?? diskGib) * DEFAULT_PRICES.diskGibMonth)
  }
  const bound = Math.max(
    least,
    needs.shardNodes,
    needs.cores / mostCores / c.targetUtilisation,
    (needs.eventBytes + needs.stateBytes) / (mostGib * GIB) / c.diskFillRatio,
  )
  const value = cheapestCount(evenly(roundUp(bound), shape.zones), shape.zones, costAt)
  const copies = counted(1 + shape.indexReplicas, 'copy', 'copies')
  const reason =
    `${figure(value)}: ${documents(load.peakEventsPerSecond, demand.documentsPerSecond)}, in ${copies} they keep ` +
    `${counted(needs.cores, 'core')} busy at the limit, ${figure(needs.cores / c.targetUtilisation)} at ` +
    `${percent(c.targetUtilisation)}; ${bytes(needs.eventBytes + needs.stateBytes)} are kept on disks of ${figure(mostGib)} GiB ` +
    `at most; at least ${figure(least)} for the copies in ${counted(shape.zones, 'zone')}, as many in each; the cheapest ` +
    'count that holds'
  return { key: 'elasticsearch.dataNodes', value, unit: 'nodes', reason }
}

function within(need: number, most: number): boolean {
  return need <= most * (1 + 1e-9)
}

function sizeDisk(question: Question, needs: Needs, nodes: number): Derived {
  const { load, shape, c, demand } = question
  const value = Math.max(c.minDiskGib, roundUp(diskGibOf(question, needs, nodes)))
  const losses = lossesAt(question, nodes)
  const room =
    losses.length === 0 ? '' : ` and leave room for the copies of a lost ${losses.map(({ of }) => of).join(' or ')}`
  const reason =
    `${figure(value)}: ${bytes(demand.storedBytesPerDay)} a day at ${percent(load.meanToPeak)} of the peak, kept for ` +
    `${figure(demand.keptDays)} days (${figure(load.retentionDays)} and the ${shape.eventPartitioning} of the index), in ` +
    `${counted(1 + shape.indexReplicas, 'copy', 'copies')} are ${bytes(needs.eventBytes)}; ${figure(demand.sessionDays)} days of ` +
    `sessions and ${figure(demand.profileDays)} of profiles are ${bytes(needs.stateBytes)}; over ${counted(nodes, 'node')} they fill ` +
    `${percent(c.diskFillRatio)} at most${room}; never less than ${figure(c.minDiskGib)}`
  return { key: 'elasticsearch.dataGib', value, unit: 'GiB', reason }
}

function sizeHeap(question: Question, needs: Needs, dataGib: number): Derived {
  const { load, c, demand } = question
  const value = Math.min(c.maxHeapGib, roundUp(heapGibOf(question, needs, dataGib) / HEAP_STEP_GIB) * HEAP_STEP_GIB)
  const reason =
    `${figure(value)}: half of the memory that a disk of ${figure(dataGib)} GiB wants at 1:${figure(needs.diskPerMemory)}, ` +
    `which is 1:${figure(c.diskPerMemory)} for ${counted(load.hotDays, 'hot day')} and the profiles and ` +
    `1:${figure(c.oldDiskPerMemory)} for older data; plus ${figure(c.emptyHeapGib)} GiB of an empty node, and ` +
    `${figure(demand.indices + STATE_INDICES)} indices at ${figure(c.indicesPerHeapGib)} a GiB; ` +
    `${figure(c.minHeapGib)} at least, ${figure(c.maxHeapGib)} at most, so that pointers stay compressed`
  return { key: 'elasticsearch.heapGib', value, unit: 'GiB', reason }
}

function sizeCpu(question: Question, needs: Needs, nodes: number, heapGib: number): Derived {
  const { c } = question
  const byLoad = loadCoresOf(question, needs, nodes)
  const byMemory = (2 * heapGib) / c.memoryPerCore
  const millicores = roundUp(Math.max(c.minDataCores, byLoad, byMemory) / CPU_STEP_CORES) * CPU_STEP_CORES * 1000
  const reason =
    `${figure(millicores)}: the load needs ${figure(byLoad)} cores on each of ${counted(nodes, 'node')}, after the loss ` +
    `that is to be survived too; machines with ${figure(2 * heapGib)} GiB bring ${figure(byMemory)} at ` +
    `${figure(c.memoryPerCore)} GiB a core; at least ${figure(c.minDataCores)}`
  return { key: 'elasticsearch.cpuMillicores', value: Math.round(millicores), unit: 'millicores', reason }
}

/** Memory of a dedicated master, of which the heap is one half. */
function sizeMasters(question: Question, nodes: number, eventShards: number): Derived {
  const { c, demand } = question
  const shards = shardCopies(question, eventShards, sizeStateShards(question).value)
  const indices = demand.indices + STATE_INDICES
  const heapGib = Math.max(
    1,
    roundUp(shards / c.shardsPerMasterHeapGib + nodes / c.nodesPerMasterHeapGib + indices / c.indicesPerHeapGib),
  )
  const value = 2048 * Math.min(c.maxHeapGib, heapGib)
  const reason =
    `${figure(value)}: twice a heap of ${figure(value / 2048)} GiB, for ${figure(shards)} shards of ${figure(indices)} ` +
    `indices on ${counted(nodes, 'data node')}`
  return { key: 'elasticsearch.masterMemoryMib', value, unit: 'MiB', reason }
}
