import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'
import type { GatedServers } from '../kubernetes/budget-keeper.ts'
import { checksum, propertiesFile, scriptOf } from '../kubernetes/config-files.ts'
import type { DrainSettings } from '../kubernetes/drain.ts'
import { type PodTemplate, podTemplate } from '../kubernetes/pod.ts'
import { execCheck, probes } from '../kubernetes/probes.ts'
import { roller, rollOutName } from '../kubernetes/roller.ts'
import { service } from '../kubernetes/service.ts'
import { type Domain, hostOf, type Site, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { Stateful } from '../kubernetes/stateful.ts'
import { configMap, disruptionBudget } from '../kubernetes/tier-objects.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { drainZooKeeper } from './drain-zookeeper.ts'
import { configVolume, PULSAR_USER, podName, pulsarContainer } from './server.ts'

const PORTS = TIERS.zookeeper.ports

/** Sizes of a ZooKeeper ensemble. */
export interface ZooKeeperSettings {
  /** ZooKeeper nodes: 1, 3, 5 or 7. They can grow. 1 to 7 pods. @default 3 */
  readonly replicas?: number
  /** Disk of one node. It can grow. 1 to 65536 GiB. @default 20 */
  readonly diskGib?: number
  /** CPU of one node. 50 to 64000 millicores. @default 500 */
  readonly cpuMillicores?: number
  /** Memory of one node. 512 to 262144 MiB. @default 1024 */
  readonly memoryMib?: number
  /** StorageClass of these volumes; that of the platform when empty. @default '' */
  readonly storageClass?: string
}

export interface ZooKeeperArgs extends SiteArgs, ZooKeeperSettings {
  /** Image of Pulsar, which has ZooKeeper in it. */
  readonly image: Input<string>
  /**
   * Image of the runtime, whose Jobs then restart the pods, each when the servers allow it, and take nodes out of the ensemble before they
   * go. Without it Kubernetes restarts each when the one before is ready, and fewer nodes are refused.
   *
   * @default none
   */
  readonly runtimeImage?: Input<string>
  /** How long that may take, and what becomes of the volumes. */
  readonly drain?: DrainSettings
}

/** What the parts of the ensemble are made from. */
interface Ensemble {
  readonly name: string
  readonly site: Site
  readonly image: Input<string>
  readonly config: GroupOf<'zookeeper'>
}

/** Where clients of the ensemble of this name connect, `host:port`. */
export function clientAddress(site: Domain, name: string): string {
  return `${hostOf(site, name)}:${PORTS.client}`
}

/** The headless Service that names the nodes of the ensemble of this name. */
export function membersService(name: string): string {
  return `${name}-members`
}

/** Name of the claim of a node. */
const DATA_CLAIM = 'data'

/** A follower that was down copies what it missed. */
const RECOVERY_SECONDS = 600

/** Maximum wait for clients with a session, after SIGTERM, in seconds. ZooKeeper itself stops immediately. */
const GRACE_SECONDS = 60

/**
 * The ensemble that keeps the metadata of Pulsar. It holds data: its volumes survive every change of its arguments.
 *
 * Growing from one node to three or more is one update; see `zookeeperStart`.
 */
export class ZooKeeper extends ComponentResource {
  /** Where clients connect, `host:port`. It stays the same when nodes are added. */
  readonly address: string
  readonly set: k8s.apps.v1.StatefulSet
  /** How a keeper of budgets asks the nodes; nothing without an image of the runtime. */
  readonly gated: readonly GatedServers[]

  constructor(name: string, args: ZooKeeperArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:ZooKeeper', name, {}, opts)
    const site = siteOf(name, args)
    const config = withDefaults(name, 'zookeeper', args)
    const child = { parent: this }
    const members = membersService(name)
    this.address = clientAddress(site, name)
    const files = zookeeperFiles(hostOf(site, members))
    const configuration = configMap(
      site,
      'zookeeper',
      name,
      // Read by a node when it starts, and not in the checksum: growing the ensemble restarts none of its nodes.
      { ...files, replicas: `${config.replicas}` },
      child,
    )
    const ports = { client: PORTS.client, metrics: PORTS.metrics }
    const client = service(site, { tier: 'zookeeper', name, ports, type: 'ClusterIP' }, child)
    const memberPorts = { client: PORTS.client, server: PORTS.server, election: PORTS.election }
    const peers = service(site, { tier: 'zookeeper', name: members, ports: memberPorts, type: 'headless' }, child)
    const { runtimeImage: image, drain: settings = {} } = args
    const claims = [{ name: DATA_CLAIM, gib: config.diskGib, storageClass: config.storageClass }]
    const drained = { site, name, members, settings, pulsarImage: args.image, replicas: config.replicas }
    const drain =
      image === undefined
        ? undefined
        : drainZooKeeper({ ...drained, image, claims: [DATA_CLAIM] }, this, [configuration, peers])
    const stateful = new Stateful(
      name,
      {
        site,
        tier: 'zookeeper',
        serviceName: members,
        replicas: config.replicas,
        claims,
        template: zookeeperPod({ name, site, image: args.image, config }, checksum(...Object.values(files))),
        gated: image !== undefined,
      },
      { parent: this, dependsOn: [configuration, client, peers, ...(drain ? [drain.before] : [])] },
    )
    drain?.after([stateful])
    const budget = disruptionBudget(site, 'zookeeper', name, child, image !== undefined)
    const options = { domain: hostOf(site, members), port: PORTS.client }
    const budgets = [{ name, sets: [name] }]
    this.gated = image === undefined ? [] : [{ servers: 'zookeeper', lease: rollOutName(name), budgets, ...options }]
    if (image !== undefined) {
      const gates = { servers: 'zookeeper', sets: [stateful], options, recoverySeconds: RECOVERY_SECONDS } as const
      roller({ site, name, image, ...gates }, { parent: this, dependsOn: [budget] })
    }
    this.set = stateful.set
    this.registerOutputs({ address: this.address, set: this.set })
  }
}

function zookeeperFiles(domain: string): Record<string, string> {
  return {
    'zookeeper.conf': propertiesFile({
      tickTime: 2000,
      initLimit: 30,
      syncLimit: 10,
      dataDir: '/pulsar/data/zookeeper',
      'admin.enableServer': false,
      'autopurge.snapRetainCount': 5,
      'autopurge.purgeInterval': 1,
      forceSync: 'yes',
      // The ensemble is changed by reconfiguration only, so that no new list of servers can elect nodes without data.
      reconfigEnabled: true,
      standaloneEnabled: false,
      // Pulsar sets no rules of access. Who may connect at all is a matter of the NetworkPolicy.
      skipACL: 'yes',
      'metricsProvider.className': 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
      'metricsProvider.httpPort': PORTS.metrics,
    }),
    'start.sh': zookeeperStart(domain),
    // Ready when it serves as a member of the ensemble; alive when it answers at all.
    'ready.sh':
      "test -e /tmp/member && exec 3<>/dev/tcp/localhost/2181 && printf srvr >&3 && timeout 3 grep -q '^Mode: ' <&3\n",
    'alive.sh': 'exec 3<>/dev/tcp/localhost/2181 && printf ruok >&3 && timeout 3 grep -q imok <&3\n',
  }
}

function zookeeperPod({ name, site, image, config }: Ensemble, digest: string): PodTemplate {
  return podTemplate({
    site,
    tier: 'zookeeper',
    ...PULSAR_USER,
    graceSeconds: GRACE_SECONDS,
    zones: site.zones,
    separateZones: site.environment === 'production' ? 'required' : 'preferred',
    separateHosts: site.environment === 'production' ? 'required' : 'preferred',
    checksums: { config: digest },
    volumes: [configVolume(name)],
    containers: [
      pulsarContainer({
        jvm: 'zookeeper',
        name: 'zookeeper',
        image,
        command: ['bash', '/config/start.sh'],
        env: { PULSAR_ZK_CONF: '/pulsar/data/zookeeper/conf/zoo.cfg' },
        fields: [podName],
        ports: PORTS,
        resources: config,
        mounts: { '/pulsar/data/zookeeper': DATA_CLAIM },
        probes: probes({
          startSeconds: 180,
          ready: execCheck('bash', '/config/ready.sh'),
          alive: execCheck('bash', '/config/alive.sh'),
        }),
      }),
    ],
  })
}

/**
 * The start script of a ZooKeeper node.
 *
 * The ensemble changes by ZooKeeper's own reconfiguration, never by a new list of servers: with such a list two nodes that
 * are new and empty could form a quorum without the one that has the data. Here the first node begins alone. Each other one
 * starts as an observer, which cannot elect, copies the data, and asks the ensemble to make it a participant. So an ensemble
 * of one becomes one of three, and three become five, at any time; a node that lost its disk comes back the same way.
 *
 * The configuration is kept on the volume, because ZooKeeper writes the ensemble into it.
 */
function zookeeperStart(domain: string): string {
  return scriptOf(new URL('scripts/zookeeper-start.sh', import.meta.url), { DOMAIN: domain })
}
