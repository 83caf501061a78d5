import type { GroupOf } from '../config/read.ts'
import { elasticsearchLimitMib } from '../kubernetes/memory.ts'
import type { Resources } from '../kubernetes/pod.ts'
import type { Site } from '../kubernetes/site.ts'
import type { Tier } from '../kubernetes/tiers.ts'
import { everyShare, setName, shares, type ZoneShare } from '../kubernetes/zones.ts'

/** The sizes of a cluster, each settled. */
export type ElasticsearchSizes = Omit<GroupOf<'elasticsearch'>, 'url' | 'expireIndices'>

/** Nodes of Elasticsearch with the same roles, in one zone where the stack has zones. */
export interface NodeSet {
  readonly tier: Extract<Tier, 'elasticsearch-master' | 'elasticsearch-data' | 'elasticsearch-warm'>
  readonly name: string
  readonly roles: readonly string[]
  readonly share: ZoneShare
  readonly diskGib: number
  /** That of the stack when empty. */
  readonly storageClass: string
  /** Whether another set takes over what it has, and it goes. */
  readonly leaves: boolean
  readonly heapMib: number
  readonly resources: Resources
}

/** What the names of a tier begin with, where `name` is that of the cluster. */
export function tierName(name: string, tier: NodeSet['tier']): string {
  return `${name}-${tier.slice('elasticsearch-'.length)}`
}

/** The headless Service that names the nodes of a tier. */
export function membersService(name: string, tier: NodeSet['tier']): string {
  return `${tierName(name, tier)}-members`
}

/**
 * The node sets of a cluster: masters, and data nodes, which have a set for each zone, so that a node knows its zone when it
 * starts. A set that leaves is next to the one that takes over its data. Warm nodes are data nodes for older events: an index goes there when its setting says so, and a new one never does.
 * Masters have one set, which restarts them one after the other; without shards they need not know where they are.
 */
export function nodeSets(name: string, e: ElasticsearchSizes, site: Pick<Site, 'zones'>): readonly NodeSet[] {
  const stays = { leaves: false }
  const data = {
    ...stays,
    storageClass: e.storageClass,
    diskGib: e.dataGib,
    ...memoryOf(e.heapGib, e.cpuMillicores),
  }
  const current = { ...data, storageClass: e.dataStorageClass || e.storageClass }
  const old = {
    leaves: true,
    storageClass: e.oldDataStorageClass || e.storageClass,
    diskGib: e.oldDataGib,
    ...memoryOf(e.oldHeapGib, e.cpuMillicores),
  }
  const warm = {
    ...stays,
    storageClass: e.warmStorageClass || e.storageClass,
    diskGib: e.warmGib,
    ...memoryOf(e.warmHeapGib, e.warmCpuMillicores),
  }
  // New indices prefer `data_content`. Without warm nodes a node is for data of every kind.
  const roles = e.warmNodes > 0 ? ['data_content', 'data_hot', 'ingest'] : ['data', 'ingest']
  const dedicated = {
    ...stays,
    storageClass: e.storageClass,
    diskGib: e.masterDiskGib,
    heapMib: Math.floor(e.masterMemoryMib / 2),
    resources: { cpuMillicores: e.masterCpuMillicores, memoryMib: e.masterMemoryMib },
  }
  const masters = e.mastersHoldData
    ? { roles: ['master', 'data', 'ingest'], ...data }
    : { roles: ['master'], ...dedicated }
  const dataSet =
    (sizes: typeof data) =>
    (share: ZoneShare): NodeSet => ({
      tier: 'elasticsearch-data',
      name: setName(tierName(name, 'elasticsearch-data'), share),
      roles,
      share,
      ...sizes,
    })
  return [
    {
      tier: 'elasticsearch-master',
      name: tierName(name, 'elasticsearch-master'),
      share: { replicas: e.masterNodes },
      ...masters,
    },
    ...shares(e.dataNodes, site.zones, e.dataSet).map(dataSet(current)),
    ...(e.oldDataSet === '' ? [] : everyShare(e.oldDataNodes, site.zones, e.oldDataSet).map(dataSet(old))),
    ...shares(e.warmNodes, site.zones).map(
      (share): NodeSet => ({
        tier: 'elasticsearch-warm',
        name: setName(tierName(name, 'elasticsearch-warm'), share),
        roles: ['data_warm'],
        share,
        ...warm,
      }),
    ),
  ]
}

/** A heap, and what a node with it takes. */
function memoryOf(heapGib: number, cpuMillicores: number): Pick<NodeSet, 'heapMib' | 'resources'> {
  const heapMib = heapGib * 1024
  return { heapMib, resources: { cpuMillicores, memoryMib: elasticsearchLimitMib(heapMib) } }
}
