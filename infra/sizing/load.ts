import { bytes, counted } from './figures.ts'

/** The load that a stack is to carry, and what it must survive. */
export interface Load {
  /** Events a second at peak, 1 to 1,000,000. */
  readonly peakEventsPerSecond: number
  /** Events that one `POST /track` carries on average, 1 to 1,000. */
  readonly eventsPerCall: number
  /** JSON bytes of one event on the wire, on average, 50 to 100,000. */
  readonly eventBytes: number
  /** Mean rate of a day as a part of the peak, 0.01 to 1. */
  readonly meanToPeak: number
  /** Days that events stay in Elasticsearch, 1 to 3,650. */
  readonly retentionDays: number
  /** Hours at peak rate for which Pulsar must hold events while Elasticsearch is down, 1 to 336. */
  readonly backlogHours: number
  /** Events of one session on average, 1 to 100,000: each session is a document. */
  readonly eventsPerSession: number
  /** Sessions of one profile on average, 1 to 100,000: each profile is a document. */
  readonly sessionsPerProfile: number
  /** Days of new sessions and profiles for which the disks have room where nothing deletes them, 1 to 3,650. */
  readonly stateDays: number
  /** Newest days of events that are searched often and need the memory of hot data, 1 to 3,650. */
  readonly hotDays: number
  /** Whether older events lie on nodes of their own. */
  readonly warmTier: boolean
  /** Searches a second at peak, 0 to 100,000. */
  readonly queriesPerSecond: number
  /** Maximum hours for storing a full backlog while the mean load continues, 1 to 336; 0: no requirement. */
  readonly catchUpHours: number
  /** Whether one node of each kind may be lost: the others carry the load and have room for its copies. */
  readonly surviveNode: boolean
  /** The same for a whole zone, where there are several. */
  readonly surviveZone: boolean
}

/** The least counts of an environment; nothing is ever sized below them. */
export interface Floor {
  readonly apiReplicas: number
  readonly workerReplicas: number
  readonly brokers: number
  readonly bookies: number
  readonly bookieMemoryMib: number
  /** 0 where other nodes may hold the data; at least one node is sized anyway. */
  readonly dataNodes: number
}

/** CPU of one pod of each kind, in cores, as the stack requests it. */
export interface Cores {
  readonly api: number
  readonly worker: number
  readonly broker: number
  readonly bookie: number
}

/** What besides the load shapes the sizes. */
export interface Shape {
  /** Availability zones; 1 when none are stated. */
  readonly zones: number
  /** BookKeeper's copies of each entry (Qw). */
  readonly writeQuorum: number
  /** ELASTIC_INDEX_REPLICAS: copies of each primary shard. */
  readonly indexReplicas: number
  /** Replicas of an index on warm nodes. */
  readonly warmReplicas: number
  /** EVENT_PARTITIONING: the period of one event index. */
  readonly eventPartitioning: Period
  /** BULK_SIZE: maximum number of events in one bulk. */
  readonly bulkSize: number
  /** MESSAGE_MAX_EVENTS: maximum number of events in one message. */
  readonly messageMaxEvents: number
  /** PREFETCH_MESSAGES: messages that wait in a worker for each partition. */
  readonly prefetchMessages: number
  /** PULSAR_RETENTION_HOURS: how long Pulsar keeps what is acknowledged; 0 for not at all. */
  readonly retentionHours: number
  /** Hours for which bookies have a closed ledger, before it is only in the object store. Absent: they have it for as long as it is kept. */
  readonly offloadHours?: number
  /** SESSION_RETENTION_DAYS and PROFILE_RETENTION_DAYS where they are deleted after that; 0 where they never are. */
  readonly sessionRetentionDays: number
  readonly profileRetentionDays: number
  readonly cores: Cores
  readonly floor: Floor
}

export type Period = 'day' | 'month' | 'quarter' | 'year'

/** Days of the longest period of each partitioning. */
export const PERIOD_DAYS: Readonly<Record<Period, number>> = { day: 1, month: 31, quarter: 92, year: 366 }

const LONGEST_FIRST: readonly Period[] = ['year', 'quarter', 'month']
const SHORTER: Readonly<Record<Period, Period>> = { year: 'quarter', quarter: 'month', month: 'day', day: 'day' }
/** An index is kept until its last day is past the retention: with ten periods that is a tenth more on disk at most. */
const LEAST_PERIODS = 10

/** Why that period fits, in words with the numbers in it. */
export function periodReason(
  period: Period,
  retentionDays: number,
  bytesPerDay: number,
  minShardBytes: number,
): string {
  const kept = `${period}: ${counted(retentionDays, 'day')} of ${bytes(bytesPerDay)} each are kept`
  if (period === 'day') return `${kept}, and whole days are deleted`
  return (
    `${kept}; one index of a ${SHORTER[period]} would have less than the ${bytes(minShardBytes)} of a shard, and ` +
    `${LEAST_PERIODS} of a ${period} fit the retention`
  )
}

/**
 * The period that fits a load: the longest one that adds at most a tenth to what is kept, and only where the next
 * shorter one would make indices smaller than a shard should be.
 *
 * @param bytesPerDay of one copy of the events.
 * @param minShardBytes that a shard should have at the end of its period.
 */
export function fittingPeriod(retentionDays: number, bytesPerDay: number, minShardBytes: number): Period {
  const fits = (period: Period) =>
    retentionDays >= LEAST_PERIODS * PERIOD_DAYS[period] && bytesPerDay * PERIOD_DAYS[SHORTER[period]] < minShardBytes
  return LONGEST_FIRST.find(fits) ?? 'day'
}
