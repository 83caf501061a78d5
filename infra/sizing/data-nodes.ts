import { roundUp } from './capacity.ts'
import { bytes, counted, figure, percent } from './figures.ts'
import {
  countOf,
  leastNodes,
  loadCoresOf,
  lossesAt,
  millicoresOf,
  mostGibOf,
  type NodeGroup,
  neededDiskGib,
  neededHeapGib,
} from './node-group.ts'
import { DEFAULT_PRICES } from './prices.ts'
import { documents } from './programs.ts'
import { type Derived, decidedBy, type Question } from './question.ts'
import {
  busyCores,
  MAX_SHARDS,
  neededShards,
  STATE_INDICES,
  shardCopies,
  sizeShards,
  sizeStateShards,
} from './shards.ts'

/** Data nodes with their CPU, heap and disk, warm ones where there are some, masters, and the shards of the indices. */
export function sizeDataNodes(question: Question): readonly Derived[] {
  const { stated } = question
  const hot = sizeGroup(question, hotGroup(question))
  const onWarm = { ...question, shape: { ...question.shape, indexReplicas: question.shape.warmReplicas } }
  const warmOnes = warmGroup(onWarm)
  const warm = warmOnes === undefined ? undefined : sizeGroup(onWarm, warmOnes)
  const shards = sizeShards(question, hot.nodes)
  const nodes = hot.nodes + (warm?.nodes ?? 0)
  const masters = sizeMasters(question, nodes, stated['runtime.ELASTIC_INDEX_SHARDS'] ?? shards.value)
  return [...hot.derived, ...(warm?.derived ?? []), masters, shards, sizeStateShards(question)]
}

const HOT = {
  nodes: 'elasticsearch.dataNodes',
  gib: 'elasticsearch.dataGib',
  heap: 'elasticsearch.heapGib',
  cpu: 'elasticsearch.cpuMillicores',
} as const
const WARM = {
  nodes: 'elasticsearch.warmNodes',
  gib: 'elasticsearch.warmGib',
  heap: 'elasticsearch.warmHeapGib',
  cpu: 'elasticsearch.warmCpuMillicores',
} as const

/** Days of events on data nodes where older ones move on: an index moves in the night after all of it is old enough. */
function daysBeforeWarm({ load, demand }: Question): number {
  return load.warmTier ? Math.min(demand.keptDays, load.hotDays + demand.periodDays + 1) : demand.keptDays
}

/** Nodes that index, with sessions and profiles, and with events of all ages or of those that are not on warm nodes. */
function hotGroup(question: Question): NodeGroup {
  const { shape, c, demand } = question
  const copies = 1 + shape.indexReplicas
  const eventDays = daysBeforeWarm(question)
  const eventBytes = demand.storedBytesPerDay * eventDays * copies
  const all = eventBytes + (demand.sessionBytes + demand.profileBytes) * copies
  const hotBytes = hotBytesOf(question) * copies
  return {
    keys: HOT,
    ...{
      bytes: all,
      eventBytes,
      eventDays,
      cores: busyCores(question),
      shardNodes: shardNodes(question, eventDays, 1),
    },
    diskPerMemory: all / (hotBytes / c.diskPerMemory + (all - hotBytes) / c.oldDiskPerMemory),
    leastNodes: leastNodes(shape, shape.floor.dataNodes),
    diskGibMonth: DEFAULT_PRICES.diskGibMonth,
  }
}

/** Nodes for older events; none where all are young enough. */
function warmGroup(question: Question): NodeGroup | undefined {
  const { shape, c, demand } = question
  const eventDays = demand.keptDays - daysBeforeWarm(question)
  if (eventDays <= 0) return undefined
  const eventBytes = demand.storedBytesPerDay * eventDays * (1 + shape.indexReplicas)
  return {
    keys: WARM,
    ...{ bytes: eventBytes, eventBytes, eventDays, cores: 0, shardNodes: shardNodes(question, eventDays, 0) },
    diskPerMemory: c.oldDiskPerMemory,
    leastNodes: leastNodes(shape, 0),
    diskGibMonth: DEFAULT_PRICES.warmDiskGibMonth,
  }
}

/** Nodes for the shards of `eventDays` days of events, before rounding. */
function shardNodes(question: Question, eventDays: number, stateShards: number): number {
  const { c, demand, stated } = question
  const { bySize, byRate } = neededShards(question)
  const shards = Math.min(MAX_SHARDS, stated['runtime.ELASTIC_INDEX_SHARDS'] ?? Math.max(bySize, byRate))
  return (shardCopies(question, shards, stateShards) * (eventDays / demand.keptDays)) / c.maxShardsPerNode
}

/** The newest days of events, the sessions that began in them, and every profile, for any visitor may come back. */
function hotBytesOf({ load, demand }: Question): number {
  const hotDays = Math.min(load.hotDays, demand.keptDays)
  const hotSessions = demand.sessionBytes * Math.min(1, load.hotDays / demand.sessionDays)
  return demand.storedBytesPerDay * hotDays + hotSessions + demand.profileBytes
}

function sizeGroup(question: Question, group: NodeGroup): { nodes: number; derived: readonly Derived[] } {
  const { stated } = question
  const { keys } = group
  const count = sizeCount(question, group)
  // With 0 stated the masters hold the data, of which the model knows nothing: then as for the nodes that it needs.
  const nodes = stated[keys.nodes] || count.value
  const disk = sizeDisk(question, group, nodes)
  const heap = sizeHeap(question, group, stated[keys.gib] ?? disk.value)
  return { nodes, derived: [count, sizeCpu(question, group, nodes, stated[keys.heap] ?? heap.value), heap, disk] }
}

function sizeCount(question: Question, group: NodeGroup): Derived {
  const value = countOf(question, group)
  return {
    ...{ key: group.keys.nodes, value, unit: 'nodes', code: value > group.leastNodes ? 'cheapest' : 'smallest' },
    facts: {
      ...(group.cores > 0 ? { documentsPerSecond: question.demand.documentsPerSecond, busyCores: group.cores } : {}),
      ...{ bytes: group.bytes, mostGib: mostGibOf(question, group), least: group.leastNodes },
    },
    reason: `${figure(value)}: ${countReason(question, group)}`,
  }
}

function sizeDisk(question: Question, group: NodeGroup, nodes: number): Derived {
  const needed = neededDiskGib(question, group, nodes)
  const value = Math.max(question.c.minDiskGib, needed)
  const { eventDays, eventBytes, bytes: all } = group
  return {
    ...{ key: group.keys.gib, value, unit: 'GiB', code: decidedBy(value, needed) },
    facts: {
      bytesPerDay: question.demand.storedBytesPerDay,
      ...{ eventDays, eventBytes, stateBytes: all - eventBytes, nodes, needed },
    },
    reason: `${figure(value)}: ${diskReason(question, group, nodes)}`,
  }
}

function sizeHeap(question: Question, group: NodeGroup, diskGib: number): Derived {
  const { c, demand } = question
  const needed = neededHeapGib(question, group, diskGib)
  const value = Math.min(c.maxHeapGib, needed)
  return {
    ...{ key: group.keys.heap, value, unit: 'GiB' },
    code: value === c.minHeapGib ? 'smallest' : decidedBy(value, needed),
    facts: { diskGib, diskPerMemory: group.diskPerMemory, indices: demand.indices + STATE_INDICES, needed },
    reason: `${figure(value)}: ${heapReason(question, group, diskGib)}`,
  }
}

function sizeCpu(question: Question, group: NodeGroup, nodes: number, heapGib: number): Derived {
  const { c } = question
  const coresByLoad = loadCoresOf(question, group, nodes)
  const coresByMemory = (2 * heapGib) / c.memoryPerCore
  const cores = Math.max(c.minDataCores, coresByLoad, coresByMemory)
  const value = millicoresOf(cores)
  return {
    ...{ key: group.keys.cpu, value, unit: 'millicores' },
    code: cores === coresByLoad ? 'load' : cores === coresByMemory ? 'memory' : 'smallest',
    facts: { coresByLoad, coresByMemory, nodes },
    reason:
      `${figure(value)}: the load needs ${figure(coresByLoad)} cores on each of ${counted(nodes, 'node')}, after the loss ` +
      `that is to be survived too; machines with ${figure(2 * heapGib)} GiB bring ${figure(coresByMemory)} at ` +
      `${figure(c.memoryPerCore)} GiB a core; at least ${figure(c.minDataCores)}`,
  }
}

function countReason(question: Question, group: NodeGroup): string {
  const { load, shape, c, demand } = question
  const copies = counted(1 + shape.indexReplicas, 'copy', 'copies')
  const work =
    group.cores > 0
      ? `${documents(load.peakEventsPerSecond, demand.documentsPerSecond)}, in ${copies} they keep ` +
        `${counted(group.cores, 'core')} busy at the limit, ${figure(group.cores / c.targetUtilisation)} at ` +
        `${percent(c.targetUtilisation)}; `
      : ''
  return (
    `${work}${bytes(group.bytes)} are kept on disks of ${figure(mostGibOf(question, group))} GiB at most; at least ` +
    `${figure(group.leastNodes)} for the copies in ${counted(shape.zones, 'zone')}, as many in each; the cheapest count that holds`
  )
}

function diskReason(question: Question, group: NodeGroup, nodes: number): string {
  const { load, shape, c, demand } = question
  const losses = lossesAt(question, nodes).map(({ of }) => of)
  const room = losses.length === 0 ? '' : ` and leave room for the copies of a lost ${losses.join(' or ')}`
  const whole = group.eventDays === demand.keptDays
  const days = whole
    ? `${figure(demand.keptDays)} days (${figure(load.retentionDays)} and the ${shape.eventPartitioning} of the index)`
    : `${figure(group.eventDays)} of ${figure(demand.keptDays)} days`
  const states =
    group.keys === HOT
      ? `; ${figure(demand.sessionDays)} days of sessions and ${figure(demand.profileDays)} of profiles are ` +
        bytes(group.bytes - group.eventBytes)
      : ''
  return (
    `${bytes(demand.storedBytesPerDay)} a day at ${percent(load.meanToPeak)} of the peak, kept for ${days}, in ` +
    `${counted(1 + shape.indexReplicas, 'copy', 'copies')} are ${bytes(group.eventBytes)}${states}; over ` +
    `${counted(nodes, 'node')} they fill ${percent(c.diskFillRatio)} at most${room}; never less than ${figure(c.minDiskGib)}`
  )
}

function heapReason({ load, c, demand }: Question, group: NodeGroup, diskGib: number): string {
  const ages =
    group.keys === HOT
      ? `which is 1:${figure(c.diskPerMemory)} for ${counted(load.hotDays, 'hot day')} and the profiles and ` +
        `1:${figure(c.oldDiskPerMemory)} for older data; `
      : 'as data is older; '
  return (
    `half of the memory that a disk of ${figure(diskGib)} GiB wants at 1:${figure(group.diskPerMemory)}, ${ages}plus ` +
    `${figure(c.emptyHeapGib)} GiB of an empty node, and ${figure(demand.indices + STATE_INDICES)} indices at ` +
    `${figure(c.indicesPerHeapGib)} a GiB; ${figure(c.minHeapGib)} at least, ${figure(c.maxHeapGib)} at most, so that pointers stay ` +
    'compressed'
  )
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
  return {
    ...{ key: 'elasticsearch.masterMemoryMib', value, unit: 'MiB' },
    code: heapGib === 1 ? 'smallest' : decidedBy(value, 2048 * heapGib),
    facts: { shards, indices, nodes, heapGib },
    reason,
  }
}
