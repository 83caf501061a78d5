/** The load that a stack is to carry. */
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
}

/** The least counts of an environment; nothing is ever sized below them. */
export interface Floor {
  readonly apiReplicas: number
  readonly workerReplicas: number
  /** With 2 or more, one broker beyond what the load needs is sized, so that one may be lost. */
  readonly brokers: number
  readonly bookies: number
  /** 0 where other nodes may hold the data; at least one node is sized all the same. */
  readonly dataNodes: number
}

/** What besides the load shapes the sizes. */
export interface Shape {
  /** Availability zones; 1 when none are stated. */
  readonly zones: number
  /** BookKeeper's copies of each entry (Qw). */
  readonly writeQuorum: number
  /** ELASTIC_INDEX_REPLICAS: copies of each primary shard. */
  readonly indexReplicas: number
  /** EVENT_PARTITIONING: the period of one event index. */
  readonly eventPartitioning: 'day' | 'month' | 'quarter' | 'year'
  /** BULK_SIZE: most events in one bulk. */
  readonly bulkSize: number
  /** MESSAGE_MAX_EVENTS: most events in one message. */
  readonly messageMaxEvents: number
  /** PULSAR_RETENTION_HOURS: how long Pulsar keeps what is acknowledged; 0 for not at all. */
  readonly retentionHours: number
  readonly floor: Floor
}
