/**
 * The components, for any Pulumi program, see docs/library.md. Each takes flat, documented arguments, names its children after
 * itself, and nothing is registered before one is made.
 */
export { costOf, type TierCost, totalOf } from './cost.ts'
export {
  Elasticsearch,
  type ElasticsearchArgs,
  type ElasticsearchSettings,
} from './elasticsearch/elasticsearch.ts'
export type { SearchAccess, SearchEndpoint } from './elasticsearch/endpoint.ts'
export { Images, type ImagesArgs } from './images.ts'
export { adoptsWhatIsAwaited } from './kubernetes/adoption.ts'
export type { Environment, SiteArgs } from './kubernetes/site.ts'
export { type Outside, TIERS, type Tier } from './kubernetes/tiers.ts'
export { type Edge, type EdgesArgs, type ExternalPorts, edgesOf } from './network/edges.ts'
export { type NamedPods, NetworkPolicies, type NetworkPoliciesArgs } from './network/policies.ts'
export { Exporter, type ExporterArgs } from './observability/exporter.ts'
export { Observability, type ObservabilityArgs, type ObservabilitySettings } from './observability/observability.ts'
export { Platform } from './platform.ts'
export type { ExternalElasticsearch, ExternalPulsar, PlatformArgs, PlatformSettings } from './platform-args.ts'
export { Autorecovery, type AutorecoveryArgs, type AutorecoverySettings } from './pulsar/autorecovery.ts'
export { BookKeeper, type BookKeeperArgs, type BookKeeperSettings } from './pulsar/bookkeeper.ts'
export { Broker, type BrokerArgs, type BrokerSettings } from './pulsar/broker.ts'
export type { PulsarAccess, PulsarEndpoint } from './pulsar/endpoint.ts'
export { Proxy, type ProxyArgs, type ProxySettings } from './pulsar/proxy.ts'
export { Pulsar, type PulsarArgs, type PulsarSettings } from './pulsar/pulsar.ts'
export { type Role, Tokens, type TokensArgs } from './pulsar/tokens.ts'
export { ZooKeeper, type ZooKeeperArgs, type ZooKeeperSettings } from './pulsar/zookeeper.ts'
export { Api, type ApiArgs, type ApiSettings } from './runtime/api.ts'
export { Backup, type BackupArgs } from './runtime/backup.ts'
export type { RuntimeArgs } from './runtime/environment.ts'
export { Erase, type EraseArgs } from './runtime/erase.ts'
export { Replay, type ReplayArgs } from './runtime/replay.ts'
export { Retention, type RetentionArgs } from './runtime/retention.ts'
export { SetUp, type SetUpArgs } from './runtime/set-up-job.ts'
export { Workers, type WorkersArgs, type WorkersSettings } from './runtime/workers.ts'
export type { Facts } from './safety/facts.ts'
export { Guard, type GuardArgs } from './safety/guard.ts'
