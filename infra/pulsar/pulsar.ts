import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from '@pulumi/pulumi'
import { refuse, settledImage, withDefaults } from '../config/defaults.ts'
import { pulsarFaults } from '../config/rules.ts'
import type { GatedServers } from '../kubernetes/budget-keeper.ts'
import type { DrainSettings } from '../kubernetes/drain.ts'
import { hostOf, type Site, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { facts } from '../safety/facts.ts'
import { guardOf } from '../safety/guard.ts'
import { Autorecovery, type AutorecoverySettings } from './autorecovery.ts'
import { BookKeeper, type BookKeeperArgs, type BookKeeperSettings, bookies } from './bookkeeper.ts'
import { Broker, type BrokerSettings } from './broker.ts'
import type { PulsarAccess } from './endpoint.ts'
import { pulsarFacts, type SettledPulsar } from './facts.ts'
import { metadataJob } from './metadata.ts'
import type { OffloadStore } from './offload.ts'
// biome-ignore lint/suspicious/noShadowRestrictedNames: what Pulsar calls it
import { Proxy, type ProxySettings } from './proxy.ts'
import { Tokens } from './tokens.ts'
import { upgradeCheck } from './upgrade-check.ts'
import { ZooKeeper, type ZooKeeperSettings } from './zookeeper.ts'

/** A Pulsar cluster as a whole, and the sizes of its parts. */
export interface PulsarSettings {
  /**
   * Version of Pulsar, which chooses its image; that of the image when empty, which is 4.0.6 by default. It goes up, one server at a time.
   *
   * @default ''
   */
  readonly version?: string
  /** Name of the Pulsar cluster. Fixed. @default 'tracardi' */
  readonly clusterName?: string
  /**
   * How API and workers speak to Pulsar. The brokers serve the WebSocket API only for `websocket`.
   *
   * @default 'native'
   */
  readonly transport?: 'native' | 'websocket'
  /** Whether the brokers ask for a token. The stack makes key and tokens. @default true */
  readonly authentication?: boolean
  /** Whether a token gives only what its holder needs. Needs the native transport. @default true */
  readonly authorization?: boolean
  /**
   * Generation of the key that signs the tokens. Another number creates a new key and new tokens, and everything that uses them restarts.
   * 1 to 1000000.
   *
   * @default 1
   */
  readonly tokenGeneration?: number
  /** The ensemble that keeps the metadata. */
  readonly zookeeper?: ZooKeeperSettings
  /** The bookies, which keep the messages. */
  readonly bookkeeper?: BookKeeperSettings
  /** What copies the ledgers of a lost bookie. */
  readonly autorecovery?: AutorecoverySettings
  /** The brokers, which take and give messages. */
  readonly broker?: BrokerSettings
  /** The proxies, for clients from outside of the cluster; none by default. */
  readonly proxy?: ProxySettings
  /**
   * Where the brokers move closed ledgers. When they do is a policy of the namespace: for the programs' own it is in their
   * settings (`pulsarOffload` and so on).
   *
   * @default nowhere
   */
  readonly offload?: Partial<OffloadStore>
}

export interface PulsarArgs extends SiteArgs, PulsarSettings {
  /** Image of Pulsar. @default 'apachepulsar/pulsar:4.0.6' */
  readonly image?: Input<string>
  /**
   * Image of the runtime, whose Jobs then restart ZooKeeper and bookies, each pod when the servers allow it, and empty them before they go.
   * Without it Kubernetes restarts each pod when the one before is ready, and fewer of them are refused.
   *
   * @default none
   */
  readonly runtimeImage?: Input<string>
  /** How bookies are emptied, and nodes of ZooKeeper leave the ensemble. */
  readonly drain?: DrainSettings
  /** What the names of the parts begin with, as in `${prefix}zookeeper`. @default the name of the component and `-` */
  readonly prefix?: string
  /**
   * Whether a change that could destroy data is refused, in a preview already. A `Platform` does so for its parts.
   *
   * @default true
   */
  readonly guard?: boolean
  /** Changes that are refused, and that an operator has prepared: `key=new value`, as the refusal says. @default [] */
  readonly acknowledge?: readonly string[]
}

/** @throws RunError with every value of a part that is out of range. */
export function settledPulsar(name: string, args: PulsarSettings & { readonly image?: Input<string> }): SettledPulsar {
  const { serviceUrl: _url, adminUrl: _admin, ...cluster } = withDefaults(name, 'pulsar', args)
  return {
    ...cluster,
    ...settledImage(name, 'pulsar', cluster.version, args.image),
    zookeeper: withDefaults(`zookeeper of ${name}`, 'zookeeper', args.zookeeper ?? {}),
    bookkeeper: withDefaults(`bookkeeper of ${name}`, 'bookkeeper', args.bookkeeper ?? {}),
    autorecovery: withDefaults(`autorecovery of ${name}`, 'autorecovery', args.autorecovery ?? {}),
    broker: withDefaults(`broker of ${name}`, 'broker', args.broker ?? {}),
    proxy: withDefaults(`proxy of ${name}`, 'proxy', args.proxy ?? {}),
    offload: withDefaults(`offload of ${name}`, 'offload', args.offload ?? {}),
  }
}

/**
 * A Pulsar cluster: ZooKeeper, bookies with autorecovery, brokers, and optional proxies. Each tier starts,
 * and is changed, when the one that it depends on is ready.
 */
export class Pulsar extends ComponentResource implements PulsarAccess {
  readonly endpoint: Broker
  readonly transport: 'native' | 'websocket'
  readonly brokers: number
  readonly zookeeper: ZooKeeper
  readonly bookkeeper: BookKeeper
  readonly autorecovery: Autorecovery
  readonly proxy?: Proxy
  readonly tokenSecrets?: Readonly<Record<'admin' | 'api' | 'worker', string>>
  readonly tokenDigest?: Output<string>
  readonly dependsOn: readonly Resource[]
  readonly gated: readonly GatedServers[]

  constructor(name: string, args: PulsarArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Pulsar', name, {}, opts)
    const { prefix = `${name}-`, acknowledge = [] } = args
    const site = siteOf(name, args)
    const config = settledPulsar(name, args)
    refuse(name, pulsarFaults({ ...config, platform: site }))
    const { image, version, clusterName } = config
    const guard = guardOf(
      name,
      args,
      facts({ 'platform.namespace': site.namespace, ...pulsarFacts(config, site) }),
      this,
    )
    const gates = args.runtimeImage === undefined ? {} : { runtimeImage: args.runtimeImage }
    const after = (...dependsOn: Resource[]) => ({ parent: this, dependsOn })
    const check = { site, name: `${name}-upgrade`, image, version, acknowledge, zookeeper: `${prefix}zookeeper` }
    const checks = upgradeCheck(check, after(...guard))
    const storageClass = config.zookeeper.storageClass || site.storageClass
    this.zookeeper = new ZooKeeper(
      `${prefix}zookeeper`,
      { ...site, image, ...config.zookeeper, storageClass, ...gates, drain: args.drain ?? {} },
      after(...guard, ...checks),
    )
    const zookeeper = this.zookeeper.address
    const shared = { ...site, image, zookeeper }
    const metadata = metadataJob(
      {
        site,
        name: `${name}-metadata`,
        image,
        clusterName,
        zookeeper,
        broker: `${prefix}broker`,
        bookies: bookies(site, `${prefix}bookkeeper`, config.bookkeeper),
      },
      after(this.zookeeper),
    )
    const tokens = config.authentication
      ? new Tokens(`${name}-tokens`, { ...site, pulsar: name, generation: config.tokenGeneration }, { parent: this })
      : undefined
    const drain = bookieDrain(args, site, `${prefix}broker`, tokens)
    this.bookkeeper = new BookKeeper(
      `${prefix}bookkeeper`,
      { ...shared, ...config.bookkeeper, ...gates, ...drain },
      after(metadata, ...(tokens ? [tokens] : [])),
    )
    this.autorecovery = new Autorecovery(
      `${prefix}autorecovery`,
      { ...shared, ...config.autorecovery },
      after(this.bookkeeper),
    )
    const cluster = { clusterName, authorization: config.authorization, ...(tokens ? { tokens } : {}) }
    const { transport, offload } = config
    const { ensemble, writeQuorum, ackQuorum } = config.bookkeeper
    this.endpoint = new Broker(
      `${prefix}broker`,
      { ...shared, ...cluster, transport, offload, ensemble, writeQuorum, ackQuorum, ...config.broker },
      after(this.autorecovery),
    )
    if (config.proxy.replicas > 0) {
      const proxy = { ...site, image, ...cluster, brokers: this.endpoint, ...config.proxy }
      this.proxy = new Proxy(`${prefix}proxy`, proxy, after(this.endpoint))
    }
    this.gated = [...this.zookeeper.gated, ...this.bookkeeper.gated]
    this.transport = transport
    this.brokers = config.broker.replicas
    if (tokens) {
      this.tokenDigest = tokens.digest
      this.tokenSecrets = {
        admin: tokens.secretName('admin'),
        api: tokens.secretName('api'),
        worker: tokens.secretName('worker'),
      }
    }
    this.dependsOn = [this.endpoint, ...(this.proxy ? [this.proxy] : []), ...(tokens ? [tokens] : [])]
    this.registerOutputs({ serviceUrl: this.endpoint.serviceUrl, adminUrl: this.endpoint.adminUrl })
  }
}

/** Brokers close the ledgers of a bookie that goes; they need to be asked with the token of the administrator. */
function bookieDrain(
  { runtimeImage, drain = {} }: PulsarArgs,
  site: Site,
  broker: string,
  tokens: Tokens | undefined,
): Pick<BookKeeperArgs, 'drain'> {
  if (runtimeImage === undefined) return {}
  const adminUrl = `http://${hostOf(site, broker)}:${TIERS.broker.ports.http}`
  const token = tokens === undefined ? {} : { tokenSecret: tokens.secretName('admin') }
  return { drain: { image: runtimeImage, settings: drain, adminUrl, ...token } }
}
