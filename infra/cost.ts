import { nodeSets } from './elasticsearch/node-sets.ts'
import type { Tier } from './kubernetes/labels.ts'
import type { Resources } from './kubernetes/pod.ts'
import { EXPORTER_RESOURCES } from './observability/exporter-resources.ts'
import { type PlatformSettings, settledPlatform } from './platform-args.ts'
import type { SettledPulsar } from './pulsar/pulsar.ts'

/** What the pods of a tier ask of a cluster. */
export interface TierCost {
  readonly tier: Tier
  readonly pods: number
  /** Requested CPU of all of them. */
  readonly cpuMillicores: number
  /** Memory of all of them, requested and at most. */
  readonly memoryMib: number
  /** Volumes of all of them. */
  readonly diskGib: number
}

/** What a platform asks of a cluster, tier by tier, without what runs only for set-up, and at the least count of a scaler. */
export function costOf(args: PlatformSettings): readonly TierCost[] {
  const { site, pulsar, elasticsearch, api, workers, observability } = settledPlatform('platform', args)
  const tier = (name: Tier, pods: number, { cpuMillicores, memoryMib }: Resources, gibEach = 0): TierCost => ({
    tier: name,
    pods,
    cpuMillicores: pods * cpuMillicores,
    memoryMib: pods * memoryMib,
    diskGib: pods * gibEach,
  })
  const queue = ({ zookeeper, bookkeeper, autorecovery, broker, proxy }: SettledPulsar) => [
    tier('zookeeper', zookeeper.replicas, zookeeper, zookeeper.diskGib),
    tier('bookkeeper', bookkeeper.replicas, bookkeeper, bookkeeper.journalGib + bookkeeper.ledgersGib),
    tier('autorecovery', autorecovery.replicas, autorecovery),
    tier('broker', broker.replicas, broker),
    tier('proxy', proxy.replicas, proxy),
  ]
  const sets = elasticsearch ? nodeSets('elasticsearch', elasticsearch, site) : []
  const search = (['elasticsearch-master', 'elasticsearch-data'] as const).map((name) => {
    const own = sets.filter((set) => set.tier === name)
    const pods = own.reduce((sum, { share }) => sum + share.replicas, 0)
    return tier(name, pods, own[0]?.resources ?? { cpuMillicores: 0, memoryMib: 0 }, own[0]?.diskGib)
  })
  return [
    ...(pulsar ? queue(pulsar) : []),
    ...search,
    tier('elasticsearch-exporter', observability ? 1 : 0, EXPORTER_RESOURCES),
    tier('api', api.replicas, api),
    tier('worker', workers.replicas, workers),
  ].filter(({ pods }) => pods > 0)
}

/** All tiers together. */
export function totalOf(costs: readonly TierCost[]): Omit<TierCost, 'tier'> {
  const sum = (value: (cost: TierCost) => number) => costs.reduce((total, cost) => total + value(cost), 0)
  return {
    pods: sum(({ pods }) => pods),
    cpuMillicores: sum(({ cpuMillicores }) => cpuMillicores),
    memoryMib: sum(({ memoryMib }) => memoryMib),
    diskGib: sum(({ diskGib }) => diskGib),
  }
}
