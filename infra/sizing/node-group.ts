import { cheapestCount, evenly, lossesOf, roundUp } from './capacity.ts'
import { DEFAULT_PRICES, podMonth } from './prices.ts'
import type { Question, SizedKey } from './question.ts'
import { STATE_INDICES } from './shards.ts'

/** Nodes of Elasticsearch that are alike and hold the same data. */
export interface NodeGroup {
  readonly keys: Readonly<Record<'nodes' | 'gib' | 'heap' | 'cpu', SizedKey>>
  /** All copies of the data, and for how many days its events are on these nodes. */
  readonly bytes: number
  readonly eventBytes: number
  readonly eventDays: number
  /** Cores at their limit. */
  readonly cores: number
  /** Nodes for the shards, before rounding. */
  readonly shardNodes: number
  /** Gibibytes of disk for each gibibyte of memory, as the data is mixed. */
  readonly diskPerMemory: number
  readonly leastNodes: number
  readonly diskGibMonth: number
}

const GIB = 1024 ** 3
/** Steps of CPU and heap: so small that rounding never decides which count is the cheapest. */
const CPU_STEP_CORES = 0.05
const HEAP_STEP_GIB = 0.25
/** `cluster.routing.allocation.disk.watermark.low` of Elasticsearch: no shard goes to a disk that is fuller. */
const LOW_WATERMARK = 0.85
/** `…watermark.low.max_headroom`: of a large disk no more need be free. */
const LOW_HEADROOM_BYTES = 200_000_000_000

/** Each copy of a shard needs a node of its own, and each zone one. */
export function leastNodes({ indexReplicas, zones }: Question['shape'], floor: number): number {
  return evenly(Math.max(1, floor, indexReplicas + 1), zones)
}

/** Losses after which copies are made again; where there is one copy only, a lost node has lost its data. */
export function lossesAt({ load, shape }: Question, count: number) {
  return shape.indexReplicas === 0 ? [] : lossesOf(count, 1 + shape.indexReplicas, shape.zones, load)
}

/** GiB of disk that one of `count` nodes needs, also after a loss, before rounding. */
function diskGibOf(question: Question, { bytes }: NodeGroup, count: number): number {
  const { shape, c } = question
  const afterLoss = lossesAt(question, count).map(({ left, copies }) => {
    const fullest = (bytes * (copies / (1 + shape.indexReplicas))) / Math.max(1, left) / c.balanceRatio
    return Math.min(fullest / LOW_WATERMARK, fullest + LOW_HEADROOM_BYTES)
  })
  return Math.max(bytes / count / c.diskFillRatio, ...afterLoss) / GIB
}

/** Cores that one of `count` nodes needs for the load, also after a loss, before rounding. */
export function loadCoresOf(question: Question, { cores }: NodeGroup, count: number): number {
  const { shape, c } = question
  if (cores === 0) return 0
  const afterLoss = lossesAt(question, count).map(
    ({ left, copies }) => (cores * (copies / (1 + shape.indexReplicas))) / Math.max(1, left) / c.lossUtilisation,
  )
  return c.dataNodeBaseCores + Math.max(cores / count / c.targetUtilisation, ...afterLoss)
}

/** Heap for a disk, before rounding: half of the memory, plus what an empty node and its indices take. */
function heapGibOf({ c, demand }: Question, group: NodeGroup, diskGib: number): number {
  const byIndices = (demand.indices + STATE_INDICES) / c.indicesPerHeapGib
  return Math.max(c.minHeapGib, c.emptyHeapGib + byIndices + diskGib / group.diskPerMemory / 2)
}

/** The largest disk of one node. */
export function mostGibOf({ c, stated }: Question, { keys }: NodeGroup): number {
  // A node has at least that, whatever the stack states: more nodes never make up for less.
  return Math.max(c.minDiskGib, stated[keys.gib] ?? c.maxDataGib)
}

/** The cheapest count whose nodes are within the limits of one node. */
export function countOf(question: Question, group: NodeGroup): number {
  const { shape, c, stated } = question
  const { keys } = group
  const mostGib = mostGibOf(question, group)
  const mostHeap = Math.max(heapGibOf(question, group, c.minDiskGib), stated[keys.heap] ?? c.maxHeapGib)
  const statedMillicores = stated[keys.cpu]
  // More nodes never make up for a CPU that is used up before the first event.
  const mostCores =
    statedMillicores === undefined ? c.maxDataCores : Math.max(statedMillicores / 1000, 2 * c.dataNodeBaseCores)
  const costAt = (count: number) => {
    const diskGib = Math.max(c.minDiskGib, diskGibOf(question, group, count))
    const heapGib = heapGibOf(question, group, diskGib)
    const cores = loadCoresOf(question, group, count)
    const holds =
      within(group.shardNodes, count) &&
      within(diskGib, mostGib) &&
      within(Math.min(heapGib, c.maxHeapGib), mostHeap) &&
      within(heapGib, Math.max(c.maxHeapGib, mostHeap)) &&
      within(cores, mostCores)
    if (!holds) return undefined
    const memoryGib = 2 * (stated[keys.heap] ?? heapGib)
    const requested =
      statedMillicores === undefined ? Math.max(c.minDataCores, cores, memoryGib / c.memoryPerCore) : mostCores
    const node = podMonth(DEFAULT_PRICES, requested, memoryGib)
    return count * (node + (stated[keys.gib] ?? diskGib) * group.diskGibMonth)
  }
  const bound = Math.max(
    group.leastNodes,
    group.shardNodes,
    group.cores / (mostCores - c.dataNodeBaseCores) / c.targetUtilisation,
    group.bytes / (mostGib * GIB) / c.diskFillRatio,
  )
  return cheapestCount(evenly(roundUp(bound), shape.zones), shape.zones, costAt)
}

function within(need: number, most: number): boolean {
  return need <= most * (1 + 1e-9)
}

/** GiB of disk that one of `nodes` nodes needs. */
export function neededDiskGib(question: Question, group: NodeGroup, nodes: number): number {
  return roundUp(diskGibOf(question, group, nodes))
}

/** GiB of heap that a node with such a disk needs: at least the least of a heap, and it may be more than the most. */
export function neededHeapGib(question: Question, group: NodeGroup, diskGib: number): number {
  return roundUp(heapGibOf(question, group, diskGib) / HEAP_STEP_GIB) * HEAP_STEP_GIB
}

/** Cores in steps, in millicores. */
export function millicoresOf(cores: number): number {
  return Math.round(roundUp(cores / CPU_STEP_CORES) * CPU_STEP_CORES * 1000)
}
