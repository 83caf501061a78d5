import type { Plan } from './config/resolved.ts'
import { costOf, type TierCost } from './cost.ts'
import { type Prices, podMonth } from './sizing/prices.ts'
import { platformSettings } from './stack-args.ts'

/** What a stack costs a month, in the currency of its prices. */
export interface Bill {
  readonly tiers: readonly TierBill[]
  /** What crosses from zone to zone, GiB a month and its price. */
  readonly traffic: { readonly gib: number; readonly month: number }
  /** What snapshots take in an object store, GiB and its price. */
  readonly snapshots: { readonly gib: number; readonly month: number }
  readonly month: number
}

export interface TierBill extends TierCost {
  readonly machines: number
  readonly disks: number
  readonly month: number
}

const MONTH_SECONDS = 365.25 * 86_400 * (1 / 12)
const GIB = 1024 ** 3

/** The bill of a plan: what its pods request, on the cheapest family of machines for each tier, its disks, and traffic. */
export function billOf(plan: Plan, prices: Prices): Bill {
  const tiers = costOf(platformSettings(plan)).map((cost): TierBill => {
    const { tier, pods, cpuMillicores, memoryMib, diskGib } = cost
    const gibMonth = tier === 'elasticsearch-warm' ? prices.warmDiskGibMonth : prices.diskGibMonth
    const machines = pods * podMonth(prices, cpuMillicores / 1000 / pods, memoryMib / 1024 / pods)
    const disks = diskGib * gibMonth
    return { ...cost, machines, disks, month: machines + disks }
  })
  const gib = zoneTrafficGib(plan)
  const traffic = { gib, month: gib * prices.zoneTrafficGib }
  const snapshotGib = snapshotGibOf(plan)
  const snapshots = { gib: snapshotGib, month: snapshotGib * prices.objectGibMonth }
  const month = tiers.reduce((sum, tier) => sum + tier.month, traffic.month + snapshots.month)
  return { tiers, traffic, snapshots, month }
}

/** Estimate: what was merged since is kept for as long as a snapshot that has it. */
const SNAPSHOT_GROWTH = 1.3

/** One copy of the events of the retention and of the days for which snapshots are kept, and of sessions and profiles. */
function snapshotGibOf({ load, demand }: Plan): number {
  if (load.snapshotDays === 0 || demand === undefined) return 0
  const events = demand.storedBytesPerDay * (demand.keptDays + load.snapshotDays)
  return ((events + demand.sessionBytes + demand.profileBytes) * SNAPSHOT_GROWTH) / GIB
}

/**
 * GiB a month from zone to zone, at the mean rate. A message goes, compressed, from an API to a broker, to as many bookies as
 * there are copies, and to a worker, each in another zone as often as not. A worker sends bulks as they are; what data nodes send
 * to the replicas, which are in other zones, Elasticsearch compresses too (`transport.compress: indexing_data`).
 */
function zoneTrafficGib({ platform, load, demand, bookkeeper, runtime }: Plan): number {
  const zones = platform.zones.length
  if (zones < 2 || demand === undefined) return 0
  const { queuedBytesPerSecond: queued, writtenBytesPerSecond: written } = demand
  const crossing = ((2 + bookkeeper.writeQuorum) * queued + written) * ((zones - 1) / zones)
  return ((crossing + runtime.indexReplicas * queued) * load.meanToPeak * MONTH_SECONDS) / GIB
}
