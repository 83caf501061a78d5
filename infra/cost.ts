import type { Tier } from './kubernetes/tiers.ts'
import { type PlatformSettings, settledPlatform } from './platform-args.ts'
import { sizesOf } from './platform-derived.ts'

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

/** What a platform asks of a cluster, tier by tier, without what runs only for set-up, and at the minimum of a scaler. */
export function costOf(args: PlatformSettings): readonly TierCost[] {
  return [...sizesOf(settledPlatform('platform', args))].map(([tier, { pods, cpuMillicores, memoryMib, diskGib }]) => ({
    tier,
    pods,
    cpuMillicores: pods * cpuMillicores,
    memoryMib: pods * memoryMib,
    diskGib: pods * diskGib,
  }))
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
