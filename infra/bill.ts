import type { Plan } from './config/plan.ts'
import { costOf, type TierCost } from './cost.ts'
import { type Prices, podMonth } from './sizing/prices.ts'
import { platformSettings } from './stack-args.ts'

/** What a stack costs a month, in the currency of its prices. */
export interface Bill {
  readonly tiers: readonly TierBill[]
  /** What crosses from zone to zone, GiB a month and its price. */
  readonly traffic: { readonly gib: number; readonly month: number }
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
    const { pods, cpuMillicores, memoryMib, diskGib } = cost
    const machines = pods * podMonth(prices, cpuMillicores / 1000 / pods, memoryMib / 1024 / pods)
    const disks = diskGib * prices.diskGibMonth
    return { ...cost, machines, disks, month: machines + disks }
  })
  const gib = zoneTrafficGib(plan)
  const traffic = { gib, month: gib * prices.zoneTrafficGib }
  return { tiers, traffic, month: tiers.reduce((sum, { month }) => sum + month, traffic.month) }
}

/**
 * GiB a month from zone to zone, at the mean rate and before compression. An event goes from an API to a broker, to as many
 * bookies as there are copies, to a worker and to a data node, each in another zone as often as not; its replicas are in others.
 */
function zoneTrafficGib({ platform, load, coefficients: c, bookkeeper, runtime }: Plan): number {
  const zones = platform.zones.length
  if (zones < 2 || load.peakEventsPerSecond === 0) return 0
  const mean = load.peakEventsPerSecond * load.meanToPeak
  const bytesPerSecond =
    mean * (load.eventBytes + c.overheadBytesPerEvent + (c.statesPerCall * c.stateBytes) / load.eventsPerCall)
  const hops = (3 + bookkeeper.writeQuorum) * ((zones - 1) / zones) + runtime.indexReplicas
  return (bytesPerSecond * hops * MONTH_SECONDS) / GIB
}
