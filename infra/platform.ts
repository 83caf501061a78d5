import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Output, type Resource, secret } from '@pulumi/pulumi'
import type { Plan } from './config/plan.ts'
import { withSecrets } from './config/source-secrets.ts'
import { Elasticsearch } from './elasticsearch/elasticsearch.ts'
import type { SearchAccess } from './elasticsearch/endpoint.ts'
import type { Images } from './images.ts'
import { checksumOfSecrets } from './kubernetes/checksum.ts'
import { labelsOf, TIERS, type Tier } from './kubernetes/labels.ts'
import type { Site } from './kubernetes/site.ts'
import { type ExternalPorts, edgesOf, type Outside } from './network/edges.ts'
import { type NamedPods, NetworkPolicies } from './network/policies.ts'
import { labelsFrom } from './observability/label-list.ts'
import { Observability } from './observability/observability.ts'
import type { PulsarAccess } from './pulsar/endpoint.ts'
import { Pulsar } from './pulsar/pulsar.ts'
import { Api } from './runtime/api.ts'
import { imageCheck } from './runtime/image-check.ts'
import { Replay } from './runtime/replay.ts'
import { Retention } from './runtime/retention.ts'
import { SetUp } from './runtime/set-up.ts'
import { Workers } from './runtime/workers.ts'
import { factsOf } from './safety/facts.ts'
import { Guard } from './safety/guard.ts'
import { protection } from './safety/protection.ts'

export interface PlatformArgs {
  readonly plan: Plan
  readonly images: Images
}

/**
 * The whole pipeline: Pulsar and Elasticsearch, or those that exist already, set-up, API and workers, in one namespace.
 * Tiers are made and changed one after the other, each when the one it stands on is ready.
 */
export class Platform extends ComponentResource {
  readonly trackUrl: string
  /** The operators' token, a secret. */
  readonly consoleToken: Output<string>
  readonly namespace: k8s.core.v1.Namespace

  constructor(name: string, { plan, images }: PlatformArgs, opts: ComponentResourceOptions = {}) {
    const made: { namespace?: k8s.core.v1.Namespace } = {}
    const protect = protection(plan.platform.environment, () => made.namespace)
    super(
      'tracardi-at-scale:index:Platform',
      name,
      {},
      { ...opts, transformations: [protect, ...(opts.transformations ?? [])] },
    )
    const site = siteOf(plan)
    const child = { parent: this }
    this.namespace = namespaceOf(site, this)
    made.namespace = this.namespace
    const ready = [this.namespace]
    const guard = new Guard(
      'guard',
      { site, facts: factsOf(plan, site), acknowledged: plan.platform.acknowledge },
      { ...child, dependsOn: ready },
    )
    const tiers = tiersOf(plan)
    const named = namedPods(plan)
    const edges = edgesOf({
      tiers: new Set(tiers),
      outside: new Set(Object.keys(named) as Outside[]),
      external: externalPorts(plan),
      authenticated: plan.pulsar.authentication,
    })
    const network = new NetworkPolicies('network', { site, tiers, edges, named }, { ...child, dependsOn: [guard] })
    const base: Resource[] = [network]
    // Beside the servers: a wrong image is known before they are ready, and before anything of the runtime waits for it.
    const check = imageCheck(site, images.runtime, { ...child, dependsOn: base })
    const pulsar = pulsarOf(plan, site, images, { ...child, dependsOn: base })
    const search = searchOf(plan, site, images, { ...child, dependsOn: base })
    const access = { plan, pulsar, search: search.endpoint }
    const setUp = new SetUp(
      'set-up',
      {
        site,
        image: images.runtime,
        pulsarImage: images.pulsar,
        plan,
        access,
        ownsPulsar: plan.pulsar.serviceUrl === '',
      },
      { ...child, dependsOn: [...base, check, ...pulsar.dependsOn, ...search.dependsOn] },
    )
    const program = { site, image: images.runtime, access }
    const api = new Api(
      'api',
      { ...program, config: plan.api, sources: withSecrets(plan.sources, plan.sourceSecrets) },
      { ...child, dependsOn: [setUp] },
    )
    new Workers('worker', { ...program, config: plan.workers }, { ...child, dependsOn: [api] })
    new Replay('replay', program, { ...child, dependsOn: [setUp] })
    if (plan.elasticsearch.expireIndices) new Retention('retention', program, { ...child, dependsOn: [setUp] })
    if (plan.observability.monitors !== 'none') {
      const watch = { site, plan, tiers, search: search.endpoint }
      new Observability('observability', watch, { ...child, dependsOn: [...base, ...search.dependsOn] })
    }
    this.trackUrl = api.trackUrl
    this.consoleToken = api.consoleToken
    this.registerOutputs({ trackUrl: this.trackUrl })
  }
}

function siteOf({ platform, images }: Plan): Site {
  const { environment, namespace, zones, storageClass, cpuLimits } = platform
  return { environment, namespace, zones, storageClass, cpuLimits, pullSecret: images.pullSecret }
}

function namespaceOf(site: Site, parent: Resource): k8s.core.v1.Namespace {
  return new k8s.core.v1.Namespace(
    'namespace',
    {
      metadata: {
        name: site.namespace,
        labels: {
          'app.kubernetes.io/part-of': 'tracardi',
          'app.kubernetes.io/managed-by': 'pulumi',
          // The API server refuses pods that ask for more rights than they need.
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
          'pod-security.kubernetes.io/audit': 'restricted',
        },
      },
    },
    // Another name would be another namespace, and the old one would be deleted with all that is in it. The guard says so.
    { parent, ignoreChanges: ['metadata.name'] },
  )
}

/** The tiers that a stack has: not those of a Pulsar or Elasticsearch that exists already, nor those without pods. */
function tiersOf({ pulsar, proxy, elasticsearch, observability }: Plan): readonly Tier[] {
  const ownPulsar = pulsar.serviceUrl === ''
  const ownSearch = elasticsearch.url === ''
  const has: Readonly<Record<Tier, boolean>> = {
    zookeeper: ownPulsar,
    bookkeeper: ownPulsar,
    autorecovery: ownPulsar,
    broker: ownPulsar,
    proxy: ownPulsar && proxy.replicas > 0,
    'elasticsearch-master': ownSearch,
    'elasticsearch-data': ownSearch && elasticsearch.dataNodes > 0,
    'elasticsearch-exporter': observability.monitors !== 'none',
    api: true,
    worker: true,
    'set-up': true,
  }
  return TIERS.filter((tier) => has[tier])
}

/** The label of KEDA's operator, which alone asks the scalers. */
const KEDA_OPERATOR = { app: 'keda-operator' }

/** Who of other namespaces is let in: nobody that the stack does not name. */
function namedPods({ platform, workers }: Plan): NamedPods {
  const { monitoringNamespaces, monitoringPods, operatorNamespaces } = platform
  const scrapers = { namespaces: monitoringNamespaces, labels: labelsFrom(monitoringPods) }
  return {
    ...(monitoringNamespaces.length > 0 ? { scrapers } : {}),
    ...(operatorNamespaces.length > 0 ? { operators: { namespaces: operatorNamespaces } } : {}),
    ...(workers.autoscaling === 'keda' ? { keda: { namespaces: [workers.kedaNamespace], labels: KEDA_OPERATOR } } : {}),
  }
}

function externalPorts({ pulsar, elasticsearch }: Plan): ExternalPorts {
  const port = (url: string) => Number(new URL(url).port || (url.startsWith('https') ? 443 : 80))
  const pulsarPorts = () => [...new Set([...servicePorts(pulsar.serviceUrl), port(pulsar.adminUrl)])]
  return {
    pulsar: pulsar.serviceUrl === '' ? [] : pulsarPorts(),
    elasticsearch: elasticsearch.url === '' ? [] : [...new Set(elasticsearch.url.split(',').map(port))],
  }
}

/** The ports of a service URL of Pulsar, which may name several hosts; the ones of the scheme where it names none. */
function servicePorts(serviceUrl: string): readonly number[] {
  const [scheme, hosts = ''] = serviceUrl.split('://')
  const usual = scheme === 'pulsar+ssl' ? 6651 : 6650
  return hosts.split(',').map((host) => Number(/:(\d+)$/.exec(host)?.[1] ?? usual))
}

function pulsarOf(plan: Plan, site: Site, images: Images, opts: ComponentResourceOptions): PulsarAccess {
  const { serviceUrl, adminUrl } = plan.pulsar
  if (serviceUrl === '') return new Pulsar('pulsar', { site, image: images.pulsar, plan }, opts)
  const endpoint = { serviceUrl, adminUrl }
  if (plan.secrets.pulsarToken === undefined) return { endpoint, dependsOn: [] }
  const tokens = credentials('pulsar-token', { token: plan.secrets.pulsarToken }, site, opts)
  return {
    endpoint,
    tokenSecrets: { admin: 'pulsar-token', api: 'pulsar-token', worker: 'pulsar-token' },
    tokenDigest: checksumOfSecrets(plan.secrets.pulsarToken),
    dependsOn: [tokens],
  }
}

function searchOf(plan: Plan, site: Site, images: Images, opts: ComponentResourceOptions): SearchAccess {
  const { url } = plan.elasticsearch
  if (url === '') {
    const indexPrefix = plan.runtime.indexPrefix
    return new Elasticsearch('elasticsearch', { site, image: images.elasticsearch, plan, indexPrefix }, opts)
  }
  const { elasticApiKey, elasticUsername, elasticPassword } = plan.secrets
  if (elasticApiKey !== undefined) {
    const made = credentials('elasticsearch-credentials', { apiKey: elasticApiKey }, site, opts)
    const digest = checksumOfSecrets(elasticApiKey)
    return { endpoint: { url, apiKeySecret: 'elasticsearch-credentials', digest }, dependsOn: [made] }
  }
  if (elasticUsername === undefined || elasticPassword === undefined) return { endpoint: { url }, dependsOn: [] }
  const made = credentials('elasticsearch-credentials', { password: elasticPassword }, site, opts)
  return {
    endpoint: {
      url,
      username: elasticUsername,
      passwordSecret: 'elasticsearch-credentials',
      digest: checksumOfSecrets(elasticPassword),
    },
    dependsOn: [made],
  }
}

function credentials(
  name: string,
  data: Readonly<Record<string, string>>,
  site: Site,
  opts: ComponentResourceOptions,
): k8s.core.v1.Secret {
  const metadata = { name, namespace: site.namespace, labels: labelsOf('set-up') }
  const stringData = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, secret(value)]))
  return new k8s.core.v1.Secret(name, { metadata, stringData }, opts)
}
