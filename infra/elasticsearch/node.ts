import type { Input } from '@pulumi/pulumi'
import { foundedName } from '../../runtime/names.ts'
import { type ContainerArgs, type EnvVar, type PodTemplate, podTemplate, type Volume } from '../kubernetes/pod.ts'
import { execCheck, probes, tcpCheck } from '../kubernetes/probes.ts'
import type { Site } from '../kubernetes/site.ts'
import { shareLabels } from '../kubernetes/zones.ts'
import { certificateSecret } from './certificates.ts'
import type { NodeSet } from './node-sets.ts'
import { CERTIFICATE_DIR, CONFIG_DIR, FOUNDING_FILE, HTTP_PORT, READINESS_PORT, TRANSPORT_PORT } from './settings.ts'
import {
  ADD_SECURE_SETTINGS,
  identityLabels,
  LINK_IDENTITY_TOKENS,
  type SnapshotStore,
  storeVolumes,
} from './snapshots.ts'
import { passwordSecret } from './users.ts'

/** The user of the image of Elasticsearch. */
export const ELASTICSEARCH_USER = { user: 1000, group: 0 } as const

const HOME = '/usr/share/elasticsearch'
const podName: EnvVar = { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }

export interface NodeArgs {
  readonly site: Site
  /** Name of the cluster. */
  readonly cluster: string
  readonly image: Input<string>
  readonly set: NodeSet
  readonly security: boolean
  readonly digest: string
  /** Changes with the password of the administrator, which a node reads when it starts. */
  readonly passwordDigest?: Input<string>
  readonly snapshots: SnapshotStore
}

/** Elasticsearch closes its shards before it ends; its own limit for that is below this. */
const GRACE_SECONDS = 180

/** Maximum time until a node answers, in seconds. It answers before its shards are recovered, and without a master too. */
const START_SECONDS = 1200

/** The pod of a node. Its configuration is assembled in a volume, because Elasticsearch writes into that folder. */
export function elasticsearchPod({
  site,
  cluster,
  image,
  set,
  security,
  digest,
  passwordDigest,
  snapshots,
}: NodeArgs): PodTemplate {
  const { zone } = set.share
  const store = storeVolumes(snapshots)
  const founds = set.tier === 'elasticsearch-master'
  const volumes: Volume[] = [
    { name: 'configuration', emptyDir: {} },
    { name: 'logs', emptyDir: {} },
    { name: 'settings', configMap: { name: set.name } },
    ...(founds ? [{ name: 'founded', configMap: { name: foundedName(set.name), optional: true } }] : []),
    ...(security
      ? [
          { name: 'certificates', secret: { secretName: certificateSecret(cluster), defaultMode: 0o440 } },
          { name: 'password', secret: { secretName: passwordSecret(cluster, 'elastic'), defaultMode: 0o440 } },
        ]
      : []),
    ...store.volumes,
  ]
  return podTemplate({
    site,
    tier: set.tier,
    labels: { ...shareLabels(set.share), ...identityLabels(snapshots) },
    serviceAccount: snapshots.serviceAccount,
    ...ELASTICSEARCH_USER,
    graceSeconds: GRACE_SECONDS,
    ...(zone === undefined ? { zones: site.zones } : { zone }),
    separateZones: site.environment === 'production' ? 'required' : 'preferred',
    separateHosts: site.environment === 'production' ? 'required' : 'preferred',
    checksums: { config: digest, ...(passwordDigest ? { password: passwordDigest } : {}) },
    volumes,
    initContainers: [configure(image, security, snapshots, founds)],
    containers: [
      {
        name: 'elasticsearch',
        image,
        command: [`${HOME}/bin/elasticsearch`],
        env: { ES_TMPDIR: '/tmp' },
        fields: [podName],
        ports: { http: HTTP_PORT, transport: TRANSPORT_PORT, readiness: READINESS_PORT },
        resources: set.resources,
        mounts: {
          [`${HOME}/data`]: 'data',
          [`${HOME}/logs`]: 'logs',
          [CONFIG_DIR]: 'configuration',
          ...(security ? { [CERTIFICATE_DIR]: 'certificates' } : {}),
          ...store.node,
        },
        probes: probes({
          startSeconds: START_SECONDS,
          ready: tcpCheck(READINESS_PORT),
          // Any answer will do, 401 too: a node without a master, or with shards to recover, is not killed.
          alive: execCheck(
            'curl',
            '-sko',
            '/dev/null',
            '-m',
            '8',
            `${security ? 'https' : 'http'}://127.0.0.1:${HTTP_PORT}/`,
          ),
        }),
      },
    ],
  })
}

/** A node alone has no file for it. A cluster that was founded is marked by the Job of the drain. */
const FOUND_ONCE = [
  `if [ -e /settings/${FOUNDING_FILE} ] && [ ! -e /founded/cluster ]; then`,
  `  cat /settings/${FOUNDING_FILE} >> /work/elasticsearch.yml`,
  'fi',
]

/** Copies what the image brings, adds our settings and, for a cluster that is new, the password of its administrator. */
function configure(image: Input<string>, security: boolean, snapshots: SnapshotStore, founds: boolean): ContainerArgs {
  const hasSecure = snapshots.credentialsSecret !== ''
  // The keystore first: its tool reads the settings too, and what a node fills in by itself is not known here.
  const keystore = [
    'export ES_PATH_CONF=/work',
    'rm -f /work/elasticsearch.keystore',
    'bin/elasticsearch-keystore create',
    ...(security
      ? [
          'bin/elasticsearch-keystore add --stdin bootstrap.password < /password/password',
          'mkdir -p /work/certificates',
        ]
      : []),
    ...(hasSecure ? ADD_SECURE_SETTINGS : []),
  ]
  const script = [
    'set -eu',
    `cd ${HOME}`,
    'cp -r config/. /work/',
    ...(security || hasSecure ? keystore : []),
    ...(snapshots.serviceAccount === '' ? [] : LINK_IDENTITY_TOKENS),
    'mkdir -p /work/jvm.options.d',
    'cp /settings/elasticsearch.yml /work/',
    ...(founds ? FOUND_ONCE : []),
    'cp /settings/heap.options /work/jvm.options.d/',
    'cp /settings/log4j2.properties /work/',
  ]
  return {
    name: 'configure',
    image,
    command: ['bash', '-c', script.join('\n')],
    env: { ES_TMPDIR: '/tmp', ES_JAVA_OPTS: '-Xmx64m', CLI_JAVA_OPTS: '-Xmx64m' },
    // Less than any node asks for, so that it adds nothing to what the pod is counted with.
    resources: { cpuMillicores: 50, memoryMib: 512 },
    mounts: {
      '/work': 'configuration',
      '/settings': 'settings',
      ...(security ? { '/password': 'password' } : {}),
      ...(founds ? { '/founded': 'founded' } : {}),
      ...storeVolumes(snapshots).configure,
    },
  }
}
