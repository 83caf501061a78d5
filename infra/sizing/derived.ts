/** What the model sizes, by its key in the stack's configuration. */
export type SizedKey =
  | 'api.replicas'
  | 'workers.replicas'
  | 'runtime.PULSAR_PARTITIONS'
  | 'runtime.PULSAR_RETENTION_SIZE_GIB'
  | 'broker.replicas'
  | 'bookkeeper.replicas'
  | 'bookkeeper.journalGib'
  | 'bookkeeper.ledgersGib'
  | 'elasticsearch.dataNodes'
  | 'elasticsearch.heapGib'
  | 'elasticsearch.dataGib'
  | 'runtime.ELASTIC_INDEX_SHARDS'

/** A number that the model arrived at, always a whole one. */
export interface Derived {
  readonly key: SizedKey
  readonly value: number
  readonly unit: string
  /** How, in words with the numbers in it. */
  readonly reason: string
}

/** Numbers that the stack states itself. */
export type Stated = Readonly<Partial<Record<SizedKey, number>>>
