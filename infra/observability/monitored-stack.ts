import { type Config, storedWithinSecondsOf } from '../../runtime/config.ts'
import { partitionPattern, topicsOf } from '../../runtime/names.ts'
import type { Resources } from '../kubernetes/pod.ts'
import { scrapedOf, type Tier } from '../kubernetes/tiers.ts'

/** A certificate that the stack has made. */
export interface Certificate {
  readonly name: string
  /** When it ends, as an instant of ISO 8601. */
  readonly notAfter: string
}

/** What alerts and dashboards query: the stack by the names and numbers of its configuration. */
export interface MonitoredStack {
  /** Namespace of Kubernetes. */
  readonly namespace: string
  /** What the names of the tiers begin with. */
  readonly prefix: string
  /** Hours between two snapshots of Elasticsearch; 0 where the platform makes none. */
  readonly snapshotHours: number
  /** Tiers that are scraped. */
  readonly tiers: readonly Tier[]
  /** `persistent://tenant/namespace/topic`; each partition is a topic of that name and `-partition-n`. */
  readonly topic: string
  readonly subscription: string
  readonly deadLetterTopic: string
  readonly backlogHours: number
  /** The load for which the stack is sized: events a second at peak, and bytes of one copy of an event on disk; 0 where none is stated. */
  readonly sizedEventsPerSecond: number
  readonly sizedEventBytes: number
  /** Backlog that is worth a worker, in messages. */
  readonly backlogPerWorker: number
  /** Most workers that there may be. */
  readonly workers: number
  readonly bulkSize: number
  readonly bulkTimeoutSeconds: number
  readonly queryTimeoutSeconds: number
  /** Service level: events should be stored within this time, these many of a hundred. */
  readonly storedWithinSeconds: number
  readonly storedObjectivePercent: number
  readonly zookeepers: number
  /** Bookies over which a new ledger is striped: with fewer that take writes there is none. */
  readonly ensemble: number
  /** Time between two scrapes. */
  readonly scrapeSeconds: number
  readonly certificates: readonly Certificate[]
}

/** What of a platform is monitored. */
export interface MonitoredStackArgs {
  readonly namespace: string
  /** What the names of the tiers begin with. */
  readonly prefix: string
  /** Every tier of the platform. */
  readonly tiers: readonly Tier[]
  /** Whether the brokers ask for a token: where they do not, nobody is let to their metrics. */
  readonly authentication: boolean
  /** Hours between two snapshots of Elasticsearch; 0 where the platform makes none. */
  readonly snapshotHours: number
  /** Settings of API and workers. */
  readonly settings: Config
  /** How long the queue must hold everything while Elasticsearch is down, in hours. */
  readonly backlogHours: number
  /** Events a second for which the stack is sized; 0 where no load is stated. */
  readonly sizedEventsPerSecond: number
  /** Bytes of one copy of an event on disk for which it is sized; 0 where no load is stated. */
  readonly sizedEventBytes: number
  /** Backlog for which one more worker is worth it, in messages. */
  readonly backlogPerWorker: number
  /** Most workers that there may be. */
  readonly workers: number
  readonly zookeepers: number
  /** Bookies over which a ledger is striped. */
  readonly ensemble: number
  /** Time between two scrapes. */
  readonly scrapeSeconds: number
  /** Part of the messages that should be stored in time, in percent. */
  readonly storedObjectivePercent: number
}

export function monitoredStackOf(args: MonitoredStackArgs, certificates: readonly Certificate[]): MonitoredStack {
  const { settings: runtime, authentication, tiers, ...stack } = args
  const topics = topicsOf(runtime)
  return {
    ...stack,
    tiers: scrapedOf(tiers, authentication),
    topic: topics.events,
    subscription: topics.eventsSubscription,
    deadLetterTopic: topics.deadLetters,
    bulkSize: runtime.bulkSize,
    bulkTimeoutSeconds: runtime.bulkTimeoutSeconds,
    queryTimeoutSeconds: runtime.elasticQueryTimeoutSeconds,
    storedWithinSeconds: storedWithinSecondsOf(runtime),
    certificates,
  }
}

/**
 * What selects the samples of a tier: the operator names the job of a PodMonitor `namespace/name`. Labels of the pods would
 * not do, because Pulsar has labels of its own under the same names.
 */
export function of(
  { namespace, prefix }: Pick<MonitoredStack, 'namespace' | 'prefix'>,
  tier: Tier,
  ...more: readonly string[]
): string {
  return `{${[`job="${namespace}/${prefix}${tier}"`, ...more].join(',')}}`
}

/** What selects the partitions of the topic among the topics of the brokers. */
export function partitions({ topic }: Pick<MonitoredStack, 'topic'>): string {
  return `topic=~"${partitionPattern(topic)}"`
}

/** What the exporter for Elasticsearch takes. It asks when it is asked, and keeps nothing. */
export const EXPORTER_RESOURCES: Resources = { cpuMillicores: 50, memoryMib: 128 }
