import { ComponentResource, type ComponentResourceOptions, type Input, type Output, output } from '@pulumi/pulumi'
import type { GroupOf } from '../config/read.ts'
import { checksum } from '../kubernetes/checksum.ts'
import { configMap } from '../kubernetes/config-map.ts'
import { disruptionBudget } from '../kubernetes/disruption.ts'
import { type PodTemplate, podTemplate } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import { propertiesFile } from '../kubernetes/properties.ts'
import { service } from '../kubernetes/service.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { Stateful } from '../kubernetes/stateful.ts'
import type { PulsarEndpoint } from './endpoint.ts'
import { configVolume, PULSAR_USER, pulsarContainer, TOKEN_DIR, tokenVolume } from './server.ts'
import { type Tokens, tokenSecret } from './tokens.ts'

export const BROKER_PORT = 6650
export const ADMIN_PORT = 8080

export interface BrokerArgs {
  readonly site: Site
  readonly image: Input<string>
  readonly config: GroupOf<'broker'>
  readonly bookkeeper: GroupOf<'bookkeeper'>
  readonly pulsar: GroupOf<'pulsar'>
  /** Address of ZooKeeper, `host:port`. */
  readonly zookeeper: string
  /** Key and tokens, where the brokers ask for them. */
  readonly tokens?: Tokens
}

/** `brokerShutdownTimeoutMs`: the longest time in which a broker hands over its topics. */
const SHUTDOWN_SECONDS = 60
/** Between the end of readiness and SIGTERM, so that no new client is sent here. */
const PRE_STOP_SECONDS = 10

/** The brokers, which take and give messages. What they know is in ZooKeeper and in the bookies. */
export class Broker extends ComponentResource implements PulsarEndpoint {
  readonly serviceUrl: string
  readonly adminUrl: string

  constructor(name: string, args: BrokerArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Broker', name, {}, opts)
    const { site, config } = args
    const child = { parent: this }
    this.serviceUrl = `pulsar://${hostOf(site, 'broker')}:${BROKER_PORT}`
    this.adminUrl = `http://${hostOf(site, 'broker')}:${ADMIN_PORT}`
    const conf = output(args.tokens?.publicKey).apply((publicKey) => brokerConf(args, publicKey))
    const configuration = configMap(site, 'broker', 'broker', { 'broker.conf': conf }, child)
    const ports = { pulsar: BROKER_PORT, http: ADMIN_PORT }
    const clients = service(site, { tier: 'broker', name: 'broker', ports, type: 'ClusterIP' }, child)
    const peers = service(site, { tier: 'broker', name: 'broker-members', ports, type: 'headless' }, child)
    const set = new Stateful(
      name,
      {
        site,
        tier: 'broker',
        name: 'broker',
        serviceName: 'broker-members',
        replicas: config.replicas,
        claims: [],
        template: brokerPod(
          args,
          conf.apply((text) => checksum(text)),
        ),
      },
      { parent: this, dependsOn: [configuration, clients, peers, ...(args.tokens ? [args.tokens] : [])] },
    )
    disruptionBudget(site, 'broker', child)
    this.registerOutputs({ serviceUrl: this.serviceUrl, adminUrl: this.adminUrl, set: set.set })
  }
}

/** The configuration file of a broker. What it does not name has the default of Pulsar. */
function brokerConf({ site, bookkeeper, pulsar, zookeeper }: BrokerArgs, publicKey?: string): string {
  const zones = site.zones.length
  return propertiesFile({
    clusterName: pulsar.clusterName,
    metadataStoreUrl: `zk:${zookeeper}`,
    configurationMetadataStoreUrl: `zk:${zookeeper}`,
    brokerServicePort: BROKER_PORT,
    webServicePort: ADMIN_PORT,
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
    // A preference: while a zone is away, ledgers are written all the same.
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
    // Acknowledgements within a message that is not wholly done with survive a broker.
    managedLedgerMaxUnackedRangesToPersist: 10_000,
    exposeTopicLevelMetricsInPrometheus: true,
    // The age of a backlog is that of its oldest message. Without it a broker tells -1 until the ledger of that is closed.
    preciseTimeBasedBacklogQuotaCheck: true,
    authenticateMetricsEndpoint: false,
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

function brokerPod({ site, image, config, tokens }: BrokerArgs, digest: Output<string>): PodTemplate {
  return podTemplate({
    tier: 'broker',
    ...PULSAR_USER,
    graceSeconds: PRE_STOP_SECONDS + SHUTDOWN_SECONDS + 20,
    zones: site.zones,
    checksums: { config: digest },
    pullSecret: site.pullSecret,
    cpuLimits: site.cpuLimits,
    volumes: [configVolume('broker'), ...(tokens ? [tokenVolume(tokenSecret('broker'))] : [])],
    containers: [
      pulsarContainer({
        jvm: 'broker',
        name: 'broker',
        image,
        command: ['bash', '-c', 'echo OK > /tmp/status && exec bin/pulsar broker'],
        env: { PULSAR_BROKER_CONF: '/config/broker.conf' },
        ports: { pulsar: BROKER_PORT, http: ADMIN_PORT },
        resources: config,
        mounts: tokens ? { [TOKEN_DIR]: 'tokens' } : {},
        // The status page needs no token. It fails when threads wait for each other for ever, and says nothing of other servers,
        // so a broker is not killed for their faults.
        probes: probes({
          startSeconds: 300,
          ready: httpCheck(ADMIN_PORT, '/status.html'),
          alive: httpCheck(ADMIN_PORT, '/status.html'),
        }),
        preStop: ['bash', '-c', `rm -f /tmp/status; sleep ${PRE_STOP_SECONDS}`],
      }),
    ],
  })
}
