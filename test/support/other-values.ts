import { type Group, type Key, schema } from '../../infra/config/schema.ts'
import { settings } from '../../runtime/config.ts'

type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** One key of the stack configuration, and a configuration of dev in which it has another value that is allowed. */
export interface OtherValue {
  readonly key: string
  readonly changes: Groups
}

/** For what is refused where brokers ask for no token. */
const TOKENS = { pulsar: { authentication: true } }

const OFFLOADING = {
  offload: { type: 's3', bucket: 'ledgers', region: 'eu-central-1' },
  images: { pulsar: 'apachepulsar/pulsar-all:4.0.6' },
}

const SCRAPED = { platform: { monitoringNamespaces: ['monitoring'] } }

const OLD_BOOKIES = { set: 'small', oldSet: 'first', oldReplicas: 1, oldJournalGib: 5, oldLedgersGib: 5 }
const OLD_SET = { dataSet: 'small', dataNodes: 1, oldDataSet: 'first', oldDataNodes: 1, oldDataGib: 5, oldHeapGib: 1 }

/** Keys whose other value is not simply one more, or needs another key too. */
const SPECIAL: Readonly<Record<string, Groups>> = {
  'platform.environment': { platform: { environment: 'staging' } },
  'platform.namespace': { platform: { namespace: 'other' } },
  'platform.clusterDomain': { platform: { clusterDomain: 'example.internal' } },
  'platform.zones': { platform: { zones: ['a'] } },
  'platform.monitoringPods': { platform: { monitoringNamespaces: ['x'], monitoringPods: ['app=prometheus'] } },
  'platform.context': { platform: { context: 'other' } },
  'platform.storageClass': { platform: { storageClass: 'other' } },
  'platform.acknowledge': { platform: { acknowledge: ['bookkeeper.replicas=1'] } },
  'platform.skipCheck': { platform: { skipCheck: ['bookkeeper.replicas=4>3'] } },
  'load.peakEventsPerSecond': { load: { peakEventsPerSecond: 100 } },
  'api.sourceRanges': { api: { service: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'] } },
  'api.canaryUrl': { api: { canaryUrl: 'https://events.example.com' } },
  'api.maxReplicas': { api: { autoscaling: 'cpu', maxReplicas: 4 } },
  'api.minReplicas': { api: { autoscaling: 'cpu', replicas: 2, minReplicas: 1, maxReplicas: 4 } },
  'api.targetCpuPercent': { api: { autoscaling: 'cpu', targetCpuPercent: 50 } },
  'api.ingressHost': { api: { ingressHost: 'events.example.com' } },
  'api.ingressClass': { api: { ingressHost: 'events.example.com', ingressClass: 'nginx' } },
  'api.ingressTlsSecret': { api: { ingressHost: 'events.example.com', ingressTlsSecret: 'tls' } },
  'workers.autoscaling': { workers: { autoscaling: 'hpa', maxReplicas: 4 } },
  'workers.maxReplicas': { workers: { autoscaling: 'hpa', maxReplicas: 5 } },
  'workers.minReplicas': { workers: { autoscaling: 'hpa', replicas: 2, minReplicas: 1, maxReplicas: 5 } },
  'workers.backlogPerWorker': { workers: { autoscaling: 'keda', maxReplicas: 4, backlogPerWorker: 100 }, ...TOKENS },
  'workers.kedaNamespace': { workers: { autoscaling: 'keda', maxReplicas: 4, kedaNamespace: 'scalers' }, ...TOKENS },
  'workers.targetBusyPercent': { workers: { autoscaling: 'hpa', maxReplicas: 4, targetBusyPercent: 50 } },
  'zookeeper.replicas': { zookeeper: { replicas: 3 } },
  'bookkeeper.ensemble': { bookkeeper: { replicas: 2, ensemble: 2 } },
  'bookkeeper.writeQuorum': { bookkeeper: { replicas: 2, ensemble: 2, writeQuorum: 2, ledgersGib: 12 } },
  'bookkeeper.ackQuorum': { bookkeeper: { replicas: 2, ensemble: 2, writeQuorum: 2, ackQuorum: 2, ledgersGib: 12 } },
  'proxy.replicas': { proxy: { replicas: 1 }, ...TOKENS },
  'proxy.service': { proxy: { replicas: 1, service: 'LoadBalancer' }, ...TOKENS },
  'proxy.sourceRanges': {
    proxy: { replicas: 1, service: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'] },
    ...TOKENS,
  },
  'proxy.cpuMillicores': { proxy: { replicas: 1, cpuMillicores: 600 }, ...TOKENS },
  'proxy.memoryMib': { proxy: { replicas: 1, memoryMib: 2048 }, ...TOKENS },
  'pulsar.version': { pulsar: { version: '4.0.7' } },
  'elasticsearch.version': { elasticsearch: { version: '9.2.1' } },
  'images.digests': { images: { digests: [`pulsar:4.0.6@sha256:${'0a'.repeat(32)}`] } },
  'pulsar.serviceUrl': { pulsar: { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080' } },
  'pulsar.adminUrl': { pulsar: { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8081' } },
  'pulsar.clusterName': { pulsar: { clusterName: 'other' } },
  'pulsar.authorization': { pulsar: { transport: 'native', authentication: true, authorization: true } },
  'elasticsearch.url': { elasticsearch: { url: 'http://e:9200' } },
  'elasticsearch.masterNodes': { elasticsearch: { masterNodes: 3 } },
  'elasticsearch.mastersHoldData': { elasticsearch: { mastersHoldData: false, dataNodes: 1 } },
  ...Object.fromEntries(
    Object.entries({
      oldDataSet: 'first',
      oldDataNodes: 2,
      oldDataGib: 6,
      oldHeapGib: 2,
      oldDataStorageClass: 'other',
    }).map(([key, value]) => [`elasticsearch.${key}`, { elasticsearch: { ...OLD_SET, [key]: value } }]),
  ),
  ...Object.fromEntries(
    Object.entries({
      ...{
        oldSet: 'first',
        oldReplicas: 2,
        oldJournalGib: 6,
        oldLedgersGib: 6,
        oldJournalVolumes: 2,
        oldLedgerVolumes: 2,
      },
      ...{ oldJournalStorageClass: 'other', oldLedgersStorageClass: 'other' },
    }).map(([key, value]) => [`bookkeeper.${key}`, { bookkeeper: { ...OLD_BOOKIES, [key]: value } }]),
  ),
  'elasticsearch.warmNodes': { elasticsearch: { dataNodes: 1, warmNodes: 1 } },
  'images.repository': { images: { mode: 'build', repository: 'registry.example.com/other' } },
  'images.mode': { images: { mode: 'prebuilt', runtime: 'registry.example.com/other:1' } },
  'images.runtime': { images: { mode: 'prebuilt', runtime: 'registry.example.com/other:2' } },
  'images.pulsar': { images: { pulsar: 'apachepulsar/pulsar:4.0.7' } },
  'images.elasticsearch': { images: { elasticsearch: 'docker.elastic.co/elasticsearch/elasticsearch:9.2.1' } },
  'images.pullSecret': { images: { pullSecret: 'registry' } },
  'load.meanToPeak': { load: { meanToPeak: 0.5 } },
  'runtime.EVENT_RETENTION_DAYS': { runtime: { EVENT_RETENTION_DAYS: 30 } },
  'runtime.WARM_AFTER_DAYS': { runtime: { WARM_AFTER_DAYS: 30 } },
  'runtime.SESSION_RETENTION_DAYS': { runtime: { SESSION_RETENTION_DAYS: 30 } },
  'runtime.PROFILE_RETENTION_DAYS': { runtime: { PROFILE_RETENTION_DAYS: 30 } },
  'elasticsearch.expireIndices': { elasticsearch: { expireIndices: true }, runtime: { EVENT_RETENTION_DAYS: 30 } },
  'api.ingressAnnotations': { api: { ingressHost: 'events.example.com', ingressAnnotations: ['a/b=c'] } },
  'backup.type': { backup: { type: 's3', location: 'snapshots' } },
  'backup.location': { backup: { type: 's3', location: 'other' } },
  'backup.basePath': { backup: { type: 's3', location: 'snapshots', basePath: 'dev' } },
  'backup.intervalHours': { backup: { type: 's3', location: 'snapshots', intervalHours: 3 } },
  'backup.retentionDays': { backup: { type: 's3', location: 'snapshots', retentionDays: 30 } },
  'backup.endpoint': { backup: { type: 's3', location: 'snapshots', endpoint: 'https://objects.example.com:9000' } },
  'backup.region': { backup: { type: 's3', location: 'snapshots', region: 'eu-central-1' } },
  'backup.credentialsSecret': { backup: { type: 's3', location: 'snapshots', credentialsSecret: 'snapshots' } },
  'backup.serviceAccount': { backup: { type: 's3', location: 'snapshots', serviceAccount: 'snapshots' } },
  ...Object.fromEntries(
    Object.entries({
      type: {},
      bucket: { bucket: 'other' },
      region: { region: 'eu-west-1' },
      endpoint: { endpoint: 'https://objects.example.com:9000', credentialsSecret: 'ledgers' },
      credentialsSecret: { credentialsSecret: 'ledgers' },
      serviceAccount: { serviceAccount: 'ledgers' },
      afterMinutes: { afterMinutes: 30 },
      afterGib: { afterGib: 2 },
      deletionLagMinutes: { deletionLagMinutes: 30 },
    }).map(([key, value]) => [`offload.${key}`, { ...OFFLOADING, offload: { ...OFFLOADING.offload, ...value } }]),
  ),
  'observability.monitors': { ...SCRAPED, observability: { monitors: 'podMonitor' } },
  'observability.scrapeSeconds': { ...SCRAPED, observability: { monitors: 'podMonitor', scrapeSeconds: 15 } },
  'observability.labels': { ...SCRAPED, observability: { monitors: 'podMonitor', labels: ['release=prometheus'] } },
  'observability.rules': { ...SCRAPED, observability: { monitors: 'podMonitor', rules: true } },
  'observability.runbooks': {
    ...SCRAPED,
    observability: { monitors: 'podMonitor', rules: true, runbooks: 'https://example.com/a' },
  },
  'observability.storedObjectivePercent': {
    ...SCRAPED,
    observability: { monitors: 'podMonitor', rules: true, storedObjectivePercent: 99 },
  },
  'observability.dashboards': { ...SCRAPED, observability: { monitors: 'podMonitor', dashboards: true } },
  'observability.dashboardLabels': {
    ...SCRAPED,
    observability: { monitors: 'podMonitor', dashboards: true, dashboardLabels: ['grafana=yes'] },
  },
  'observability.exporter': {
    ...SCRAPED,
    observability: { monitors: 'podMonitor', exporter: 'example.com/exporter:1' },
  },
  'runtime.OTEL_EXPORTER_OTLP_ENDPOINT': { runtime: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' } },
  'runtime.OTEL_TRACES_SAMPLER_ARG': { runtime: { OTEL_TRACES_SAMPLER_ARG: 0.5 } },
  'runtime.STORED_WITHIN_SECONDS': { runtime: { STORED_WITHIN_SECONDS: 90 } },
  'runtime.ELASTIC_INDEX_REPLICAS': { runtime: { ELASTIC_INDEX_REPLICAS: 1 }, elasticsearch: { dataNodes: 1 } },
}

/** Every key of the schema and every setting of the runtime that a stack may state, each with another value for dev. */
export function otherValues(dev: Groups, owned: ReadonlySet<string>): readonly OtherValue[] {
  const keys = Object.entries<Group>(schema).flatMap(([group, entries]) =>
    Object.entries(entries).map(([name, key]) => ({ group, name, key })),
  )
  const runtime = Object.values(settings)
    .filter(({ env }) => !owned.has(env))
    .map((key) => ({ group: 'runtime', name: key.env as string, key }))
  return [...keys, ...runtime].map(({ group, name, key }) => {
    const stated = dev[group]?.[name] ?? key.default
    return {
      key: `${group}.${name}`,
      changes: SPECIAL[`${group}.${name}`] ?? { [group]: { [name]: another(key, stated) } },
    }
  })
}

/** A value of a key that is allowed, and not this one. */
export function another(key: Key, value: unknown): unknown {
  if (key.type === 'boolean') return !(value === true || value === 'true')
  if (key.type === 'list') return [...(value as readonly string[]), 'x']
  if (key.type === 'string') return 'oneOf' in key ? key.oneOf?.find((one) => one !== value) : 'other'
  const more = Number(value) + 1
  return key.maximum !== undefined && more > key.maximum ? Number(value) - 1 : more
}
