import type { Balance, SourceCounts } from '../telemetry/balance.ts'
import type { CauseCode } from '../telemetry/causes.ts'
import type { Trouble } from '../troubles.ts'
import type { Certificate } from './certificates.ts'

/** One thing to do, or to know, and the figures that it comes from. */
export interface Advice {
  /** Of the cause. There is at most one advice for each. */
  readonly code: CauseCode
  /** `act`: events wait or are at risk now. `watch`: this will happen. `hint`: it could cost less. */
  readonly severity: 'act' | 'watch' | 'hint'
  /** What it was decided by. */
  readonly facts: Readonly<Record<string, string | number>>
  readonly title: string
  /** Why, with the numbers, and what to do. */
  readonly text: string
  /** Which server, index, partition, source or instance. */
  readonly where: string
  /** What the server or program said last, in full; absent where nobody said anything. */
  readonly reason?: string
  /** Since when, in milliseconds since the epoch. */
  readonly sinceMs: number
  /** To be copied into a shell. They show more, or repair. */
  readonly commands: readonly string[]
}

/** An advice that has gone. */
export interface PastAdvice extends Pick<Advice, 'code' | 'severity' | 'title' | 'where'> {
  /** In milliseconds since the epoch, as `untilMs`. */
  readonly fromMs: number
  readonly untilMs: number
}

/** One bar of the chart; `null` where nothing was observed. */
export interface ChartPoint {
  readonly atMs: number
  readonly acceptedPerSecond: number | null
  readonly storedPerSecond: number | null
  readonly backlogMessages: number | null
}

export interface PartitionFigures {
  readonly partition: string
  readonly messages: number
  /** Messages per second, over the last 20 s; negative while it shrinks. */
  readonly trendPerSecond: number | null
  readonly secondsToDrain: number | null
}

export interface InstanceFigures {
  readonly url: string
  readonly program: 'api' | 'worker' | 'unknown'
  /** Why it does not answer; absent when it does. */
  readonly reason?: string
  /** Whether it did not answer in time, rather than refused the connection. */
  readonly timedOut: boolean
  /** What went wrong there within the last minute. */
  readonly troubles: readonly Trouble[]
  /** What it was when it answered last. */
  readonly wasProgram: 'api' | 'worker' | 'unknown'
  /** How often it was seen to have started again within the last 5 minutes. */
  readonly restarts: number
  /** Events accepted by an API, or processed by a worker, over the last 10 s. */
  readonly eventsPerSecond: number | null
  /** CPU seconds per second: 1 is one core. */
  readonly cpuCores: number | null
  readonly residentBytes: number | null
  readonly heapUsedBytes: number | null
  /** How late timers were, 99th percentile since the process was last asked: what a call waits before it is looked at. */
  readonly eventLoopLagSeconds: number | null
  readonly uptimeSeconds: number | null
  /** Bytes of calls that wait for their receipts, for an API. */
  readonly pendingBytes: number | null
  /** Whether the sources file of an API has a fault, so that the last good one is in force. */
  readonly hasSourcesFault: boolean
  /** Templates and indices that a worker cannot repair, by reason. */
  readonly indexTroubles: readonly NamedCount[]
  /** Closed lanes of a worker, by index. */
  readonly closedLanes: readonly NamedCount[]
  /** The same, by the type of the fault. */
  readonly closedLaneFaults: readonly NamedCount[]
  /** Maximum number of bulks in flight, at present, for a worker. */
  readonly mostBulksInFlight: number | null
}

export interface NamedCount {
  readonly name: string
  readonly count: number
}

export interface BulkFigures {
  readonly count: number
  /** Bulks by flush reason: `size`, `bytes`, `timeout`, `drain`. */
  readonly byReason: Readonly<Record<string, number>>
  readonly meanEvents: number | null
  /** Mean events of a bulk as a share of BULK_SIZE; above 1 where they grow while they wait for those in flight. */
  readonly fullShare: number | null
  readonly p50Seconds: number | null
  readonly p99Seconds: number | null
  /** Operations sent again, by cause, the most frequent first. */
  readonly retries: readonly NamedCount[]
}

export interface DiskFigures {
  readonly node: string
  readonly totalBytes: number
  readonly availableBytes: number
  /** Bytes that must stay free; `null` where Elasticsearch does not watch disks. */
  readonly lowFreeBytes: number | null
  readonly highFreeBytes: number | null
  readonly floodStageFreeBytes: number | null
}

export interface IndexFigures {
  readonly name: string
  readonly documents: number
  readonly bytes: number
  readonly primaryBytes: number
  readonly shards: number
  readonly replicas: number
  readonly health: string
  /** Mean size of one primary shard. */
  readonly shardBytes: number
}

/** What the index of the next period would be, at the pace of the present one. */
export interface IndexForecast {
  readonly index: string
  readonly nextIndex: string
  readonly primaryBytes: number
  readonly shards: number
}

/** Calls of one source, or of none that is known, that were answered with one status. */
export interface RefusedCalls {
  /** `unknown` for a source that is not in the sources file. */
  readonly source: string
  readonly status: number
  readonly count: number
}

/** A shard without a node, or one that does not take anything yet. */
export interface MissingShard {
  readonly index: string
  readonly shard: number
  readonly isPrimary: boolean
  /** Why it has no node, as Elasticsearch names it: `INDEX_CREATED`, `NODE_LEFT`. */
  readonly reason: string
  readonly forSeconds: number
}

/** Where the servers are, for the commands of an advice. */
export interface Place {
  readonly elasticHost: string
  readonly pulsarApi: string
  readonly sourcesFile: string
  /** Whether the programs run in pods, so that a command runs in one of them. */
  readonly isInPods: boolean
}

/** What went wrong within the last 20 s. Advice about it goes that long after its end. */
export interface RecentFigures {
  readonly seconds: number
  /** Events answered 503. */
  readonly unavailableEvents: number
  /** Requests and connections that ended before a route saw them, by reason, the most frequent first. */
  readonly unrouted: readonly NamedCount[]
  /** Events whose ids are in use for other events. */
  readonly conflicts: number
  /** Operations sent again, by cause, the most frequent first. */
  readonly retries: readonly NamedCount[]
  /** Events of the bulks that were sent. */
  readonly bulkEvents: number
  /** Calls with events that were answered 4xx, the most frequent first. */
  readonly refusedCalls: readonly RefusedCalls[]
  /** All calls with events. */
  readonly calls: number
  /** Median time of a bulk, and from publishing to the receipt of Pulsar; `null` when there was none. */
  readonly bulkP50Seconds: number | null
  readonly receiptP50Seconds: number | null
}

/** All figures of the console. Rates are per second over the last 10 s, and `null` until there were two observations. */
export interface Figures {
  readonly atMs: number
  readonly place: Place
  /** Of the servers that speak TLS. */
  readonly certificates: readonly Certificate[]
  /** Time that the counts of bulks, retries and refusals are over, at most 5 minutes. */
  readonly windowSeconds: number
  readonly acceptedPerSecond: number | null
  readonly recent: RecentFigures
  readonly storedPerSecond: number | null
  readonly duplicatesPerSecond: number | null
  /** From the receipt of an event to it being stored, within the window. */
  readonly storedP50Seconds: number | null
  readonly storedP99Seconds: number | null
  /** What became of all events since this API began to observe. */
  readonly balance: Balance & {
    /** In milliseconds since the epoch. */
    readonly sinceMs: number
    readonly sources: readonly SourceCounts[]
  }
  readonly chart: { readonly stepSeconds: number; readonly points: readonly ChartPoint[] }
  readonly queue: {
    /** Why the admin API of Pulsar does not answer; absent when it does. */
    readonly reason?: string
    readonly publishFault?: string
    /** Code of the reason for which nothing is promised; `publishFault` has its text. */
    readonly notPromised?: string
    readonly leftOut?: string
    readonly partitions: readonly PartitionFigures[]
    readonly messages: number | null
    /** Events in the backlog, with as many in each message as the API put in on average; `null` when that is unknown. */
    readonly events: number | null
    readonly eventsPerMessage: number | null
    readonly trendPerSecond: number | null
    readonly secondsToDrain: number | null
    readonly deadLetters: number | null
    /** Whether no more messages wait than are in flight: those of the bulks in flight, of the one that fills, and prefetched ones. */
    readonly isInHand: boolean
  }
  readonly bulkSize: number
  readonly bulks: BulkFigures
  /** Dead letters of the workers that run, since each began, by the type of the fault. */
  readonly faults: readonly NamedCount[]
  readonly instances: readonly InstanceFigures[]
  readonly search: {
    readonly reason?: string
    readonly status: string | null
    readonly nodes: number | null
    readonly dataNodes: number | null
    readonly activeShards: number | null
    readonly unassignedShards: number | null
    /** Shards that are not in service for 10 s or longer: those of a new index need a moment. `null` where that is unknown. */
    readonly missingShards: readonly MissingShard[] | null
    /** Why one of them has no node, in the words of Elasticsearch. */
    readonly explanation?: string
    /** Nodes of ELASTIC_HOST that do not answer. */
    readonly nodesAway: readonly string[]
    readonly disks: readonly DiskFigures[]
    readonly indices: readonly IndexFigures[]
    readonly forecast: IndexForecast | null
  }
}

/** The answer of `GET /console/state`. */
export interface State extends Figures {
  readonly version: string
  /** Where more is shown; empty where that is not configured. */
  readonly links: { readonly grafana: string; readonly kibana: string }
  readonly namesInstances: boolean
  readonly advice: readonly Advice[]
  /** What was advised before, by any API, within the last day, the latest first; at most 50. */
  readonly pastAdvice: readonly PastAdvice[]
}
