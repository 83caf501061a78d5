import type { Plan } from '../config/plan.ts'
import type { Tier } from '../kubernetes/labels.ts'

/** A certificate that the stack has made. */
export interface Certificate {
  readonly name: string
  /** When it ends, as an instant of ISO 8601. */
  readonly notAfter: string
}

/** What alerts and dashboards ask after: the stack by the names and numbers of its configuration. */
export interface Watched {
  /** Namespace of Kubernetes. */
  readonly namespace: string
  /** Tiers that are scraped. */
  readonly tiers: readonly Tier[]
  /** `persistent://tenant/namespace/topic`; each partition is a topic of that name and `-partition-n`. */
  readonly topic: string
  readonly subscription: string
  readonly deadLetterTopic: string
  readonly backlogHours: number
  /** Backlog that is worth a worker, in messages. */
  readonly backlogPerWorker: number
  /** Most workers that there may be. */
  readonly workers: number
  readonly bulkSize: number
  readonly bulkTimeoutSeconds: number
  readonly queryTimeoutSeconds: number
  readonly zookeepers: number
  /** Bookies over which a new ledger is striped: with fewer that take writes there is none. */
  readonly ensemble: number
  /** Time between two scrapes. */
  readonly scrapeSeconds: number
  readonly certificates: readonly Certificate[]
}

/**
 * Those tiers that tell metrics to a scraper, among all of a stack: brokers and proxies only where they ask for a token, because
 * nobody is let to their port otherwise.
 */
export function scrapedOf(tiers: readonly Tier[], authenticated: boolean): readonly Tier[] {
  const silent: readonly Tier[] = ['set-up', 'elasticsearch-master', 'elasticsearch-data']
  const guarded: readonly Tier[] = ['broker', 'proxy']
  return tiers.filter((tier) => !silent.includes(tier) && (authenticated || !guarded.includes(tier)))
}

export function watchedOf(
  plan: Pick<
    Plan,
    'platform' | 'load' | 'workers' | 'pulsar' | 'zookeeper' | 'bookkeeper' | 'runtime' | 'observability'
  >,
  tiers: readonly Tier[],
  certificates: readonly Certificate[],
): Watched {
  const { platform, load, workers, zookeeper, bookkeeper, runtime, observability } = plan
  const topic = `persistent://${runtime.pulsarTenant}/${runtime.pulsarNamespace}/${runtime.pulsarTopic}`
  return {
    namespace: platform.namespace,
    tiers: scrapedOf(tiers, plan.pulsar.authentication),
    topic,
    subscription: runtime.pulsarSubscription,
    // The name that Pulsar's own clients give to a dead-letter topic, and so the runtime.
    deadLetterTopic: `${topic}-${runtime.pulsarSubscription}-DLQ`,
    backlogHours: load.backlogHours,
    backlogPerWorker: workers.backlogPerWorker,
    workers: workers.autoscaling === 'none' ? workers.replicas : workers.maxReplicas,
    bulkSize: runtime.bulkSize,
    bulkTimeoutSeconds: runtime.bulkTimeoutSeconds,
    queryTimeoutSeconds: runtime.elasticQueryTimeoutSeconds,
    zookeepers: zookeeper.replicas,
    ensemble: bookkeeper.ensemble,
    scrapeSeconds: observability.scrapeSeconds,
    certificates,
  }
}
