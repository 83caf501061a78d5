import { withDefaults } from './config/defaults.ts'
import { TIERS, type Tier } from './kubernetes/labels.ts'
import type { ExternalPorts } from './network/edges.ts'
import type { NamedPods } from './network/policies.ts'
import { labelsFrom } from './observability/label-list.ts'
import type { WatchedArgs } from './observability/watched.ts'
import { isExternalElasticsearch, isExternalPulsar, type PlatformArgs, type SettledPlatform } from './platform-args.ts'

/** The tiers that a platform has: not those of a Pulsar or Elasticsearch that exists already, nor those without pods. */
export function tiersOf({ pulsar, elasticsearch, observability }: SettledPlatform): readonly Tier[] {
  const ownPulsar = pulsar !== undefined
  const has: Readonly<Record<Tier, boolean>> = {
    zookeeper: ownPulsar,
    bookkeeper: ownPulsar,
    autorecovery: ownPulsar,
    broker: ownPulsar,
    proxy: ownPulsar && pulsar.proxy.replicas > 0,
    'elasticsearch-master': elasticsearch !== undefined,
    'elasticsearch-data': elasticsearch !== undefined && elasticsearch.dataNodes > 0,
    'elasticsearch-exporter': observability !== undefined,
    api: true,
    worker: true,
    'set-up': true,
  }
  return TIERS.filter((tier) => has[tier])
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

/** What alerts and dashboards ask after. */
export function watchedArgs(settled: SettledPlatform, prefix: string): WatchedArgs {
  const { site, settings, pulsar, workers, backlogHours, observability } = settled
  return {
    namespace: site.namespace,
    prefix,
    tiers: tiersOf(settled),
    authentication: pulsar?.authentication ?? true,
    settings,
    backlogHours,
    backlogPerWorker: workers.backlogPerWorker,
    workers: workers.autoscaling === 'none' ? workers.replicas : workers.maxReplicas,
    // Of servers that are not of the platform no alert asks how many there are.
    zookeepers: pulsar?.zookeeper.replicas ?? 0,
    ensemble: pulsar?.bookkeeper.ensemble ?? 0,
    scrapeSeconds: (observability ?? withDefaults('platform', 'observability', {})).scrapeSeconds,
  }
}

/** Ports of the servers that exist already. */
export function externalPorts({ pulsar = {}, elasticsearch = {} }: PlatformArgs): ExternalPorts {
  const port = (url: string) => Number(new URL(url).port || (url.startsWith('https') ? 443 : 80))
  return {
    pulsar: isExternalPulsar(pulsar) ? [...new Set([...servicePorts(pulsar.serviceUrl), port(pulsar.adminUrl)])] : [],
    elasticsearch: isExternalElasticsearch(elasticsearch) ? [...new Set(elasticsearch.url.split(',').map(port))] : [],
  }
}

/** The ports of a service URL of Pulsar, which may name several hosts; the ones of the scheme where it names none. */
function servicePorts(serviceUrl: string): readonly number[] {
  const [scheme, hosts = ''] = serviceUrl.split('://')
  const usual = scheme === 'pulsar+ssl' ? 6651 : 6650
  return hosts.split(',').map((host) => Number(/:(\d+)$/.exec(host)?.[1] ?? usual))
}
