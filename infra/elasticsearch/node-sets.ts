import type { Plan } from '../config/plan.ts'
import type { Tier } from '../kubernetes/labels.ts'
import { elasticsearchLimitMib } from '../kubernetes/memory.ts'
import type { Resources } from '../kubernetes/pod.ts'
import type { Site } from '../kubernetes/site.ts'
import { setName, shares, type ZoneShare } from '../kubernetes/zones.ts'

/** Nodes of Elasticsearch with the same roles, in one zone where the stack has zones. */
export interface NodeSet {
  readonly tier: Extract<Tier, 'elasticsearch-master' | 'elasticsearch-data'>
  readonly name: string
  readonly roles: readonly string[]
  readonly share: ZoneShare
  readonly diskGib: number
  readonly heapMib: number
  readonly resources: Resources
}

/** The headless Service that names the nodes of a tier. */
export function membersService(tier: NodeSet['tier']): string {
  return `${tier}-members`
}

/** The node sets of a stack: masters, which may hold data too, and data nodes, each spread over the zones. */
export function nodeSets(
  { elasticsearch: e }: Pick<Plan, 'elasticsearch'>,
  site: Pick<Site, 'zones'>,
): readonly NodeSet[] {
  const heapMib = e.heapGib * 1024
  const data = {
    diskGib: e.dataGib,
    heapMib,
    resources: { cpuMillicores: e.cpuMillicores, memoryMib: elasticsearchLimitMib(heapMib) },
  }
  const dedicated = {
    diskGib: e.masterDiskGib,
    heapMib: Math.floor(e.masterMemoryMib / 2),
    resources: { cpuMillicores: e.masterCpuMillicores, memoryMib: e.masterMemoryMib },
  }
  const masterRoles = e.mastersHoldData ? ['master', 'data', 'ingest'] : ['master']
  const sets = (tier: NodeSet['tier'], replicas: number, roles: readonly string[], size: typeof data): NodeSet[] =>
    shares(replicas, site.zones).map((share) => ({ tier, name: setName(tier, share), roles, share, ...size }))
  return [
    ...sets('elasticsearch-master', e.masterNodes, masterRoles, e.mastersHoldData ? data : dedicated),
    ...sets('elasticsearch-data', e.dataNodes, ['data', 'ingest'], data),
  ]
}

/** The nodes that found the cluster when it starts for the first time. Their number is fixed, so the list is. */
export function foundingMasters(sets: readonly NodeSet[]): readonly string[] {
  return sets
    .filter(({ tier }) => tier === 'elasticsearch-master')
    .flatMap(({ name, share }) => Array.from({ length: share.replicas }, (_, ordinal) => `${name}-${ordinal}`))
}
