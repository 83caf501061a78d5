import { ComponentResource, type ComponentResourceOptions, type Input, type Resource } from '@pulumi/pulumi'
import { settings } from '../../runtime/config.ts'
import { refuse, settledImage, withDefaults } from '../config/defaults.ts'
import { elasticsearchFaults } from '../config/rules.ts'
import type { GatedServers } from '../kubernetes/budget-keeper.ts'
import { checksum, checksumOfSecrets } from '../kubernetes/config-files.ts'
import type { DrainSettings } from '../kubernetes/drain.ts'
import { setUpJob } from '../kubernetes/job.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { service } from '../kubernetes/service.ts'
import { hostOf, type Site, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { oneAfterTheOther, Stateful } from '../kubernetes/stateful.ts'
import { configMap, disruptionBudget } from '../kubernetes/tier-objects.ts'
import { searchTier } from '../kubernetes/tiers.ts'
import { shareLabels } from '../kubernetes/zones.ts'
import { facts } from '../safety/facts.ts'
import { guardOf } from '../safety/guard.ts'
import { authorityConfig, Certificates } from './certificates.ts'
import type { SearchAccess, SearchEndpoint } from './endpoint.ts'
import { elasticsearchFacts, type SettledElasticsearch } from './facts.ts'
import { ELASTICSEARCH_USER, elasticsearchPod } from './node.ts'
import { drainNodes, gatedNodes, rollOutNodes } from './node-jobs.ts'
import { membersService, type NodeSet, nodeSets, tierName } from './node-sets.ts'
import {
  elasticsearchSettings,
  FOUNDING_FILE,
  foundingSettings,
  HTTP_PORT,
  jvmOptionsFile,
  LOG4J_FILE,
  TRANSPORT_PORT,
} from './settings.ts'
import type { SnapshotStore } from './snapshots.ts'
import { upgradeCheck } from './upgrade-check.ts'
import { passwordSecret, Users, usersScript } from './users.ts'

/** Sizes of an Elasticsearch cluster. */
export interface ElasticsearchSettings {
  /**
   * Version of Elasticsearch, which chooses its image; that of the image when empty, which is 9.2.0 by default. It goes up, one server at a time.
   *
   * @default ''
   */
  readonly version?: string
  /** Authentication, and TLS between nodes and to clients. Fixed. @default true */
  readonly security?: boolean
  /** Generation of the passwords of API, workers and snapshots. Another number creates new ones. 1 to 1000000. @default 1 */
  readonly passwordGeneration?: number
  /** Generation of the password of `elastic`. Another number creates a new one. 1 to 1000000. @default 1 */
  readonly adminPasswordGeneration?: number
  /** Master-eligible nodes: 1 or 3. 1 to 3 pods. @default 3 */
  readonly masterNodes?: number
  /** Whether those nodes hold data too. Fixed. @default false */
  readonly mastersHoldData?: boolean
  /** Data nodes. They can grow. 0 to 500 pods. @default 3 */
  readonly dataNodes?: number
  /** Disk of one node that holds data. It can grow. 1 to 65536 GiB. @default 200 */
  readonly dataGib?: number
  /** StorageClass of the volumes of data nodes; `storageClass` when empty. @default '' */
  readonly dataStorageClass?: string
  /**
   * Name of the set of data nodes that these settings describe. Another name makes another set, with volumes of its own, next to
   * `oldDataSet`. Letters and digits.
   *
   * @default 'first'
   */
  readonly dataSet?: string
  /** Name of the set of data nodes that goes; none when empty. Its settings say what it has. @default '' */
  readonly oldDataSet?: string
  /** Data nodes of the set that goes. Fewer are drained; with 0 it is empty. 0 to 500 pods. @default 0 */
  readonly oldDataNodes?: number
  /** Disk of one data node of the set that goes. 1 to 65536 GiB. @default 200 */
  readonly oldDataGib?: number
  /** Heap of one data node of the set that goes. 1 to 31 GiB. @default 4 */
  readonly oldHeapGib?: number
  /** StorageClass of the volumes of the set that goes; that of `storageClass` when empty. @default '' */
  readonly oldDataStorageClass?: string
  /** Heap of one node that holds data. Its memory is twice that. 1 to 31 GiB. @default 4 */
  readonly heapGib?: number
  /** CPU of one node that holds data. 50 to 64000 millicores. @default 2000 */
  readonly cpuMillicores?: number
  /** Nodes for older events, see `WARM_AFTER_DAYS`. They need `dataNodes`. They can grow. 0 to 500 pods. @default 0 */
  readonly warmNodes?: number
  /** Disk of one warm node. It can grow. 1 to 65536 GiB. @default 200 */
  readonly warmGib?: number
  /** Heap of one warm node. Its memory is twice that. 1 to 31 GiB. @default 4 */
  readonly warmHeapGib?: number
  /** CPU of one warm node. 50 to 64000 millicores. @default 1000 */
  readonly warmCpuMillicores?: number
  /** StorageClass of the volumes of warm nodes; `storageClass` when empty. @default '' */
  readonly warmStorageClass?: string
  /** Disk of one dedicated master node. It can grow. 1 to 65536 GiB. @default 10 */
  readonly masterDiskGib?: number
  /** Memory of one dedicated master node. 1024 to 262144 MiB. @default 2048 */
  readonly masterMemoryMib?: number
  /** CPU of one dedicated master node. 50 to 64000 millicores. @default 500 */
  readonly masterCpuMillicores?: number
  /**
   * Whether nodes map their files into memory. Faster for searches; the machines need `vm.max_map_count` of 1048576 then.
   *
   * @default false
   */
  readonly memoryMap?: boolean
  /** StorageClass of these volumes; that of the platform when empty. @default '' */
  readonly storageClass?: string
}

export interface ElasticsearchArgs extends SiteArgs, ElasticsearchSettings {
  /** Image of Elasticsearch. @default 'docker.elastic.co/elasticsearch/elasticsearch:9.2.0' */
  readonly image?: Input<string>
  /** `cluster.name`: nodes join no cluster of another name. Fixed. @default the value of `partOf` */
  readonly clusterName?: string
  /** Where snapshots are kept: what the group `backup` of a stack has. @default none */
  readonly snapshots?: Partial<SnapshotStore & { readonly intervalHours: number }>
  /**
   * Image of the runtime, whose Jobs then restart the pods, each when the servers allow it, and empty data nodes before they go. Without
   * it Kubernetes restarts each pod when the one before is ready, and fewer data nodes and other masters are refused.
   *
   * @default none
   */
  readonly runtimeImage?: Input<string>
  /** What its pods restart after, where a Job does it. @default [] */
  readonly restartAfter?: readonly Resource[]
  /** Copies of each shard besides the primary, that the pipeline's indices are to have. @default 1 */
  readonly indexReplicas?: number
  /** First part of the names of the pipeline's indices, which no document may create by itself. @default 'tracardi' */
  readonly indexPrefix?: string
  /**
   * Whether a change that could destroy data is refused, in a preview already. A `Platform` does so for its parts.
   *
   * @default true
   */
  readonly guard?: boolean
  /** Changes that are refused, and that an operator has prepared: `key=new value`, as the refusal says. @default [] */
  readonly acknowledge?: readonly string[]
  /** How data nodes are emptied before they go, where a Job does it. */
  readonly drain?: DrainSettings
}

/** @throws RunError with every value that is out of range. */
export function settledElasticsearch(
  name: string,
  args: ElasticsearchSettings & { readonly image?: Input<string> },
): SettledElasticsearch {
  const { url: _url, expireIndices: _expire, ...sizes } = withDefaults(name, 'elasticsearch', args)
  return { ...sizes, ...settledImage(name, 'elasticsearch', sizes.version, args.image) }
}

/** What the parts of the cluster are made from. */
interface Cluster {
  readonly name: string
  readonly site: Site
  readonly image: Input<string>
  readonly indexPrefix: string
}

/** Name of the claim of a node. */
const DATA_CLAIM = 'data'

/** Longer than a node takes to open the shards on its own disk, so that the next node seldom stops before they are back. */
const READY_SECONDS = 30

/**
 * An Elasticsearch cluster: masters, and data nodes with a StatefulSet for each zone. It holds data: its volumes survive
 * every change of the arguments. With security on, nodes and clients speak TLS, and each program has a user of its own.
 */
export class Elasticsearch extends ComponentResource implements SearchAccess {
  readonly endpoint: SearchEndpoint
  readonly dependsOn: readonly Resource[]
  readonly gated: readonly GatedServers[]

  constructor(name: string, args: ElasticsearchArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:elasticsearch:Elasticsearch', name, {}, opts)
    const site = siteOf(name, args)
    const config = settledElasticsearch(name, args)
    refuse(name, elasticsearchFaults({ elasticsearch: config, platform: site }))
    const { clusterName = site.partOf, indexPrefix = settings.indexPrefix.default, acknowledge = [] } = args
    const { image, version, security, memoryMap } = config
    const snapshots = withDefaults(name, 'backup', args.snapshots ?? {})
    const backup = snapshots.type !== 'none'
    const own: Cluster = { name, site, image, indexPrefix }
    const child = { parent: this }
    const secure = security
      ? {
          certificates: new Certificates(name, { ...site, warm: config.warmNodes > 0 }, child),
          users: new Users(
            `${name}-user`,
            {
              ...site,
              cluster: name,
              backup,
              generation: config.passwordGeneration,
              adminGeneration: config.adminPasswordGeneration,
            },
            child,
          ),
        }
      : undefined
    const sets = nodeSets(name, config, site)
    const alone = sets.reduce((nodes, { share }) => nodes + share.replicas, 0) === 1
    const members = { http: HTTP_PORT, transport: TRANSPORT_PORT }
    const clients = service(
      site,
      { tier: searchTier(config.mastersHoldData), name, ports: { http: HTTP_PORT }, type: 'ClusterIP' },
      child,
    )
    const tiers = [...new Set(sets.map((set) => set.tier))]
    const peers = tiers.map((tier) =>
      service(site, { tier, name: membersService(name, tier), ports: members, type: 'headless' }, child),
    )
    const guard = guardOf(
      name,
      args,
      facts({ 'platform.namespace': site.namespace, ...elasticsearchFacts(config, site) }),
      this,
    )
    const before = [...guard, clients, ...peers, ...(secure ? [secure.certificates, secure.users] : [])]
    const snapshotHours = backup ? snapshots.intervalHours : 0
    const check = { site, cluster: name, image, version, acknowledge, security, indexPrefix, snapshotHours }
    const job = { site, name, security, image: args.runtimeImage }
    const data = sets.filter((set) => !isMaster(set))
    const drained = { sets, claims: [DATA_CLAIM], drain: args.drain }
    const drain = drainNodes({ ...job, ...drained }, { ...child, dependsOn: before })
    const checks = [...upgradeCheck(check, { ...child, dependsOn: before }), ...(drain ? [drain.before] : [])]
    const dependsOn = [...before, ...checks]
    const password = secure ? { passwordDigest: secure.users.digests.elastic } : {}
    const make = (set: NodeSet, previous: readonly Stateful[]): Stateful => {
      const files = {
        'elasticsearch.yml': elasticsearchSettings(set, {
          site,
          cluster: name,
          clusterName,
          security,
          memoryMap,
          alone,
          indexPrefix,
          snapshots,
        }),
        'heap.options': jvmOptionsFile(set.heapMib),
        'log4j2.properties': LOG4J_FILE,
      }
      // Not in the checksum: only a node with an empty disk reads it.
      const founding = isMaster(set) && !alone ? { [FOUNDING_FILE]: foundingSettings(set) } : {}
      const configuration = configMap(site, set.tier, set.name, { ...files, ...founding }, child)
      return new Stateful(
        set.name,
        {
          site,
          tier: set.tier,
          serviceName: membersService(name, set.tier),
          replicas: set.share.replicas,
          labels: shareLabels(set.share),
          claims: [{ name: DATA_CLAIM, gib: set.diskGib, storageClass: set.storageClass }],
          template: elasticsearchPod({
            site,
            cluster: name,
            image,
            set,
            security,
            digest: checksum(...Object.values(files)),
            snapshots,
            ...password,
          }),
          gated: args.runtimeImage !== undefined,
          // A node is ready when it belongs to the cluster; its shards take a while more.
          readySeconds: READY_SECONDS,
        },
        { parent: this, dependsOn: [configuration, ...dependsOn, ...previous] },
      )
    }
    // Masters start together with the nodes with data: neither is ready without the other. While a shard moves to warm nodes its
    // copies are on both kinds, so these restart one after the other.
    const nodes = [sets.filter(isMaster), data].flatMap((some) => oneAfterTheOther(some, make))
    drain?.after(nodes)
    const budgets = tiers.map((tier) =>
      disruptionBudget(site, tier, tierName(name, tier), child, job.image !== undefined),
    )
    const users = secure ? [this.users(own, secure.users, nodes)] : []
    const url = `${security ? 'https' : 'http'}://${hostOf(site, name)}:${HTTP_PORT}`
    this.endpoint = {
      url,
      ...(secure
        ? {
            authorityConfigMap: authorityConfig(name),
            username: 'tracardi',
            passwordSecret: passwordSecret(name, 'tracardi'),
            digest: checksumOfSecrets(secure.users.digests.tracardi, secure.certificates.authorityPem),
            certificates: secure.certificates.ends,
            ...(backup ? { backup: { username: 'backup', passwordSecret: passwordSecret(name, 'backup') } } : {}),
          }
        : {}),
    }
    const made = [...nodes, ...users]
    const after = { ...child, dependsOn: [...made, ...budgets, ...(args.restartAfter ?? [])] }
    const { indexReplicas } = args
    const rolled = rollOutNodes({ ...job, sets: nodes, indexPrefix, indexReplicas }, after)
    this.dependsOn = [...made, ...rolled]
    const kept = tiers.map((tier) => ({
      name: tierName(name, tier),
      sets: sets.filter((set) => set.tier === tier).map((set) => set.name),
    }))
    const credentials = this.endpoint.digest === undefined ? {} : { digest: this.endpoint.digest }
    this.gated = gatedNodes({ ...job, indexPrefix, indexReplicas, budgets: kept, ...credentials })
    this.registerOutputs({ url })
  }

  /** The Job that gives API and workers their user. */
  private users({ name, site, image, indexPrefix }: Cluster, users: Users, dependsOn: readonly Resource[]): Resource {
    const script = usersScript(`${hostOf(site, name)}:${HTTP_PORT}`, indexPrefix, users.names)
    const template = podTemplate({
      site,
      tier: 'set-up',
      ...ELASTICSEARCH_USER,
      graceSeconds: 30,
      restartPolicy: 'OnFailure',
      volumes: [
        { name: 'authority', configMap: { name: authorityConfig(name) } },
        {
          name: 'users',
          projected: {
            defaultMode: 0o440,
            sources: users.names.map((user) => ({
              secret: { name: passwordSecret(name, user), items: [{ key: 'password', path: user }] },
            })),
          },
        },
      ],
      containers: [
        {
          name: 'users',
          image,
          command: ['bash', '-c', script],
          resources: { cpuMillicores: 100, memoryMib: 256 },
          mounts: { '/authority': 'authority', '/users': 'users' },
        },
      ],
    })
    return setUpJob(site, `${name}-users`, checksumOfSecrets(script, ...users.clients), template, {
      parent: this,
      dependsOn: [...dependsOn],
    })
  }
}

function isMaster({ tier }: NodeSet): boolean {
  return tier === 'elasticsearch-master'
}
