import type { Plan } from './config/resolved.ts'
import { withSecrets } from './config/source-secrets.ts'
import type { ExternalElasticsearch, ExternalPulsar, PlatformSettings } from './platform-args.ts'
import { DAY_SECONDS, type Demand } from './sizing/demand.ts'

/** What the platform of a stack is made from: the one place that turns the configuration of a stack into arguments. */
export function platformSettings(plan: Plan): PlatformSettings {
  const { environment, namespace, createNamespace, clusterDomain, zones, storageClass, cpuLimits } = plan.platform
  const { monitoringNamespaces, monitoringPods, operatorNamespaces, acknowledge } = plan.platform
  const { drainMinutes: minutes, drainedVolumes: volumes, skipCheck } = plan.platform
  const { kedaNamespace, ...workers } = plan.workers
  const { monitors, ...observability } = plan.observability
  return {
    environment,
    namespace,
    createNamespace,
    clusterDomain,
    zones,
    storageClass,
    cpuLimits,
    pullSecret: plan.images.pullSecret,
    pulsar: pulsarOf(plan),
    elasticsearch: elasticsearchOf(plan),
    ...(plan.backup.type === 'none' ? {} : { backup: plan.backup }),
    api: plan.api,
    workers,
    kedaNamespace,
    settings: plan.runtime,
    sources: withSecrets(plan.sources, plan.sourceSecrets),
    expireIndices: plan.elasticsearch.expireIndices,
    monitoringNamespaces,
    monitoringPods,
    operatorNamespaces,
    ...(monitors === 'none' ? {} : { observability }),
    backlogHours: plan.load.backlogHours,
    ...(plan.demand === undefined ? {} : sizedFor(plan.load, plan.demand)),
    acknowledge,
    drain: { minutes, volumes, skipCheck },
  }
}

/** The load above which an alert fires. */
function sizedFor({ peakEventsPerSecond, meanToPeak }: Plan['load'], { storedBytesPerDay }: Demand) {
  const eventsPerDay = peakEventsPerSecond * meanToPeak * DAY_SECONDS
  return { sizedEventsPerSecond: peakEventsPerSecond, sizedEventBytes: Math.ceil(storedBytesPerDay / eventsPerDay) }
}

function pulsarOf(plan: Plan): NonNullable<PlatformSettings['pulsar']> {
  const { zookeeper, bookkeeper, autorecovery, broker, proxy, offload, images, secrets } = plan
  const { serviceUrl, adminUrl, ...cluster } = plan.pulsar
  if (serviceUrl === '')
    return { ...cluster, image: images.pulsar, zookeeper, bookkeeper, autorecovery, broker, proxy, offload }
  const token = secrets.pulsarToken === undefined ? {} : { token: secrets.pulsarToken }
  return { serviceUrl, adminUrl, transport: cluster.transport, ...token } satisfies ExternalPulsar
}

function elasticsearchOf({ elasticsearch, images, secrets }: Plan): NonNullable<PlatformSettings['elasticsearch']> {
  const { url, expireIndices: _platform, ...cluster } = elasticsearch
  if (url === '') return { ...cluster, image: images.elasticsearch }
  const { elasticApiKey: apiKey, elasticUsername: username, elasticPassword: password } = secrets
  return {
    url,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  } satisfies ExternalElasticsearch
}
