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

/** A number that the model arrived at, always a whole one; a heap is a multiple of a quarter. */
export interface Derived {
  readonly key: SizedKey
  readonly value: number
  readonly unit: string
  /** How, in words with the numbers in it. */
  readonly reason: string
}

/** Numbers that the stack states itself. */
export type Stated = Readonly<Partial<Record<SizedKey, number>>>
