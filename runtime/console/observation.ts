import type { IndexReport } from '../search/retention.ts'
import type { Reading } from '../telemetry/counters.ts'
import type { Result } from '../telemetry/instances.ts'
import type { Trouble } from '../troubles.ts'
import type { Certificate } from './certificates.ts'
import type { MissingShard } from './state.ts'

export interface InstanceAnswer {
  /** Base URL of the listener that has its metrics; the name of a host that has no address when it cannot be found. */
  readonly url: string
  readonly answer: Result<Reading>
  /** What it says of what went wrong; absent where it does not answer. */
  readonly troubles?: readonly Trouble[]
}

export interface PartitionBacklog {
  readonly partition: string
  readonly messages: number
}

export interface QueueState {
  /** Messages that are not yet acknowledged, by partition, in the order of their numbers. */
  readonly partitions: readonly PartitionBacklog[]
  /** Dead letters that wait. */
  readonly deadLetters: number
}

/** The disk of one node of Elasticsearch. */
export interface NodeDisk {
  readonly node: string
  readonly totalBytes: number
  readonly availableBytes: number
}

/** One limit of Elasticsearch for a disk, as its settings have it. */
export interface Watermark {
  /** `85%` or `0.85` of the disk in use, or what has to stay free: `500mb`. */
  readonly limit: string
  /** Most that has to stay free of a large disk, when the limit is a share: `200gb`; `-1` for no such bound. */
  readonly maxHeadroom: string
}

/** What Elasticsearch does as a disk fills: gives it no new shards, moves shards away, blocks writing. */
export interface Watermarks {
  readonly low: Watermark
  readonly high: Watermark
  readonly floodStage: Watermark
}

/** What a cluster says of itself without delay, however large it is. */
export interface ClusterHealth {
  readonly status: string
  readonly nodes: number
  readonly dataNodes: number
  readonly activeShards: number
  readonly unassignedShards: number
  /** Shards that are not in service; none while the status is green, and `null` where that may not be read. */
  readonly missingShards: readonly MissingShard[] | null
  /** Why one of them has no node. */
  readonly explanation?: string
}

export interface SearchState extends ClusterHealth {
  /** Nodes of ELASTIC_HOST that did not answer this API, by their address. */
  readonly nodesAway: readonly string[]
  readonly indices: readonly IndexReport[]
  readonly disks: readonly NodeDisk[]
  /** `null` when the cluster does not watch its disks. */
  readonly watermarks: Watermarks | null
}

/** Everything that was observed at one moment, including what did not answer. */
export interface Observation {
  readonly atMs: number
  readonly instances: readonly InstanceAnswer[]
  readonly queue: Result<QueueState>
  readonly search: Result<SearchState>
  /** Why this API cannot publish at present; `undefined` when it can. */
  readonly publishFault: string | undefined
  /** Code of the reason for which it promises nothing, since what is published might be read by nobody. */
  readonly notPromised?: string | undefined
  /** Of the servers that speak TLS. */
  readonly certificates?: readonly Certificate[]
  /** Partitions that it skips while others accept messages, and why. */
  readonly leftOut?: string | undefined
}
