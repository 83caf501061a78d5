import { withDefaults } from './config/defaults.ts'
import { nodeSets } from './elasticsearch/node-sets.ts'
import { KEEPER_RESOURCES } from './kubernetes/budget-keeper.ts'
import { labelsFrom } from './kubernetes/labels.ts'
import type { Resources } from './kubernetes/pod.ts'
import { TIER_NAMES, type Tier } from './kubernetes/tiers.ts'
import type { ExternalPorts } from './network/edges.ts'
import type { NamedPods } from './network/policies.ts'
import { EXPORTER_RESOURCES, type MonitoredStackArgs } from './observability/monitored-stack.ts'
import { isExternalElasticsearch, isExternalPulsar, type PlatformArgs, type SettledPlatform } from './platform-args.ts'

/** How many pods a tier has, and what each of them asks for. */
export interface TierSize extends Resources {
  readonly pods: number
  /** Volumes of one pod. */
  readonly diskGib: number
}

/** The size of each tier of a platform, without what runs only for set-up, without sets that go, and at the minimum of a scaler. */
export function sizesOf({
  site,
  pulsar,
  elasticsearch,
  observability,
  api,
  workers,
}: SettledPlatform): ReadonlyMap<Tier, TierSize> {
  const of = (pods: number, { cpuMillicores, memoryMib }: Resources, diskGib = 0) => ({
    pods,
    cpuMillicores,
    memoryMib,
    diskGib,
  })
  const sizes: [Tier, TierSize][] = []
  if (pulsar !== undefined) {
    const { zookeeper, bookkeeper, autorecovery, broker, proxy } = pulsar
    sizes.push(
      ['zookeeper', of(zookeeper.replicas, zookeeper, zookeeper.diskGib)],
      ['bookkeeper', of(bookkeeper.replicas, bookkeeper, bookkeeper.journalGib + bookkeeper.ledgersGib)],
      ['autorecovery', of(autorecovery.replicas, autorecovery)],
      ['broker', of(broker.replicas, broker)],
      ['proxy', of(proxy.replicas, proxy)],
    )
  }
  for (const { tier, share, resources, diskGib } of elasticsearch
    ? nodeSets('elasticsearch', elasticsearch, site).filter(({ leaves }) => !leaves)
    : []) {
    // The sets of all zones together.
    const before = sizes.findLast(([name]) => name === tier)?.[1].pods ?? 0
    sizes.push([tier, of(before + share.replicas, resources, diskGib)])
  }
  if (pulsar !== undefined || elasticsearch !== undefined) sizes.push(['budget-keeper', of(1, KEEPER_RESOURCES)])
  if (observability !== undefined) sizes.push(['elasticsearch-exporter', of(1, EXPORTER_RESOURCES)])
  sizes.push(['api', of(api.replicas, api)], ['worker', of(workers.replicas, workers)])
  return new Map(sizes.filter(([, { pods }]) => pods > 0))
}

/** The tiers of a platform, without those of an existing Pulsar or Elasticsearch, and without those that have no pods. */
export function tiersOf(settled: SettledPlatform): readonly Tier[] {
  const sizes = sizesOf(settled)
  return TIER_NAMES.filter((tier) => tier === 'set-up' || sizes.has(tier))
}

/** The label of KEDA's operator, which alone asks the scalers. */
const KEDA_OPERATOR = { app: 'keda-operator' }

/** Who of other namespaces is let in: nobody that the platform does not name. */
export function namedPods({ access, workers }: SettledPlatform): NamedPods {
  const { monitoringNamespaces, monitoringPods, operatorNamespaces } = access
  const scrapers = { namespaces: monitoringNamespaces, labels: labelsFrom(monitoringPods) }
  return {
    ...(monitoringNamespaces.length > 0 ? { scrapers } : {}),
    ...(operatorNamespaces.length > 0 ? { operators: { namespaces: operatorNamespaces } } : {}),
    ...(workers.autoscaling === 'keda' ? { keda: { namespaces: [workers.kedaNamespace], labels: KEDA_OPERATOR } } : {}),
  }
}

/** What alerts and dashboards query. */
export function monitoredArgs(settled: SettledPlatform, prefix: string): MonitoredStackArgs {
  const { site, settings, pulsar, workers, backlogHours, observability, backup } = settled
  const { sizedEventsPerSecond, sizedEventBytes } = settled
  const { scrapeSeconds, storedObjectivePercent } = observability ?? withDefaults('platform', 'observability', {})
  return {
    namespace: site.namespace,
    prefix,
    tiers: tiersOf(settled),
    authentication: pulsar?.authentication ?? true,
    snapshotHours: backup.type === 'none' ? 0 : backup.intervalHours,
    settings,
    backlogHours,
    sizedEventsPerSecond,
    sizedEventBytes,
    backlogPerWorker: workers.backlogPerWorker,
    workers: workers.autoscaling === 'none' ? workers.replicas : workers.maxReplicas,
    // Of servers that are not of the platform no alert asks how many there are.
    zookeepers: pulsar?.zookeeper.replicas ?? 0,
    ensemble: pulsar?.bookkeeper.ensemble ?? 0,
    scrapeSeconds,
    storedObjectivePercent,
  }
}

/** Ports of the existing servers. */
export function externalPorts({ pulsar = {}, elasticsearch = {}, settings = {} }: PlatformArgs): ExternalPorts {
  const { otlpEndpoint = '' } = settings
  const port = (url: string) => Number(new URL(url).port || (url.startsWith('https') ? 443 : 80))
  return {
    pulsar: isExternalPulsar(pulsar) ? [...new Set([...servicePorts(pulsar.serviceUrl), port(pulsar.adminUrl)])] : [],
    elasticsearch: isExternalElasticsearch(elasticsearch) ? [...new Set(elasticsearch.url.split(',').map(port))] : [],
    collector: otlpEndpoint === '' ? [] : [port(otlpEndpoint)],
  }
}

/** The ports of a service URL of Pulsar, which may name several hosts; the ones of the scheme where it names none. */
function servicePorts(serviceUrl: string): readonly number[] {
  const [scheme, hosts = ''] = serviceUrl.split('://')
  const usual = scheme === 'pulsar+ssl' ? 6651 : 6650
  return hosts.split(',').map((host) => Number(/:(\d+)$/.exec(host)?.[1] ?? usual))
}
