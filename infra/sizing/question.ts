import type { Coefficients } from './coefficients.ts'
import type { Demand } from './demand.ts'
import type { Load, Shape } from './load.ts'

/** What each part is sized from. */
export interface Question {
  readonly load: Load
  readonly shape: Shape
  readonly c: Coefficients
  readonly demand: Demand
  /** What the stack states: a number that follows from another one follows from the stated one. */
  readonly stated: Stated
}

/** What the model sizes, by its key in the stack's configuration, in the order in which it is reported. */
export const SIZED_KEYS = [
  'api.replicas',
  'api.minReplicas',
  'api.maxReplicas',
  'workers.replicas',
  'workers.minReplicas',
  'workers.maxReplicas',
  'workers.backlogPerWorker',
  'runtime.PULSAR_PARTITIONS',
  'broker.replicas',
  'zookeeper.diskGib',
  'bookkeeper.replicas',
  'bookkeeper.journalGib',
  'bookkeeper.ledgersGib',
  'bookkeeper.memoryMib',
  'runtime.PULSAR_RETENTION_SIZE_GIB',
  'elasticsearch.dataNodes',
  'elasticsearch.cpuMillicores',
  'elasticsearch.heapGib',
  'elasticsearch.dataGib',
  'elasticsearch.warmNodes',
  'elasticsearch.warmCpuMillicores',
  'elasticsearch.warmHeapGib',
  'elasticsearch.warmGib',
  'elasticsearch.masterMemoryMib',
  'runtime.ELASTIC_INDEX_SHARDS',
  'runtime.ELASTIC_STATE_SHARDS',
] as const

export type SizedKey = (typeof SIZED_KEYS)[number]

/** What decided a number: every code that the model gives. */
export const REASON_CODES = {
  load: 'The load needs it.',
  cheapest: 'Of the counts that hold the load, it costs the least.',
  even: 'The load needs less. It is rounded up so that the parts spread evenly.',
  memory: 'The load needs less CPU. Machines with this memory have that many cores.',
  peak: 'It is what the peak needs, because the minimum cannot be higher.',
  environment: 'The environment starts at it; the load needs less.',
  smallest: 'It is the least that the servers or the model allow; the load needs less.',
  largest: 'It is the most that the servers or the model allow; the load needs more.',
  fixed: 'It does not depend on the load.',
} as const

export type ReasonCode = keyof typeof REASON_CODES

/** The numbers of a reason, by a name that has the unit in it. */
export type Facts = Readonly<Record<string, number>>

/** A number that the model arrived at, always a whole one; a heap is a multiple of a quarter. */
export interface Derived {
  readonly key: SizedKey
  readonly value: number
  readonly unit: string
  /** What decided it. */
  readonly code: ReasonCode
  /** The numbers from which it follows. */
  readonly facts: Facts
  /** How, in words with the numbers in it. */
  readonly reason: string
}

/** What decided a number of which the load needs `needed`. @param least what decides a higher one. */
export function decidedBy(value: number, needed: number, least: 'environment' | 'smallest' = 'smallest'): ReasonCode {
  if (value === needed) return 'load'
  return value > needed ? least : 'largest'
}

/** Numbers that the stack states itself. */
export type Stated = Readonly<Partial<Record<SizedKey, number>>>
