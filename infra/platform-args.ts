import type { Input } from '@pulumi/pulumi'
import { type Config, loadConfig } from '../runtime/config.ts'
import { withDefaults } from './config/defaults.ts'
import type { GroupOf } from './config/read.ts'
import { type ElasticsearchSettings, settledElasticsearch } from './elasticsearch/elasticsearch.ts'
import type { SettledElasticsearch } from './elasticsearch/facts.ts'
import type { SnapshotStore } from './elasticsearch/snapshots.ts'
import type { DrainSettings } from './kubernetes/drain.ts'
import { PLATFORM } from './kubernetes/labels.ts'
import { type Site, type SiteArgs, siteOf } from './kubernetes/site.ts'
import type { ObservabilitySettings } from './observability/observability.ts'
import type { SettledPulsar } from './pulsar/facts.ts'
import { type PulsarSettings, settledPulsar } from './pulsar/pulsar.ts'
import type { ApiSettings } from './runtime/api.ts'
import type { WorkersSettings } from './runtime/workers.ts'

/** An existing Pulsar. */
export interface ExternalPulsar {
  /** `pulsar://host:port` or `pulsar+ssl://host:port`. */
  readonly serviceUrl: string
  /** `http://host:port` or `https://host:port`. */
  readonly adminUrl: string
  /** How API and workers speak to it. @default 'native' */
  readonly transport?: 'native' | 'websocket'
  /** Token (JWT) with which set-up, API and workers show who they are. A secret. @default none: nobody is asked */
  readonly token?: Input<string>
}

/** An existing Elasticsearch. It is reached with an API key, with user and password, or with neither. */
export interface ExternalElasticsearch {
  /** URLs of the nodes, separated by commas. */
  readonly url: string
  /** API key. A secret. @default none */
  readonly apiKey?: Input<string>
  /** User, with `password`. @default none */
  readonly username?: string
  /** Password of that user. A secret. @default none */
  readonly password?: Input<string>
}

/** A platform, without the image that its programs run. */
export interface PlatformSettings extends SiteArgs {
  /** Pulsar, or how an existing one is reached. @default a Pulsar of the platform with its own defaults */
  readonly pulsar?: (PulsarSettings & { readonly image?: Input<string> }) | ExternalPulsar
  /** Elasticsearch, or how an existing one is reached. @default an Elasticsearch of the platform with its own defaults */
  readonly elasticsearch?: (ElasticsearchSettings & { readonly image?: Input<string> }) | ExternalElasticsearch
  /**
   * Snapshots of that Elasticsearch of the platform: where they are kept, and how often one is made. `settings` name the repository
   * (`snapshotType` and so on).
   *
   * @default none
   */
  readonly backup?: Partial<SnapshotStore & { readonly intervalHours: number }>
  /** Sizes of the API, and how it is reached. */
  readonly api?: ApiSettings
  /** Sizes of the workers, and what scales them. */
  readonly workers?: WorkersSettings
  /** Namespace of KEDA, whose operator asks the brokers for the backlog. For `workers.autoscaling: 'keda'`. @default 'keda' */
  readonly kedaNamespace?: string
  /**
   * Settings of the programs, as in `runtime/config.ts`. Ports, addresses and secrets among them are set by the platform.
   *
   * @default those of docs/configuration.md
   */
  readonly settings?: Partial<Config>
  /** The event sources by id: name, allowed origins and, for those of servers, secrets. @default none */
  readonly sources?: Input<Readonly<Record<string, unknown>>>
  /**
   * Whether event indices older than `settings.eventRetentionDays` are deleted, every night. Without it disks fill, unless
   * somebody runs `indices expire --apply`.
   *
   * @default false
   */
  readonly expireIndices?: boolean
  /**
   * Whether the platform creates its namespace. One that exists stays when the platform is destroyed, and rights in it are enough. Fixed.
   *
   * @default true
   */
  readonly createNamespace?: boolean
  /** Namespaces whose pods may read metrics. @default [] */
  readonly monitoringNamespaces?: readonly string[]
  /** Labels of the pods there that may, as `name=value`: a pod needs all of them. @default [], every pod */
  readonly monitoringPods?: readonly string[]
  /** Namespaces whose pods may reach the private listener of the API. @default [] */
  readonly operatorNamespaces?: readonly string[]
  /** PodMonitors, alerts and dashboards. Needs the CRDs of the Prometheus operator. @default none */
  readonly observability?: ObservabilitySettings
  /** How long Pulsar must hold everything at peak while Elasticsearch is down, for the alerts. 1 to 336 hours. @default 24 */
  readonly backlogHours?: number
  /** Events a second at peak for which the platform is sized, for an alert; 0 for no such alert. @default 0 */
  readonly sizedEventsPerSecond?: number
  /** Bytes of one copy of an event on disk for which it is sized, for an alert; 0 for no such alert. @default 0 */
  readonly sizedEventBytes?: number
  /** Changes that are refused because they could destroy data, and that an operator has prepared: `key=new value`. @default [] */
  readonly acknowledge?: readonly string[]
  /** How bookies and data nodes are emptied before they go. */
  readonly drain?: DrainSettings
}

export interface PlatformArgs extends PlatformSettings {
  /** Image of API, workers and set-up: `runtime/Dockerfile` of this project makes it, see `Images`. */
  readonly runtimeImage: Input<string>
  /**
   * What the names of the parts begin with, as in `${prefix}zookeeper`.
   *
   * @default the name of the component and `-`
   */
  readonly prefix?: string
}

/** A platform with every number settled. */
export interface SettledPlatform {
  readonly site: Site
  readonly createNamespace: boolean
  readonly settings: Config
  /** Nothing where Pulsar is not of the platform. */
  readonly pulsar?: SettledPulsar
  /** Nothing where Elasticsearch is not of the platform. */
  readonly elasticsearch?: SettledElasticsearch
  readonly api: GroupOf<'api'>
  readonly workers: GroupOf<'workers'>
  readonly access: Pick<GroupOf<'platform'>, 'monitoringNamespaces' | 'monitoringPods' | 'operatorNamespaces'>
  readonly expireIndices: boolean
  readonly backup: GroupOf<'backup'>
  readonly backlogHours: number
  readonly sizedEventsPerSecond: number
  readonly sizedEventBytes: number
  /** Nothing where the platform is not monitored. */
  readonly observability?: GroupOf<'observability'>
}

/**
 * @param name of the component, for the messages.
 * @throws RunError with every value of a part that is out of range.
 */
export function settledPlatform(name: string, args: PlatformSettings): SettledPlatform {
  const { pulsar = {}, elasticsearch = {}, kedaNamespace, backlogHours } = args
  const { createNamespace, ...given } = withDefaults(name, 'platform', args)
  const { monitoringNamespaces, monitoringPods, operatorNamespaces } = given
  return {
    createNamespace,
    site: siteOf(name, { ...args, partOf: args.partOf ?? PLATFORM }),
    settings: { ...loadConfig({}), ...args.settings },
    ...(isExternalPulsar(pulsar) ? {} : { pulsar: settledPulsar(`pulsar of ${name}`, pulsar) }),
    ...(isExternalElasticsearch(elasticsearch)
      ? {}
      : { elasticsearch: settledElasticsearch(`elasticsearch of ${name}`, elasticsearch) }),
    api: withDefaults(`api of ${name}`, 'api', args.api ?? {}),
    workers: withDefaults(`workers of ${name}`, 'workers', { ...args.workers, kedaNamespace }),
    access: { monitoringNamespaces, monitoringPods, operatorNamespaces },
    expireIndices: args.expireIndices ?? false,
    backup: withDefaults(`backup of ${name}`, 'backup', args.backup ?? {}),
    backlogHours: withDefaults(name, 'load', { backlogHours }).backlogHours,
    sizedEventsPerSecond: args.sizedEventsPerSecond ?? 0,
    sizedEventBytes: args.sizedEventBytes ?? 0,
    ...(args.observability === undefined
      ? {}
      : { observability: withDefaults(`observability of ${name}`, 'observability', args.observability) }),
  }
}

export function isExternalPulsar(pulsar: NonNullable<PlatformSettings['pulsar']>): pulsar is ExternalPulsar {
  return 'serviceUrl' in pulsar
}

export function isExternalElasticsearch(
  elasticsearch: NonNullable<PlatformSettings['elasticsearch']>,
): elasticsearch is ExternalElasticsearch {
  return 'url' in elasticsearch
}
