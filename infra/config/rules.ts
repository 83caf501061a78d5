import { warmReplicasOf } from '../../runtime/config.ts'
import { topicGibOf } from '../sizing/bookies.ts'
import type { StackFault } from './errors.ts'
import { floorsOf } from './floors.ts'
import { type OffloadShape, offloadRules } from './offload-rules.ts'
import { dataHolders, type ElasticsearchSizes, type Plan } from './resolved.ts'
import { check, type Rule, rule } from './rule.ts'
import { mixedVersion, type Server, unsupportedVersion } from './server-versions.ts'
import { bookieSetShape, bookieSetStated, dataSetShape, dataSetStated } from './set-rules.ts'

const ownPulsar = (plan: Plan) => plan.pulsar.serviceUrl === ''
const ownElasticsearch = (plan: Plan) => plan.elasticsearch.url === ''

/** A rule that production holds to, whatever a stack states. */
function atLeast(key: string, least: (plan: Plan) => number, given: (plan: Plan) => number, why: string): Rule {
  return rule(
    'below_minimum',
    (plan) => ({ key, value: given(plan), minimum: least(plan) }),
    (plan) =>
      given(plan) < least(plan)
        ? `${key} is ${given(plan)}; ${plan.platform.environment} needs at least ${least(plan)}: ${why}`
        : undefined,
  )
}

/** Autoscaling goes up to a maximum that is not below what the peak needs. */
function maximumTooLow(part: 'api' | 'workers'): Rule {
  return rule(
    'autoscaling_maximum_too_low',
    ({ [part]: p }) => ({ key: `${part}.maxReplicas`, value: p.maxReplicas, minimum: p.replicas }),
    ({ [part]: p }) =>
      p.autoscaling !== 'none' && p.maxReplicas < p.replicas
        ? `${part}.maxReplicas is ${p.maxReplicas}, ${part}.replicas is ${p.replicas}: autoscaling needs a maximum of at least that`
        : undefined,
  )
}

/** How many intervals between snapshots Pulsar keeps: one snapshot may fail. */
const SNAPSHOTS_KEPT = 2

const floor = (plan: Plan) => floorsOf(plan.platform.environment)

const general: readonly Rule[] = [
  rule(
    'backup_location_missing',
    ({ backup }) => ({ type: backup.type }),
    ({ backup }) =>
      backup.type !== 'none' && backup.location === ''
        ? `backup.type is ${backup.type}, but backup.location is empty; name the bucket, container or claim`
        : undefined,
  ),
  rule(
    'backup_of_existing_elasticsearch',
    () => ({}),
    (p) =>
      p.backup.type !== 'none' && !ownElasticsearch(p)
        ? 'backup.type is stated, but Elasticsearch is not of the stack (elasticsearch.url): back it up where it is run, and remove the group backup'
        : undefined,
  ),
  rule(
    'backup_gap_not_kept',
    (p) => ({
      hours: p.runtime.pulsarRetentionHours,
      minimum: SNAPSHOTS_KEPT * p.backup.intervalHours,
      intervalHours: p.backup.intervalHours,
    }),
    (p) => {
      const minimum = SNAPSHOTS_KEPT * p.backup.intervalHours
      return p.backup.type !== 'none' && p.runtime.pulsarRetentionHours < minimum
        ? `runtime.PULSAR_RETENTION_HOURS is ${p.runtime.pulsarRetentionHours}, and backup.intervalHours ${p.backup.intervalHours}: a restore would miss events after a snapshot that failed; keep them for at least ${minimum} hours, or make snapshots more often`
        : undefined
    },
  ),
  rule(
    'offload_of_existing_pulsar',
    () => ({}),
    (p) =>
      p.offload.type !== 'none' && !ownPulsar(p)
        ? 'offload.type is stated, but Pulsar is not of the stack (pulsar.serviceUrl): set up its offload where it is run, and remove the group offload'
        : undefined,
  ),
  rule(
    'pulsar_urls_incomplete',
    () => ({}),
    (p) =>
      (p.pulsar.adminUrl === '') !== (p.pulsar.serviceUrl === '')
        ? 'pulsar.serviceUrl and pulsar.adminUrl belong together; state both for an existing Pulsar, neither for that of the stack'
        : undefined,
  ),
  atLeast(
    'api.replicas',
    (p) => floor(p).apiReplicas,
    (p) => p.api.replicas,
    'raise it, or let a stated load derive it',
  ),
  atLeast(
    'PULSAR_RETENTION_HOURS',
    (p) => floor(p).retentionHours,
    (p) => p.runtime.pulsarRetentionHours,
    'a lost index or subscription can only be filled again with what Pulsar still keeps when somebody notices',
  ),
  atLeast(
    'workers.replicas',
    (p) => floor(p).workerReplicas,
    (p) => p.workers.replicas,
    'one must continue when a machine is lost',
  ),
  maximumTooLow('api'),
  rule(
    'workers_beyond_partitions',
    (p) => ({ partitions: p.runtime.pulsarPartitions }),
    (p) => {
      const [key, most] =
        p.workers.autoscaling === 'none'
          ? ['workers.replicas', p.workers.replicas]
          : ['workers.maxReplicas', p.workers.maxReplicas]
      return most > p.runtime.pulsarPartitions
        ? `${key} is ${most}, PULSAR_PARTITIONS is ${p.runtime.pulsarPartitions}: a worker beyond the partitions has little to do; raise the partitions, which grow but never shrink, or lower it`
        : undefined
    },
  ),
  maximumTooLow('workers'),
  ...(['api', 'workers'] as const).map((key) =>
    rule(
      'autoscaling_minimum_too_high',
      (p: Plan) => ({ key: `${key}.minReplicas`, value: p[key].minReplicas, maximum: p[key].replicas }),
      (p) =>
        p[key].minReplicas > p[key].replicas
          ? `${key}.minReplicas is ${p[key].minReplicas}, ${key}.replicas is ${p[key].replicas}: autoscaling may go down to fewer than the peak needs, not to more: lower it`
          : undefined,
    ),
  ),
  rule(
    'image_missing',
    () => ({}),
    (p) =>
      p.images.mode === 'prebuilt' && p.images.runtime === ''
        ? 'images.mode is prebuilt, but images.runtime is missing: name the image, as `registry/name@sha256:…`'
        : undefined,
  ),
  rule(
    'image_without_digest',
    (p) => ({ image: p.images.runtime }),
    (p) =>
      p.platform.environment === 'production' && p.images.mode === 'prebuilt' && !p.images.runtime.includes('@sha256:')
        ? `images.runtime is "${p.images.runtime}"; production needs a digest, which always means the same image: registry/name@sha256:…`
        : undefined,
  ),
  rule(
    'repository_missing',
    () => ({}),
    (p) =>
      p.images.mode === 'build' && p.images.repository === '' && p.platform.environment !== 'dev'
        ? `images.repository is missing; the nodes of ${p.platform.environment} pull what was built: name a registry/name to push to, or use images.mode prebuilt`
        : undefined,
  ),
  rule(
    'ingress_host_missing',
    () => ({}),
    (p) =>
      p.api.ingressHost === '' &&
      (p.api.ingressClass !== '' || p.api.ingressTlsSecret !== '' || p.api.ingressAnnotations.length > 0)
        ? 'api.ingressClass, api.ingressTlsSecret or api.ingressAnnotations is set, but api.ingressHost is missing: name the host of the Ingress'
        : undefined,
  ),
]

const isProduction = (p: Plan) => p.platform.environment === 'production'

/** A range that is every address. */
const EVERYWHERE = /\/0+$/

/** How a Service of type LoadBalancer is reached. Neither listener speaks TLS, so production names from where it is. */
function exposure(key: 'api' | 'proxy', what: string): Rule {
  return rule(
    'exposed_load_balancer',
    (p) => ({ key, service: p[key].service, ranges: p[key].sourceRanges.length }),
    (p) => {
      const { service, sourceRanges } = p[key]
      if (service !== 'LoadBalancer')
        return sourceRanges.length > 0
          ? `${key}.sourceRanges is stated and ${key}.service is ${service}; only a LoadBalancer has ranges: remove them, or set ${key}.service to LoadBalancer`
          : undefined
      if (!isProduction(p) || (sourceRanges.length > 0 && !sourceRanges.some((range) => EVERYWHERE.test(range))))
        return undefined
      return `${key}.service is LoadBalancer and ${key}.sourceRanges is ${sourceRanges.join(', ') || 'empty'}; ${what} would cross the internet in plain text: name the networks that may connect, or use ClusterIP behind something that terminates TLS`
    },
  )
}

/** A digest of one repeated character is nobody's. */
const PLACEHOLDER = /@sha256:(.)\1{63}$/

/** Images of others that the stack runs, by key. */
function serverImages(p: Plan): readonly (readonly [string, string])[] {
  return [
    ...(ownPulsar(p) ? [['images.pulsar', p.images.pulsar] as const] : []),
    ...(ownElasticsearch(p) ? [['images.elasticsearch', p.images.elasticsearch] as const] : []),
    ...(p.observability.monitors === 'none' ? [] : [['observability.exporter', p.observability.exporter] as const]),
  ]
}

function placeholders(p: Plan): readonly string[] {
  const runtime = p.images.mode === 'prebuilt' ? [['images.runtime', p.images.runtime] as const] : []
  return [...runtime, ...serverImages(p)].filter(([, image]) => PLACEHOLDER.test(image)).map(([key]) => key)
}

function imagesByTag(p: Plan) {
  return serverImages(p).filter(([, image]) => !image.includes('@sha256:'))
}

const exposed: readonly Rule[] = [
  exposure('api', 'events and the secrets of sources'),
  rule(
    'ingress_without_tls',
    () => ({}),
    (p) =>
      isProduction(p) && p.api.ingressHost !== '' && p.api.ingressTlsSecret === ''
        ? 'api.ingressHost is stated and api.ingressTlsSecret is not; events and the secrets of sources would cross the internet in plain text: name the Secret with the certificate of that host'
        : undefined,
  ),
]

const images: readonly Rule[] = [
  rule(
    'image_placeholder',
    (p) => ({ keys: placeholders(p) }),
    (p) => {
      const found = placeholders(p)
      return found.length === 0
        ? undefined
        : `${found.join(', ')}: the digest is a placeholder, which no image has: state the digest of the image, from its registry`
    },
  ),
  rule(
    'server_image_by_tag',
    (p) => ({ keys: imagesByTag(p).map(([key]) => key) }),
    (p) => {
      const tags = imagesByTag(p)
      return !isProduction(p) || p.images.allowTags || tags.length === 0
        ? undefined
        : `${tags.map(([key, image]) => `${key} is ${image}`).join(', ')}; production needs digests, which cannot come to mean another image: list them in images.digests, or state name:tag@sha256:…; or accept tags by images.allowTags`
    },
  ),
]

/** A stack that names an image itself, and no version, has chosen it: the rules concern the stated version. */
const versionRules = (server: Server): readonly Rule[] => {
  const stated = (p: Plan) => (p.stated.has(`${server}.version`) ? p[server].version : '')
  const factsOf = (p: Plan) => ({ key: `${server}.version`, version: stated(p), image: p.images[server] })
  return [
    rule('version_not_supported', factsOf, (p) => unsupportedVersion(server, stated(p))),
    rule('version_and_image_differ', factsOf, (p) => mixedVersion(server, stated(p), p.images[server])),
  ]
}

/** If brokers ask for no token, anyone who reaches them may delete everything. */
const openBrokers: readonly Rule[] = [
  rule(
    'proxy_without_authentication',
    (p) => ({ proxies: p.proxy.replicas }),
    (p) =>
      p.proxy.replicas > 0 && !p.pulsar.authentication
        ? `proxy.replicas is ${p.proxy.replicas} and pulsar.authentication is no; everybody could delete topics through the proxies: set pulsar.authentication to yes, or proxy.replicas to 0`
        : undefined,
  ),
  rule(
    'keda_without_authentication',
    () => ({}),
    (p) =>
      p.workers.autoscaling === 'keda' && !p.pulsar.authentication
        ? 'workers.autoscaling is keda and pulsar.authentication is no; the admin API would be open to the namespace of KEDA: set pulsar.authentication to yes, or use hpa'
        : undefined,
  ),
]

/** Bookies whose disks count: one may be down if there are several. */
const diskHolders = ({ bookkeeper }: Plan) => Math.max(1, bookkeeper.replicas - 1)

/** Where servers run, as far as it decides how many there may be. */
type Place = { readonly platform: Pick<Plan['platform'], 'environment' | 'zones'> }

type PulsarShape = Pick<Plan, 'zookeeper' | 'bookkeeper'> & Place

/** What holds for every Pulsar, in a stack or alone. */
const pulsarShape: readonly Rule<PulsarShape>[] = [
  ...bookieSetShape,
  rule(
    'zookeepers_even',
    (p) => ({ zookeepers: p.zookeeper.replicas }),
    (p) =>
      p.zookeeper.replicas % 2 === 0
        ? `zookeeper.replicas is ${p.zookeeper.replicas}; allowed: 1, 3, 5 or 7, because an even count survives no more losses than one less: use ${p.zookeeper.replicas - 1} or ${p.zookeeper.replicas + 1}`
        : undefined,
  ),
  rule(
    'quorums_out_of_order',
    ({ bookkeeper: b }) => ({
      ackQuorum: b.ackQuorum,
      writeQuorum: b.writeQuorum,
      ensemble: b.ensemble,
      bookies: b.replicas,
    }),
    ({ bookkeeper: b, platform }) => {
      const spare = platform.environment === 'production' ? 1 : 0
      const most = b.replicas - spare
      if (b.ackQuorum <= b.writeQuorum && b.writeQuorum <= b.ensemble && b.ensemble <= most) return undefined
      const bookies = spare === 1 ? `bookies − 1 (${most})` : `bookies (${most})`
      return `bookkeeper has ackQuorum ${b.ackQuorum}, writeQuorum ${b.writeQuorum}, ensemble ${b.ensemble}, replicas ${b.replicas}; allowed: ackQuorum ≤ writeQuorum ≤ ensemble ≤ ${bookies}, otherwise writes stop${spare === 1 ? ' when one bookie is down' : ''}: raise the replicas or lower the quorums`
    },
  ),
  rule(
    'bookies_below_zones',
    (p) => ({ bookies: p.bookkeeper.replicas, zones: p.platform.zones.length }),
    (p) =>
      p.platform.zones.length > 1 && p.bookkeeper.replicas < p.platform.zones.length
        ? `bookkeeper.replicas is ${p.bookkeeper.replicas} in ${p.platform.zones.length} zones; each zone needs one at least`
        : undefined,
  ),
]

type ElasticsearchShape = { readonly elasticsearch: ElasticsearchSizes } & Place

/** What holds for every Elasticsearch, in a stack or alone. */
const elasticsearchShape: readonly Rule<ElasticsearchShape>[] = [
  rule(
    'masters_two',
    () => ({ masters: 2 }),
    (p) =>
      p.elasticsearch.masterNodes === 2
        ? 'elasticsearch.masterNodes is 2; allowed: 1 or 3, because two masters stop when either is lost'
        : undefined,
  ),
  rule(
    'data_nodes_none',
    () => ({}),
    (p) =>
      dataHolders(p) < 1
        ? 'elasticsearch.dataNodes is 0 and elasticsearch.mastersHoldData is no: no node would hold data; change one of them'
        : undefined,
  ),
  rule(
    'masters_hold_data_in_zones',
    (p) => ({ zones: p.platform.zones.length }),
    (p) =>
      p.platform.zones.length > 0 && p.elasticsearch.mastersHoldData
        ? 'elasticsearch.mastersHoldData is yes, and platform.zones names zones; masters do not know their zone, so no copy of a shard could be kept apart on them: use dataNodes'
        : undefined,
  ),
  ...dataSetShape,
  rule(
    'old_set_without_data_nodes',
    ({ elasticsearch: e }) => ({ set: e.oldDataSet }),
    ({ elasticsearch: e }) =>
      e.oldDataSet !== '' && e.dataNodes === 0
        ? `elasticsearch.oldDataSet is ${e.oldDataSet} and elasticsearch.dataNodes is 0: no other data nodes could take over its data; add some`
        : undefined,
  ),
  rule(
    'warm_nodes_without_data_nodes',
    (p) => ({ warmNodes: p.elasticsearch.warmNodes }),
    (p) =>
      p.elasticsearch.warmNodes > 0 && p.elasticsearch.dataNodes === 0
        ? `elasticsearch.warmNodes is ${p.elasticsearch.warmNodes} and elasticsearch.dataNodes is 0: new indices need data nodes; add some`
        : undefined,
  ),
  rule(
    'warm_nodes_below_zones',
    (p) => ({ warmNodes: p.elasticsearch.warmNodes, zones: p.platform.zones.length }),
    (p) =>
      p.elasticsearch.warmNodes > 0 && p.elasticsearch.warmNodes < p.platform.zones.length
        ? `elasticsearch.warmNodes is ${p.elasticsearch.warmNodes} in ${p.platform.zones.length} zones; each zone needs one at least`
        : undefined,
  ),
  rule(
    'data_nodes_below_zones',
    (p) => ({ dataNodes: p.elasticsearch.dataNodes, zones: p.platform.zones.length }),
    (p) =>
      p.platform.zones.length > 1 &&
      p.elasticsearch.dataNodes > 0 &&
      p.elasticsearch.dataNodes < p.platform.zones.length
        ? `elasticsearch.dataNodes is ${p.elasticsearch.dataNodes} in ${p.platform.zones.length} zones; each zone needs one at least`
        : undefined,
  ),
]

/** The faults of a Pulsar that is used alone. */
export function pulsarFaults(shape: PulsarShape & OffloadShape): readonly StackFault[] {
  return [...check(pulsarShape, shape), ...check(offloadRules, shape)]
}

/** The faults of an Elasticsearch that is used alone. */
export function elasticsearchFaults(shape: ElasticsearchShape): readonly StackFault[] {
  return check(elasticsearchShape, shape)
}

/** GiB of the topic that the ledger disks hold with its copies. */
function retainableGib(p: Plan): number {
  const diskGib = diskHolders(p) * p.bookkeeper.ledgersGib
  return Math.floor(topicGibOf(diskGib, p.bookkeeper.writeQuorum, p.coefficients.bookieFillRatio))
}

const pulsar: readonly Rule[] = [
  ...pulsarShape,
  bookieSetStated,
  atLeast(
    'zookeeper.replicas',
    (p) => floor(p).zookeepers,
    (p) => p.zookeeper.replicas,
    'two must continue when one is lost',
  ),
  atLeast(
    'bookkeeper.replicas',
    (p) => floor(p).bookies,
    (p) => p.bookkeeper.replicas,
    'copies need machines',
  ),
  atLeast(
    'broker.replicas',
    (p) => floor(p).brokers,
    (p) => p.broker.replicas,
    'one must continue when the other is lost',
  ),
  atLeast(
    'bookkeeper.ackQuorum',
    (p) => floor(p).ackQuorum,
    (p) => p.bookkeeper.ackQuorum,
    'a receipt for one copy is lost with one disk',
  ),
  rule(
    'retention_beyond_disks',
    (p) => ({ gib: p.runtime.pulsarRetentionSizeGib, holdsGib: retainableGib(p) }),
    (p) => {
      const { pulsarRetentionHours: hours, pulsarRetentionSizeGib: gib } = p.runtime
      const holds = retainableGib(p)
      // What the model derives fits the disks.
      const derived = p.reasons.some(
        ({ key, from }) => key === 'runtime.PULSAR_RETENTION_SIZE_GIB' && from === 'derived',
      )
      // What is offloaded needs no ledger disk.
      return !derived && p.offload.type === 'none' && hours > 0 && gib > holds
        ? `PULSAR_RETENTION_SIZE_GIB is ${gib}; the ledger disks hold at most ${holds} GiB of the topic and its copies: lower it, or raise bookkeeper.ledgersGib`
        : undefined
    },
  ),
  rule(
    'websocket_with_authorization',
    () => ({}),
    (p) =>
      ownPulsar(p) && p.pulsar.transport === 'websocket' && p.pulsar.authorization && p.pulsar.authentication
        ? 'pulsar.transport is websocket and pulsar.authorization is yes; a broker that authorises refuses its own WebSocket API: use the native transport, or set pulsar.authorization to no'
        : undefined,
  ),
  rule(
    'pulsar_open',
    () => ({}),
    (p) =>
      ownPulsar(p) && p.platform.environment !== 'dev' && !p.pulsar.authentication
        ? `pulsar.authentication is no; only dev may be without: remove the key`
        : undefined,
  ),
]

const search: readonly Rule[] = [
  ...elasticsearchShape,
  atLeast(
    'elasticsearch.masterNodes',
    (p) => floor(p).masterNodes,
    (p) => p.elasticsearch.masterNodes,
    'two must continue when one is lost',
  ),
  dataSetStated,
  atLeast('elasticsearch.dataNodes', (p) => floor(p).dataNodes, dataHolders, 'a copy needs another machine'),
  rule(
    'copies_beyond_warm_nodes',
    (p) => ({ copies: warmReplicasOf(p.runtime), warmNodes: p.elasticsearch.warmNodes }),
    (p) =>
      p.elasticsearch.warmNodes > 0 && warmReplicasOf(p.runtime) >= p.elasticsearch.warmNodes
        ? `an index has ${warmReplicasOf(p.runtime)} replicas on ${p.elasticsearch.warmNodes} warm nodes; at most ${p.elasticsearch.warmNodes - 1}, because each copy of a shard needs a node of its own: add warm nodes${p.elasticsearch.warmNodes === 1 ? '' : ', or lower ELASTIC_WARM_REPLICAS'}`
        : undefined,
  ),
  rule(
    'copies_beyond_data_nodes',
    (p) => ({ copies: p.runtime.indexReplicas, dataNodes: dataHolders(p) }),
    (p) =>
      dataHolders(p) >= 1 && p.runtime.indexReplicas >= dataHolders(p)
        ? `ELASTIC_INDEX_REPLICAS is ${p.runtime.indexReplicas} with ${dataHolders(p)} data nodes; at most ${dataHolders(p) - 1}, because each copy of a shard needs a node of its own: lower it or add data nodes`
        : undefined,
  ),
  rule(
    'elasticsearch_open',
    () => ({}),
    (p) =>
      p.platform.environment !== 'dev' && !p.elasticsearch.security
        ? 'elasticsearch.security is no; only dev may be without: remove the key'
        : undefined,
  ),
]

const external: readonly Rule[] = [
  rule(
    'elasticsearch_secret_missing',
    () => ({}),
    (p) =>
      !ownElasticsearch(p) &&
      p.elasticsearch.security &&
      p.secrets.elasticApiKey === undefined &&
      (p.secrets.elasticUsername === undefined || p.secrets.elasticPassword === undefined)
        ? 'elasticsearch.url names an existing Elasticsearch, and its secret is missing: pulumi config set --secret elasticApiKey …, or elasticUsername and elasticPassword; or set elasticsearch.security to no'
        : undefined,
  ),
  rule(
    'pulsar_secret_missing',
    () => ({}),
    (p) =>
      !ownPulsar(p) && p.pulsar.authentication && p.secrets.pulsarToken === undefined
        ? 'pulsar.serviceUrl names an existing Pulsar, and its secret is missing: pulumi config set --secret pulsarToken …; or set pulsar.authentication to no'
        : undefined,
  ),
  rule(
    'below_minimum',
    (p) => ({ key: 'ELASTIC_INDEX_REPLICAS', value: p.runtime.indexReplicas, minimum: floor(p).indexReplicas }),
    (p) =>
      p.runtime.indexReplicas < floor(p).indexReplicas
        ? `ELASTIC_INDEX_REPLICAS is ${p.runtime.indexReplicas}; ${p.platform.environment} needs at least ${floor(p).indexReplicas}: without a copy the loss of a node loses events`
        : undefined,
  ),
]

const observability: readonly Rule[] = [
  ...(['rules', 'dashboards'] as const).map(
    (key): Rule =>
      rule(
        'monitors_missing',
        () => ({ key }),
        ({ observability: o }) =>
          o[key] && o.monitors === 'none'
            ? `observability.${key} is yes and observability.monitors is none; they read what the monitors scrape: set observability.monitors to podMonitor`
            : undefined,
      ),
  ),
  rule(
    'scraper_missing',
    () => ({}),
    (p) =>
      p.observability.monitors !== 'none' && p.platform.monitoringNamespaces.length === 0
        ? `observability.monitors is ${p.observability.monitors} and platform.monitoringNamespaces is empty; nobody could scrape: name the namespace of Prometheus`
        : undefined,
  ),
]

/** Every rule between keys that the plan breaks. Rules about servers concern only those of the stack. */
export function brokenRules(plan: Plan): readonly StackFault[] {
  const rules = [
    ...general,
    ...exposed,
    ...images,
    ...(ownPulsar(plan) ? [...versionRules('pulsar'), ...pulsar, ...openBrokers, exposure('proxy', 'tokens')] : []),
    ...(ownElasticsearch(plan) ? [...versionRules('elasticsearch'), ...search] : []),
    ...external,
    ...observability,
  ]
  const { offload, images: servers } = plan
  return [...check(rules, plan), ...check(offloadRules, { offload, image: servers.pulsar })]
}
