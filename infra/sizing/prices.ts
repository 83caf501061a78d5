/** A family of machines: its price for each core, which brings its memory with it. */
export interface MachineFamily {
  readonly name: string
  readonly coreMonth: number
  readonly memoryGibPerCore: number
}

/** What a month costs. */
export interface Prices {
  readonly currency: string
  /** Whose prices they are, and of when. */
  readonly of: string
  readonly machines: readonly MachineFamily[]
  /** Part of a machine that pods may request; the rest is for the kubelet and what runs on every machine, over 0 to 1. */
  readonly usablePart: number
  readonly diskGibMonth: number
  /** One GiB of the disks of warm nodes. */
  readonly warmDiskGibMonth: number
  /** One GiB in the object store that keeps snapshots. */
  readonly objectGibMonth: number
  /** One GiB that crosses from one zone to another. */
  readonly zoneTrafficGib: number
}

/**
 * Between the list prices of the three large clouds, on demand. The shape of a stack is always chosen by these, so that a
 * file of prices never changes what is provisioned: between clouds the prices differ, their ratios hardly do.
 */
export const DEFAULT_PRICES: Prices = Object.freeze({
  currency: 'USD',
  of: 'between the list prices of three clouds, on demand, 2026',
  machines: Object.freeze([
    { name: 'general purpose', coreMonth: 36, memoryGibPerCore: 4 },
    { name: 'memory', coreMonth: 48, memoryGibPerCore: 8 },
  ]),
  usablePart: 0.9,
  diskGibMonth: 0.09,
  warmDiskGibMonth: 0.045,
  objectGibMonth: 0.022,
  zoneTrafficGib: 0.02,
})

/** A month of what a pod requests, on the family of machines that is cheapest for it. */
export function podMonth({ machines, usablePart }: Prices, cores: number, memoryGib: number): number {
  const each = machines.map(
    ({ coreMonth, memoryGibPerCore }) => coreMonth * Math.max(cores, memoryGib / memoryGibPerCore),
  )
  return Math.min(...each) / usablePart
}

const [GENERAL, MEMORY] = DEFAULT_PRICES.machines as readonly [MachineFamily, MachineFamily]
/** The prices of a core and of a GiB of memory, in which both families cost what they do. */
const MEMORY_GIB_MONTH = (MEMORY.coreMonth - GENERAL.coreMonth) / (MEMORY.memoryGibPerCore - GENERAL.memoryGibPerCore)
const CORE_MONTH = GENERAL.coreMonth - GENERAL.memoryGibPerCore * MEMORY_GIB_MONTH

/**
 * A month of what a pod requests if cores and memory were sold separately. A count that is chosen by it never falls when the load rises.
 * By `podMonth` it could: when pods become a little too large for one family, fewer and larger ones of the other family are the cheapest.
 */
export function partsMonth(cores: number, memoryGib: number): number {
  return (cores * CORE_MONTH + memoryGib * MEMORY_GIB_MONTH) / DEFAULT_PRICES.usablePart
}
