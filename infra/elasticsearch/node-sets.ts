import type { GroupOf } from '../config/read.ts'
import { elasticsearchLimitMib } from '../kubernetes/memory.ts'
import type { Resources } from '../kubernetes/pod.ts'
import type { Site } from '../kubernetes/site.ts'
import type { Tier } from '../kubernetes/tiers.ts'
import { setName, shares, type ZoneShare } from '../kubernetes/zones.ts'

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
 * starts. Warm nodes are data nodes for older events: an index goes there when its setting says so, and a new one never does.
 * Masters have one set, which restarts them one after the other; without shards they need not know where they are.
 */
export function nodeSets(name: string, e: ElasticsearchSizes, site: Pick<Site, 'zones'>): readonly NodeSet[] {
  const heapMib = e.heapGib * 1024
  const data = {
    storageClass: e.storageClass,
    diskGib: e.dataGib,
    heapMib,
    resources: { cpuMillicores: e.cpuMillicores, memoryMib: elasticsearchLimitMib(heapMib) },
  }
  const warmHeapMib = e.warmHeapGib * 1024
  const warm = {
    storageClass: e.warmStorageClass || e.storageClass,
    diskGib: e.warmGib,
    heapMib: warmHeapMib,
    resources: { cpuMillicores: e.warmCpuMillicores, memoryMib: elasticsearchLimitMib(warmHeapMib) },
  }
  // New indices prefer `data_content`. Without warm nodes a node is for data of every kind.
  const roles = e.warmNodes > 0 ? ['data_content', 'data_hot', 'ingest'] : ['data', 'ingest']
  const dedicated = {
    storageClass: e.storageClass,
    diskGib: e.masterDiskGib,
    heapMib: Math.floor(e.masterMemoryMib / 2),
    resources: { cpuMillicores: e.masterCpuMillicores, memoryMib: e.masterMemoryMib },
  }
  const masters = e.mastersHoldData
    ? { roles: ['master', 'data', 'ingest'], ...data }
    : { roles: ['master'], ...dedicated }
  return [
    {
      tier: 'elasticsearch-master',
      name: tierName(name, 'elasticsearch-master'),
      share: { replicas: e.masterNodes },
      ...masters,
    },
    ...shares(e.dataNodes, site.zones).map(
      (share): NodeSet => ({
        tier: 'elasticsearch-data',
        name: setName(tierName(name, 'elasticsearch-data'), share),
        roles,
        share,
        ...data,
      }),
    ),
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

/** The nodes that found the cluster when it starts for the first time. Their number is fixed, so the list is. */
export function foundingMasters(sets: readonly NodeSet[]): readonly string[] {
  return sets
    .filter(({ tier }) => tier === 'elasticsearch-master')
    .flatMap(({ name, share }) => Array.from({ length: share.replicas }, (_, ordinal) => `${name}-${ordinal}`))
}
