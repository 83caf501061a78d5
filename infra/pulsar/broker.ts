import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input, type Output, output } from '@pulumi/pulumi'
import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'
import { checksum, propertiesFile } from '../kubernetes/config-files.ts'
import { type PodTemplate, podTemplate } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import { service } from '../kubernetes/service.ts'
import { hostOf, type Site, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { Stateful } from '../kubernetes/stateful.ts'
import { configMap, disruptionBudget } from '../kubernetes/tier-objects.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import type { PulsarEndpoint } from './endpoint.ts'
import { type OffloadStore, offloadCredentials, offloadEnv, offloadSettings } from './offload.ts'
import { configVolume, PULSAR_USER, pulsarContainer, TOKEN_DIR, tokenVolume } from './server.ts'
import type { Tokens } from './tokens.ts'

const PORTS = TIERS.broker.ports

/** Sizes of the brokers. */
export interface BrokerSettings {
  /** Brokers. 1 to 500 pods. @default 3 */
  readonly replicas?: number
  /** CPU of one broker. 50 to 64000 millicores. @default 2000 */
  readonly cpuMillicores?: number
  /** Memory of one broker. 768 to 262144 MiB. @default 4096 */
  readonly memoryMib?: number
}

export interface BrokerArgs extends SiteArgs, BrokerSettings {
  /** Image of Pulsar. */
  readonly image: Input<string>
  /** Address of ZooKeeper, `host:port`. */
  readonly zookeeper: string
  /** Name of the Pulsar cluster. Fixed. @default 'tracardi' */
  readonly clusterName?: string
  /** `websocket`: the brokers serve the WebSocket API too. @default 'native' */
  readonly transport?: 'native' | 'websocket'
  /** Whether a token gives only what its holder needs, where there are `tokens`. @default true */
  readonly authorization?: boolean
  /** Bookies over which a ledger is striped (E). 1 to 20 bookies. @default 3 */
  readonly ensemble?: number
  /** Copies of each entry (Qw). 1 to 20 bookies. @default 3 */
  readonly writeQuorum?: number
  /** Copies that are on disk before a receipt (Qa). 1 to 20 bookies. @default 2 */
  readonly ackQuorum?: number
  /** Key and tokens. @default brokers ask for no token */
  readonly tokens?: Tokens
  /** Where closed ledgers are moved: what the group `offload` of a stack has. @default nowhere */
  readonly offload?: Partial<OffloadStore>
}

/** What the brokers are made from. */
interface Brokers {
  readonly name: string
  readonly site: Site
  readonly args: BrokerArgs
  readonly config: GroupOf<'broker'>
  readonly bookkeeper: GroupOf<'bookkeeper'>
  readonly pulsar: GroupOf<'pulsar'>
  readonly offload: OffloadStore
}

/** `brokerShutdownTimeoutMs`: the maximum time for a broker to hand over its topics. */
const SHUTDOWN_SECONDS = 60
/** Between the end of readiness and SIGTERM, so that no new client is sent here. */
const PRE_STOP_SECONDS = 10

/** The brokers, which take and give messages. What they know is in ZooKeeper and in the bookies. */
export class Broker extends ComponentResource implements PulsarEndpoint {
  readonly serviceUrl: string
  readonly adminUrl: string
  readonly set: k8s.apps.v1.StatefulSet

  constructor(name: string, args: BrokerArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Broker', name, {}, opts)
    const site = siteOf(name, args)
    const own: Brokers = {
      name,
      site,
      args,
      config: withDefaults(name, 'broker', args),
      bookkeeper: quorumsOf(name, args),
      pulsar: withDefaults(name, 'pulsar', args),
      offload: withDefaults(name, 'offload', args.offload ?? {}),
    }
    const child = { parent: this }
    this.serviceUrl = `pulsar://${hostOf(site, name)}:${PORTS.pulsar}`
    this.adminUrl = `http://${hostOf(site, name)}:${PORTS.http}`
    const conf = output(args.tokens?.publicKey).apply((publicKey) => brokerConf(own, publicKey))
    const configuration = configMap(site, 'broker', name, { 'broker.conf': conf }, child)
    const ports = PORTS
    const members = `${name}-members`
    const clients = service(site, { tier: 'broker', name, ports, type: 'ClusterIP' }, child)
    const peers = service(site, { tier: 'broker', name: members, ports, type: 'headless' }, child)
    const { set } = new Stateful(
      name,
      {
        site,
        tier: 'broker',
        serviceName: members,
        replicas: own.config.replicas,
        claims: [],
        template: brokerPod(
          own,
          conf.apply((text) => checksum(text)),
        ),
      },
      { parent: this, dependsOn: [configuration, clients, peers, ...(args.tokens ? [args.tokens] : [])] },
    )
    disruptionBudget(site, 'broker', name, child)
    this.set = set
    this.registerOutputs({ serviceUrl: this.serviceUrl, adminUrl: this.adminUrl, set })
  }
}

/** The quorums among the arguments. Of what bookies have and brokers have not, such as `replicas`, they are no settings. */
function quorumsOf(name: string, { ensemble, writeQuorum, ackQuorum }: BrokerArgs): GroupOf<'bookkeeper'> {
  return withDefaults(name, 'bookkeeper', { ensemble, writeQuorum, ackQuorum })
}

/** The configuration file of a broker. What it does not name has the default of Pulsar. */
function brokerConf({ site, bookkeeper, pulsar, offload, args }: Brokers, publicKey?: string): string {
  const { zookeeper } = args
  const zones = site.zones.length
  return propertiesFile({
    clusterName: pulsar.clusterName,
    metadataStoreUrl: `zk:${zookeeper}`,
    configurationMetadataStoreUrl: `zk:${zookeeper}`,
    brokerServicePort: PORTS.pulsar,
    webServicePort: PORTS.http,
    webSocketServiceEnabled: pulsar.transport === 'websocket',
    // A worker that is stopped, or whose node is, gives its messages to others after this time; a live one pings each 10 s.
    webSocketSessionIdleTimeoutMillis: 30_000,
    // The same by the native client: the broker pings so often and ends the connection at the second silence.
    keepAliveIntervalSeconds: 15,
    statusFilePath: '/tmp/status',
    brokerShutdownTimeoutMs: SHUTDOWN_SECONDS * 1000,
    managedLedgerDefaultEnsembleSize: bookkeeper.ensemble,
    managedLedgerDefaultWriteQuorum: bookkeeper.writeQuorum,
    managedLedgerDefaultAckQuorum: bookkeeper.ackQuorum,
    bookkeeperClientRackawarePolicyEnabled: true,
    // A preference: while a zone is down, ledgers are still written.
    bookkeeperClientMinNumRacksPerWriteQuorum: Math.max(1, Math.min(zones, bookkeeper.writeQuorum)),
    bookkeeperClientEnforceMinNumRacksPerWriteQuorum: false,
    // Topics are made by the set-up, with their partitions and subscriptions. A broker that made a missing one by itself
    // would make it without either, and what is published there would be lost.
    allowAutoTopicCreation: false,
    allowAutoSubscriptionCreation: false,
    // A quiet topic keeps its subscription, and so everything that is published before a worker is back.
    brokerDeleteInactiveTopicsEnabled: false,
    subscriptionExpirationTimeMinutes: 0,
    ttlDurationDefaultInSeconds: 0,
    // A full backlog is refused at the door, never thrown away.
    backlogQuotaDefaultRetentionPolicy: 'producer_exception',
    // Acknowledgements within a partly acknowledged batch survive a restart of the broker.
    managedLedgerMaxUnackedRangesToPersist: 10_000,
    exposeTopicLevelMetricsInPrometheus: true,
    // The age of a backlog is that of its oldest message. Without it a broker reports -1 until the ledger of that message is closed.
    preciseTimeBasedBacklogQuotaCheck: true,
    authenticateMetricsEndpoint: false,
    ...offloadSettings(offload),
    ...(publicKey === undefined ? {} : authentication(pulsar, publicKey)),
  })
}

function authentication({ authorization }: GroupOf<'pulsar'>, publicKey: string): Record<string, string | boolean> {
  return {
    authenticationEnabled: true,
    authenticationProviders: 'org.apache.pulsar.broker.authentication.AuthenticationProviderToken',
    tokenPublicKey: publicKey,
    authorizationEnabled: authorization,
    superUserRoles: 'admin,broker',
    proxyRoles: 'proxy',
    brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
    brokerClientAuthenticationParameters: `file://${TOKEN_DIR}/token`,
  }
}

function brokerPod({ name, site, config, offload, args }: Brokers, digest: Output<string>): PodTemplate {
  const { image, tokens } = args
  const store = offloadCredentials(offload)
  return podTemplate({
    site,
    tier: 'broker',
    serviceAccount: offload.serviceAccount,
    ...PULSAR_USER,
    graceSeconds: PRE_STOP_SECONDS + SHUTDOWN_SECONDS + 20,
    zones: site.zones,
    checksums: { config: digest },
    volumes: [configVolume(name), ...(tokens ? [tokenVolume(tokens.secretName('broker'))] : []), ...store.volumes],
    containers: [
      pulsarContainer({
        jvm: 'broker',
        name: 'broker',
        image,
        command: ['bash', '-c', 'echo OK > /tmp/status && exec bin/pulsar broker'],
        env: { PULSAR_BROKER_CONF: '/config/broker.conf', ...offloadEnv(offload) },
        fields: store.env,
        ports: PORTS,
        resources: config,
        mounts: { ...(tokens ? { [TOKEN_DIR]: 'tokens' } : {}), ...store.mounts },
        // The status page needs no token. It fails when threads wait for each other forever, and reports nothing about other servers,
        // so a broker is not killed for their faults.
        probes: probes({
          startSeconds: 300,
          ready: httpCheck(PORTS.http, '/status.html'),
          alive: httpCheck(PORTS.http, '/status.html'),
        }),
        preStop: ['bash', '-c', `rm -f /tmp/status; sleep ${PRE_STOP_SECONDS}`],
      }),
    ],
  })
}
