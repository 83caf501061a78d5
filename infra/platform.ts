import * as k8s from '@pulumi/kubernetes'
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
  secret,
} from '@pulumi/pulumi'
import { Elasticsearch } from './elasticsearch/elasticsearch.ts'
import type { SearchAccess } from './elasticsearch/endpoint.ts'
import { BudgetKeeper, type BudgetKeeperArgs } from './kubernetes/budget-keeper.ts'
import { checksumOfSecrets } from './kubernetes/config-files.ts'
import { labelsOf, PART_OF, PLATFORM } from './kubernetes/labels.ts'
import { protection } from './kubernetes/protection.ts'
import type { Site } from './kubernetes/site.ts'
import type { Outside } from './kubernetes/tiers.ts'
import { edgesOf } from './network/edges.ts'
import { NetworkPolicies } from './network/policies.ts'
import { storePorts } from './network/store-ports.ts'
import { Observability } from './observability/observability.ts'
import {
  isExternalElasticsearch,
  isExternalPulsar,
  type PlatformArgs,
  type SettledPlatform,
  settledPlatform,
} from './platform-args.ts'
import { externalPorts, monitoredArgs, namedPods, tiersOf } from './platform-derived.ts'
import { factsOf } from './platform-facts.ts'
import type { PulsarAccess } from './pulsar/endpoint.ts'
import { Pulsar } from './pulsar/pulsar.ts'
import { Api } from './runtime/api.ts'
import { Backup } from './runtime/backup.ts'
import { canaryPorts } from './runtime/canary-url.ts'
import { Erase } from './runtime/erase.ts'
import { imageCheck } from './runtime/image-check.ts'
import { Replay } from './runtime/replay.ts'
import { Retention } from './runtime/retention.ts'
import { SetUp } from './runtime/set-up-job.ts'
import { Workers } from './runtime/workers.ts'
import { Guard } from './safety/guard.ts'

/**
 * The whole pipeline: Pulsar and Elasticsearch, or existing ones, set-up, API and workers, in a namespace of its
 * own. Tiers are created and changed one after the other, each when the one that it depends on is ready.
 */
export class Platform extends ComponentResource {
  /** Where events are posted within the cluster. */
  readonly trackUrl: string
  /** The operators' token, a secret. */
  readonly consoleToken: Output<string>
  /** Nothing where it exists without the platform. */
  readonly namespace?: k8s.core.v1.Namespace
  /** The `Pulsar` of the platform, or how the one that exists is reached. */
  readonly pulsar: PulsarAccess
  /** The `Elasticsearch` of the platform, or how the one that exists is reached. */
  readonly elasticsearch: SearchAccess
  readonly api: Api
  readonly workers: Workers

  constructor(name: string, args: PlatformArgs, opts: ComponentResourceOptions = {}) {
    const made: { namespace?: k8s.core.v1.Namespace } = {}
    const settled = settledPlatform(name, args)
    const { site } = settled
    const protect = protection(site.environment, () => made.namespace)
    super(
      'tracardi-at-scale:index:Platform',
      name,
      {},
      { ...opts, transformations: [protect, ...(opts.transformations ?? [])] },
    )
    const { runtimeImage, prefix = `${name}-`, acknowledge = [], drain = {} } = args
    const child = { parent: this }
    if (settled.createNamespace) {
      this.namespace = namespaceOf(`${prefix}namespace`, site, this)
      made.namespace = this.namespace
    }
    const facts = factsOf(settled)
    const guard = new Guard(
      `${prefix}guard`,
      {
        ...site,
        facts,
        acknowledge,
        drains: true,
        skipCheck: drain.skipCheck ?? [],
        prefix,
        configMap: `${PLATFORM}-facts`,
        ownNamespaceOnly: !settled.createNamespace,
      },
      { ...child, dependsOn: this.namespace ?? [] },
    )
    const tiers = tiersOf(settled)
    const named = namedPods(settled)
    const edges = edgesOf({
      tiers: new Set(tiers),
      outside: new Set(Object.keys(named) as Outside[]),
      external: { ...externalPorts(args), canary: canaryPorts(settled.api) },
      authenticated: settled.pulsar?.authentication ?? true,
      snapshotPorts: storePorts(settled.backup),
      offloadPorts: settled.pulsar ? storePorts(settled.pulsar.offload) : [],
      mastersHoldData: settled.elasticsearch?.mastersHoldData ?? false,
      rollouts: settled.pulsar !== undefined || settled.elasticsearch !== undefined,
    })
    const network = new NetworkPolicies(
      `${prefix}network`,
      { ...site, tiers, edges, named, prefix },
      { ...child, dependsOn: [guard] },
    )
    const base: Resource[] = [network]
    // At the same time as the servers: a wrong image is reported before they are ready, and before other pods of the runtime wait for it.
    const check = imageCheck(`${prefix}image-check`, site, runtimeImage, { ...child, dependsOn: base })
    this.pulsar = pulsarOf(prefix, args, settled, { ...child, dependsOn: base })
    // Its nodes restart when Pulsar has done so, and start at the same time.
    const restartAfter = this.pulsar.dependsOn
    this.elasticsearch = elasticsearchOf(prefix, args, settled, restartAfter, { ...child, dependsOn: base })
    const { pulsar, elasticsearch } = this
    const program = { ...site, image: runtimeImage, pulsar, elasticsearch, settings: settled.settings }
    const setUp = new SetUp(
      `${prefix}set-up`,
      { ...program, ...authorizationOf(settled), permissionsJob: `${prefix}pulsar-permissions`, acknowledge },
      { ...child, dependsOn: [...base, check, ...pulsar.dependsOn, ...elasticsearch.dependsOn] },
    )
    const workers = `${prefix}worker`
    this.api = new Api(
      `${prefix}api`,
      {
        ...program,
        ...settled.api,
        sources: args.sources ?? {},
        workers,
        sourcesSecret: `${prefix}sources`,
        consoleSecret: `${prefix}console-token`,
      },
      { ...child, dependsOn: [setUp] },
    )
    this.workers = new Workers(workers, { ...program, ...settled.workers }, { ...child, dependsOn: [this.api] })
    const afterSetUp = { ...child, dependsOn: [setUp] }
    new Replay(`${prefix}replay`, { ...program, workers }, afterSetUp)
    new Erase(`${prefix}erase`, { ...program, workers }, afterSetUp)
    const { expireIndices: expires, settings } = settled
    if (expires || settings.warmAfterDays > 0)
      new Retention(`${prefix}retention`, { ...program, cronJob: `${prefix}expire-indices`, expires }, afterSetUp)
    if (settled.backup.type !== 'none') {
      const { intervalHours } = settled.backup
      const jobs = { snapshotJob: `${prefix}snapshot`, restoreJob: `${prefix}restore` }
      new Backup(`${prefix}backup`, { ...program, ...jobs, intervalHours }, afterSetUp)
    }
    if (settled.observability !== undefined) {
      const monitored = { ...site, ...settled.observability, ...monitoredArgs(settled, prefix), elasticsearch }
      const ready = { ...child, dependsOn: [...base, ...elasticsearch.dependsOn] }
      new Observability(`${prefix}observability`, monitored, ready)
    }
    keeperOf(`${prefix}budget-keeper`, { ...site, image: runtimeImage }, [pulsar, elasticsearch], afterSetUp)
    this.trackUrl = this.api.trackUrl
    this.consoleToken = this.api.consoleToken
    this.registerOutputs({ trackUrl: this.trackUrl, consoleToken: this.consoleToken })
  }
}

function namespaceOf(name: string, site: Site, parent: Resource): k8s.core.v1.Namespace {
  return new k8s.core.v1.Namespace(
    name,
    {
      metadata: {
        name: site.namespace,
        labels: {
          [PART_OF]: site.partOf,
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

/** Whether it is for set-up to say who may do what, and with which image. */
function authorizationOf({ pulsar }: SettledPlatform): { authorization: boolean; pulsarImage?: Input<string> } {
  if (pulsar === undefined) return { authorization: false }
  return { authorization: pulsar.authentication && pulsar.authorization, pulsarImage: pulsar.image }
}

function pulsarOf(
  prefix: string,
  { pulsar = {}, acknowledge = [], drain = {}, runtimeImage }: PlatformArgs,
  { site }: SettledPlatform,
  opts: ComponentResourceOptions,
): PulsarAccess {
  const name = `${prefix}pulsar`
  if (!isExternalPulsar(pulsar))
    return new Pulsar(name, { ...site, ...pulsar, prefix, guard: false, acknowledge, drain, runtimeImage }, opts)
  const { serviceUrl, adminUrl, transport = 'native', token } = pulsar
  const access = { endpoint: { serviceUrl, adminUrl }, transport }
  if (token === undefined) return { ...access, dependsOn: [] }
  const secretName = `${name}-token`
  const made = credentials(secretName, { token }, site, opts)
  return {
    ...access,
    tokenSecrets: { admin: secretName, api: secretName, worker: secretName },
    tokenDigest: checksumOfSecrets(token),
    dependsOn: [made],
  }
}

function elasticsearchOf(
  prefix: string,
  { elasticsearch = {}, acknowledge = [], drain = {}, runtimeImage }: PlatformArgs,
  { site, settings, backup }: SettledPlatform,
  restartAfter: readonly Resource[],
  opts: ComponentResourceOptions,
): SearchAccess {
  const name = `${prefix}elasticsearch`
  if (!isExternalElasticsearch(elasticsearch)) {
    const storageClass = elasticsearch.storageClass || site.storageClass
    const { indexPrefix, indexReplicas } = settings
    const rollout = { runtimeImage, restartAfter, indexReplicas }
    const own = { storageClass, indexPrefix, snapshots: backup, guard: false, acknowledge, drain, ...rollout }
    return new Elasticsearch(name, { ...site, ...elasticsearch, ...own }, opts)
  }
  const { url, apiKey, username, password } = elasticsearch
  const secretName = `${name}-credentials`
  if (apiKey !== undefined) {
    const made = credentials(secretName, { apiKey }, site, opts)
    return { endpoint: { url, apiKeySecret: secretName, digest: checksumOfSecrets(apiKey) }, dependsOn: [made] }
  }
  if (username === undefined || password === undefined) return { endpoint: { url }, dependsOn: [] }
  const made = credentials(secretName, { password }, site, opts)
  const digest = checksumOfSecrets(password)
  return { endpoint: { url, username, passwordSecret: secretName, digest }, dependsOn: [made] }
}

/** There is none for servers that are not of the platform. */
function keeperOf(
  name: string,
  args: Omit<BudgetKeeperArgs, 'gated'>,
  servers: readonly Pick<SearchAccess, 'gated'>[],
  opts: ComponentResourceOptions,
): void {
  const gated = servers.flatMap((one) => one.gated ?? [])
  if (gated.length > 0) new BudgetKeeper(name, { ...args, gated }, opts)
}

function credentials(
  name: string,
  data: Readonly<Record<string, Input<string>>>,
  site: Site,
  opts: ComponentResourceOptions,
): k8s.core.v1.Secret {
  const metadata = { name, namespace: site.namespace, labels: labelsOf(site, 'set-up') }
  const stringData = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, secret(value)]))
  return new k8s.core.v1.Secret(name, { metadata, stringData }, opts)
}
