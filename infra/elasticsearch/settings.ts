import { autoCreateIndexSetting } from '../../runtime/config.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { membersService, type NodeSet } from './node-sets.ts'
import { type SnapshotStore, storeSettings } from './snapshots.ts'

/** Of `readiness.port`: open while the node belongs to a cluster with a master, whatever the health of its indices. */
export const {
  http: HTTP_PORT,
  transport: TRANSPORT_PORT,
  readiness: READINESS_PORT,
} = TIERS['elasticsearch-data'].ports

export const CONFIG_DIR = '/usr/share/elasticsearch/config'
export const CERTIFICATE_DIR = `${CONFIG_DIR}/certificates`

/**
 * A cluster of one node seeks nobody, and founds itself: no other node can have its data. Not with `discovery.type: single-node`, which
 * refuses nodes that come later.
 */
function discovery(set: NodeSet, { site, cluster, alone }: SettingsArgs): Record<string, unknown> {
  const masters = hostOf(site, membersService(cluster, 'elasticsearch-master'))
  return alone
    ? { 'discovery.seed_hosts': [], 'cluster.initial_master_nodes': foundersOf(set) }
    : { 'discovery.seed_hosts': [`${masters}:${TRANSPORT_PORT}`] }
}

/** Settings of masters that have not founded their cluster yet. */
export const FOUNDING_FILE = 'founding.yml'

/**
 * The masters that found the cluster when it starts for the first time: a majority of them must see each other. A node reads it whenever
 * its disk is empty. So it is omitted as soon as there is a cluster: a new master, and one that lost its disk, could found another one.
 */
export function foundingSettings(masters: NodeSet): string {
  return `cluster.initial_master_nodes: ${JSON.stringify(foundersOf(masters))}\n`
}

function foundersOf({ name, share }: NodeSet): readonly string[] {
  return Array.from({ length: share.replicas }, (_, ordinal) => `${name}-${ordinal}`)
}

export interface SettingsArgs {
  readonly site: Site
  /** Name of the component. */
  readonly cluster: string
  /** `cluster.name`: nodes join no cluster of another name. */
  readonly clusterName: string
  readonly security: boolean
  readonly memoryMap: boolean
  /** Whether the cluster has no other node. */
  readonly alone: boolean
  /** First part of the names of the pipeline's indices. */
  readonly indexPrefix: string
  readonly snapshots: SnapshotStore
}

/** `elasticsearch.yml` of a node set. Each value is JSON, which is YAML too. */
export function elasticsearchSettings(set: NodeSet, args: SettingsArgs): string {
  const { site, cluster, clusterName, security, memoryMap, indexPrefix, snapshots } = args
  const { zone } = set.share
  const settings: Record<string, unknown> = {
    'cluster.name': clusterName,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Elasticsearch fills in the name of the pod
    'node.name': '${POD_NAME}',
    'node.roles': set.roles,
    'network.host': '_site_',
    // Any local address for probes; the name of the pod to peers, because it outlives its address.
    'network.bind_host': '0.0.0.0',
    'transport.publish_host': `\${POD_NAME}.${hostOf(site, membersService(cluster, set.tier))}`,
    'http.port': HTTP_PORT,
    'transport.port': TRANSPORT_PORT,
    'readiness.port': READINESS_PORT,
    ...discovery(set, args),
    'node.store.allow_mmap': memoryMap,
    'action.auto_create_index': autoCreateIndexSetting(indexPrefix),
    'action.destructive_requires_name': true,
    'xpack.security.enabled': security,
    ...(zone === undefined ? {} : { 'node.attr.zone': zone }),
    // For every node, because the master decides by its own.
    ...(site.zones.length === 0
      ? {}
      : {
          'cluster.routing.allocation.awareness.attributes': 'zone',
          // A zone holds at most `ceil(copies / zones)` of a shard, also while another zone is down. With two copies in three
          // zones the lost ones are made again in the others: `load.surviveZone` sizes the disks for that.
          'cluster.routing.allocation.awareness.force.zone.values': site.zones,
        }),
    ...(security ? transportSecurity : {}),
    ...storeSettings(snapshots),
  }
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join('\n')}\n`
}

const transportSecurity = {
  'xpack.security.autoconfiguration.enabled': false,
  'xpack.security.transport.ssl.enabled': true,
  'xpack.security.transport.ssl.verification_mode': 'full',
  'xpack.security.transport.ssl.key': 'certificates/tls.key',
  'xpack.security.transport.ssl.certificate': 'certificates/tls.crt',
  'xpack.security.transport.ssl.certificate_authorities': ['certificates/ca.crt'],
  'xpack.security.http.ssl.enabled': true,
  'xpack.security.http.ssl.key': 'certificates/tls.key',
  'xpack.security.http.ssl.certificate': 'certificates/tls.crt',
}

/**
 * JVM options of a node: its heap, DNS caching for a network whose names change, and no files outside of its volume. By default it keeps
 * 2 GiB of garbage collector logs, and a heap dump is as large as the heap. A pod above its limit is evicted.
 */
export function jvmOptionsFile(heapMib: number): string {
  return [
    `-Xms${heapMib}m`,
    `-Xmx${heapMib}m`,
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:-HeapDumpOnOutOfMemoryError',
    '-XX:+ErrorFileToStderr',
    '-Xlog:disable',
    '-Xlog:all=warning,gc=info:stderr:utctime,level,tags',
    '-Des.networkaddress.cache.ttl=10',
    '',
  ].join('\n')
}

/** Everything to the console, where the cluster collects it. */
export const LOG4J_FILE = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name]%marker %m%consoleException%n
appender.header_warning.type = HeaderWarningAppender
appender.header_warning.name = header_warning
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
logger.deprecation.name = org.elasticsearch.deprecation
logger.deprecation.level = warn
logger.deprecation.appenderRef.header_warning.ref = header_warning
`
