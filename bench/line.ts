/** Every line of the table, in its order. */
export const lineIds = [
  'ceiling',
  'ceiling-large',
  'ceiling-states',
  'helper',
  'go',
  'worker-native',
  'worker-websocket',
  'chain',
  'edge',
  'null-sink',
  'latency',
] as const

export type LineId = (typeof lineIds)[number]

/** Every line that is measured for each number of shards. */
export const shardLineIds = ['ceiling', 'ceiling-by-shard', 'worker', 'chain', 'stored-time'] as const

export type ShardLineId = (typeof shardLineIds)[number]

/** What one round of one line gave. */
export interface Outcome {
  /** What the figure is of: `ceiling, 2 in flight`. */
  readonly name: string
  readonly eventsPerSecond: number
  /** CPU time of each process in microseconds for each event. */
  readonly cpuMicrosPerEvent: Readonly<Record<string, number>>
  /** Most memory held by each process, in MB. */
  readonly rssMb: Readonly<Record<string, number>>
  /** From when a call was due to its answer, in milliseconds. */
  readonly latencyMs?: { readonly p50: number; readonly p99: number }
}
