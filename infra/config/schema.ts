import { type Setting, settings } from '../../runtime/config.ts'
import { defaultImage, SERVERS, type Server } from './server-versions.ts'

/** A list of texts, in the order in which they are given. */
export interface ListKey {
  readonly type: 'list'
  readonly default: readonly string[]
  readonly pattern: { readonly regex: RegExp; readonly says: string }
  readonly description: string
}

/** The set of servers that a stack begins with. Its name is not part of the names of its objects. */
export const FIRST_SET = 'first'

/** A key of the stack configuration. `derived` ones have a default only where the stack states no load. */
export type Key = (Setting & { readonly derived?: true }) | ListKey

export type Group = Readonly<Record<string, Key>>

const LABEL = {
  regex: /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/,
  says: 'at most 40 lower-case letters, digits and -, beginning with a letter',
}
const IMAGE = {
  regex: /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/,
  says: 'a reference like registry/name:tag or registry/name@sha256:digest',
}
const LABEL_VALUE = {
  regex:
    /^([a-z0-9][a-z0-9.-]{0,252}\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?=([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/,
  says: 'labels like release=kube-prometheus-stack',
}
const CIDR = {
  regex: /^(\d{1,3}(\.\d{1,3}){3}\/\d{1,2}|[0-9a-f:]*:[0-9a-f:]*\/\d{1,3})$/,
  says: 'ranges like 192.0.2.0/24 or 2001:db8::/32',
}
const VERSION = { regex: /^\d{1,3}\.\d{1,3}\.\d{1,3}$/, says: 'a version like 4.0.6' }
const SET = { regex: /^[a-z][a-z0-9]{0,14}$/, says: 'a name like small: lower-case letters and digits' }
const ANY = { regex: /^\S.*$/, says: 'text' }

/** A key with the limits of the setting of the runtime that it becomes. */
function limitsOf<T extends { readonly env: string }>({ env: _env, ...limits }: T): Omit<T, 'env'> {
  return limits
}

const replicas = { type: 'integer', minimum: 0, maximum: 500, unit: 'pods' } as const
const minimumReplicas = {
  ...replicas,
  default: 0,
  derived: true,
  description: 'Minimum replicas of autoscaling; 0: as many as `replicas`.',
} as const
const maximumReplicas = {
  ...replicas,
  minimum: 1,
  derived: true,
  description: 'Maximum replicas of autoscaling.',
} as const
const cpu = { type: 'integer', minimum: 50, maximum: 64_000, unit: 'millicores' } as const
const memory = { type: 'integer', maximum: 262_144, unit: 'MiB' } as const
// Above the maximum a JVM loses compressed object pointers.
const fixedHeap = { type: 'number', default: 4, minimum: 1, maximum: 31, unit: 'GiB' } as const
const heap = { ...fixedHeap, derived: true } as const
const disk = { type: 'integer', minimum: 1, maximum: 65_536, unit: 'GiB' } as const
const volumes = { type: 'integer', default: 1, minimum: 1, maximum: 8, unit: 'volumes' } as const
function version(server: Server) {
  const { title, version: tested } = SERVERS[server]
  return {
    type: 'string',
    default: '',
    pattern: VERSION,
    description: `Version of ${title}, which chooses its image; that of \`images.${server}\` when empty, which is ${tested} by default. It goes up, one server at a time. [How](operations.md#a-new-version-of-${server}).`,
  } as const
}

const generation = { type: 'integer', default: 1, minimum: 1, maximum: 1_000_000 } as const

const storageClass = {
  type: 'string',
  default: '',
  description: 'StorageClass of these volumes; that of the platform when empty.',
} as const

/**
 * Every key of a stack's configuration, once, by group. From it come the `Plan`'s types, the reader, the `config:` block
 * of Pulumi.yaml and the tables in `docs/stack-configuration.md`. The settings of the runtime are the group `runtime`,
 * under their environment names, see `runtime/config.ts`.
 */
export const schema = {
  platform: {
    environment: {
      type: 'string',
      default: 'production',
      oneOf: ['dev', 'staging', 'production'],
      description:
        'Purpose of the stack. `production` refuses counts that do not survive a failure, and protects its data; `dev` leaves nothing behind.',
    },
    namespace: { type: 'string', default: 'tracardi', pattern: LABEL, description: 'Kubernetes namespace. Fixed.' },
    createNamespace: {
      type: 'boolean',
      default: true,
      description:
        'Whether the stack creates that namespace. `no` for one that exists: the stack then needs [rights in it](deploy.md#a-namespace-that-exists) and nowhere else, and never deletes it. Fixed.',
    },
    clusterDomain: {
      type: 'string',
      default: 'cluster.local',
      pattern: {
        regex: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
        says: 'a domain like cluster.local',
      },
      description: 'DNS domain of the cluster, in which the servers find each other by their names. Fixed.',
    },
    zones: {
      type: 'list',
      default: [],
      pattern: { regex: /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/, says: 'names of zones' },
      description:
        'Availability zones, by the value of the node label `topology.kubernetes.io/zone`: pods, copies of ledgers and copies of shards are spread over them; none when empty. Where there are some, one may be added at the end, with bookies and data nodes for it.',
    },
    monitoringNamespaces: {
      type: 'list',
      default: [],
      pattern: { regex: LABEL.regex, says: 'names of namespaces' },
      description:
        'Namespaces whose pods may read metrics; nobody when empty. Those of the brokers and proxies only where `pulsar.authentication` is on, because their port serves the admin API too.',
    },
    monitoringPods: {
      type: 'list',
      default: [],
      pattern: LABEL_VALUE,
      description:
        'Labels of the pods that may read metrics in `monitoringNamespaces`, such as `app.kubernetes.io/name=prometheus`: a pod needs all of them. All pods of these namespaces when empty.',
    },
    operatorNamespaces: {
      type: 'list',
      default: [],
      pattern: { regex: LABEL.regex, says: 'names of namespaces' },
      description:
        "Namespaces whose pods may reach the private listener of the API, which asks them for the operators' token; nobody when empty. `kubectl port-forward` needs no entry.",
    },
    context: {
      type: 'string',
      default: '',
      description:
        'Context of the KUBECONFIG; the current one when empty. Name it, so that a stack cannot reach the cluster of another.',
    },
    doctor: {
      type: 'string',
      default: 'report',
      oneOf: ['report', 'refuse', 'off'],
      description:
        'What a preview does first: `report` examines the cluster as [`npm run doctor`](doctor.md) does, and warns of what it lacks; `refuse` also stops at an error; `off` does not ask.',
    },
    storageClass: {
      type: 'string',
      default: '',
      description: 'StorageClass of all volumes; the default one of the cluster when empty. It must allow expansion.',
    },
    cpuLimits: {
      type: 'boolean',
      default: true,
      description:
        'Whether containers have a CPU limit: twice their request, and at least one core. Without it they use free CPU of their machine, and are never throttled.',
    },
    acknowledge: {
      type: 'list',
      default: [],
      pattern: { regex: /^[\w.-]+=\S*$/, says: 'texts like bookkeeper.replicas=3' },
      description:
        'Refused changes that an operator has prepared, so that they destroy no data: `key=new value`, as the refusal says.',
    },
    drainMinutes: {
      type: 'integer',
      default: 60,
      minimum: 1,
      maximum: 1440,
      unit: 'minutes',
      description:
        'How long one `up` empties bookies or data nodes that go, before it reports what is left. The next `up` continues from there.',
    },
    drainedVolumes: {
      type: 'string',
      default: 'keep',
      oneOf: ['keep', 'delete'],
      description:
        'What becomes of the volumes of a bookie or data node that was drained and is gone. A server that replaces it gets new ones in any case.',
    },
    skipCheck: {
      type: 'list',
      default: [],
      pattern: { regex: /^[\w.-]+=\d+>(\d+|none)$/, says: 'texts like bookkeeper.replicas=4>3' },
      description:
        'For disasters: servers that go without being drained or verified, as `key=old>new`. What only they hold is lost. Each entry is for one change; any other change of its key is refused until the entry is removed.',
    },
  },
  load: {
    peakEventsPerSecond: {
      type: 'integer',
      default: 0,
      minimum: 0,
      maximum: 1_000_000,
      unit: 'events/s',
      description:
        'Events a second at peak. If it is stated, the sizing model derives the counts that the stack does not state.',
    },
    eventsPerCall: {
      type: 'number',
      default: 10,
      minimum: 1,
      maximum: 1000,
      unit: 'events',
      description: 'Events that one call carries on average.',
    },
    eventBytes: {
      type: 'integer',
      default: 650,
      minimum: 50,
      maximum: 100_000,
      unit: 'bytes',
      description: 'JSON of one event, on average.',
    },
    meanToPeak: {
      type: 'number',
      default: 0.4,
      minimum: 0.01,
      maximum: 1,
      description: 'Mean rate of a day as a part of the peak.',
    },
    retentionDays: {
      type: 'integer',
      default: 90,
      minimum: 1,
      maximum: 3650,
      unit: 'days',
      description:
        'How long events stay in Elasticsearch, see `elasticsearch.expireIndices`. Also the default of EVENT_RETENTION_DAYS.',
    },
    backlogHours: {
      type: 'integer',
      default: 24,
      minimum: 1,
      maximum: 336,
      unit: 'hours',
      description: 'How long Pulsar must hold all events at peak while Elasticsearch is down.',
    },
    catchUpHours: {
      type: 'integer',
      default: 0,
      minimum: 0,
      maximum: 336,
      unit: 'hours',
      description:
        'Maximum hours for storing a full backlog while the mean load continues; 0: as fast as the sizes for the peak allow.',
    },
    eventsPerSession: {
      type: 'number',
      default: 10,
      minimum: 1,
      maximum: 100_000,
      unit: 'events',
      description: 'Events of one session on average. Each session is a document.',
    },
    sessionsPerProfile: {
      type: 'number',
      default: 5,
      minimum: 1,
      maximum: 100_000,
      unit: 'sessions',
      description: 'Sessions of one profile on average. Each profile is a document.',
    },
    stateDays: {
      type: 'integer',
      default: 90,
      minimum: 1,
      maximum: 3650,
      unit: 'days',
      description:
        'Number of days of new sessions and profiles that the disks have space for, if SESSION_RETENTION_DAYS and PROFILE_RETENTION_DAYS delete none. Disks can grow online: raise it as the stack gets older.',
    },
    hotDays: {
      type: 'integer',
      default: 7,
      minimum: 1,
      maximum: 3650,
      unit: 'days',
      description:
        'Number of the newest days that are searched often. Older events get less memory, and searching them takes longer.',
    },
    warmTier: {
      type: 'boolean',
      default: false,
      description:
        'Whether events older than `hotDays` lie on nodes of their own, with more disk for their memory. A job sends them there every night. Worth it with cheaper disks, see `elasticsearch.warmStorageClass`.',
    },
    queriesPerSecond: {
      type: 'integer',
      default: 0,
      minimum: 0,
      maximum: 100_000,
      unit: 'searches/s',
      description: 'Searches a second at peak, in addition to the events.',
    },
    snapshotDays: {
      type: 'integer',
      default: 0,
      minimum: 0,
      maximum: 3650,
      unit: 'days',
      description:
        'Number of days that your snapshots of Elasticsearch in an object store are kept; 0: none. It only affects the bill.',
    },
    surviveNode: {
      type: 'boolean',
      default: true,
      description:
        'Whether the stack survives the loss of one pod or node of each kind at peak: the others carry the load, and their disks have space for its copies. In `dev` only if it is stated.',
    },
    surviveZone: {
      type: 'boolean',
      default: true,
      description: 'The same for a whole zone, if `platform.zones` names several.',
    },
  },
  api: {
    replicas: { ...replicas, default: 10, minimum: 1, derived: true, description: 'Replicas of the API.' },
    autoscaling: {
      type: 'string',
      default: 'none',
      oneOf: ['none', 'cpu'],
      description:
        '`cpu`: a HorizontalPodAutoscaler on CPU, from `minReplicas` to `maxReplicas`. Needs metrics-server.',
    },
    minReplicas: minimumReplicas,
    maxReplicas: { ...maximumReplicas, default: 30 },
    targetCpuPercent: {
      type: 'integer',
      default: 60,
      minimum: 10,
      maximum: 95,
      unit: 'percent',
      description: 'Target CPU of autoscaling, as a part of the request.',
    },
    cpuMillicores: {
      ...cpu,
      default: 1000,
      description: 'CPU of one replica. It is one Node.js process: more than 1500 is wasted.',
    },
    memoryMib: { ...memory, default: 512, minimum: 256, description: 'Memory of one replica.' },
    service: {
      type: 'string',
      default: 'ClusterIP',
      oneOf: ['ClusterIP', 'LoadBalancer'],
      description: 'How the public listener is reached. The private one is always ClusterIP.',
    },
    sourceRanges: {
      type: 'list',
      default: [],
      pattern: CIDR,
      description:
        'Networks that may connect to that LoadBalancer; all when empty, which `production` refuses: the listener speaks plain HTTP.',
    },
    tokenGeneration: {
      ...generation,
      description:
        "Generation of the operators' token (output `consoleToken`). Another number creates a new token, and the API restarts with it.",
    },
    canary: {
      type: 'boolean',
      default: true,
      description:
        'Whether the API sends an event of its own to its public address every minute and looks for it in Elasticsearch ([canary](metrics.md#the-canary)). One of all replicas sends it.',
    },
    canaryUrl: {
      type: 'string',
      default: '',
      pattern: { regex: /^(https?:\/\/[^\s/,@]+)?$/, says: 'a URL like https://events.example.com, without a path' },
      description:
        'Public address that the canary calls, without a path. The address of the Ingress when empty, and without an Ingress the Service.',
    },
    ingressHost: {
      type: 'string',
      default: '',
      description: 'Host name of an Ingress to the public listener; no Ingress when empty.',
    },
    ingressClass: { type: 'string', default: '', description: 'Class of that Ingress; the default one when empty.' },
    ingressAnnotations: {
      type: 'list',
      default: [],
      pattern: { regex: /^[\w./-]+=\S.*$/, says: 'texts like nginx.ingress.kubernetes.io/proxy-body-size=4m' },
      description:
        'Annotations of that Ingress, `name=value`. It should let bodies pass that API_MAX_BODY_BYTES allows: 4 MiB.',
    },
    ingressTlsSecret: {
      type: 'string',
      default: '',
      description: 'Secret with the certificate of that host; plain HTTP when empty.',
    },
  },
  workers: {
    replicas: { ...replicas, default: 4, minimum: 1, derived: true, description: 'Replicas of the worker.' },
    autoscaling: {
      type: 'string',
      default: 'none',
      oneOf: ['none', 'keda', 'hpa'],
      description:
        '`keda`: a ScaledObject on the backlog of the subscription. `hpa`: a HorizontalPodAutoscaler on the bulks in flight, a metric of the workers, through a custom metrics adapter.',
    },
    minReplicas: minimumReplicas,
    maxReplicas: {
      ...maximumReplicas,
      default: 10,
      description: 'Maximum replicas of autoscaling; at most one for each partition.',
    },
    backlogPerWorker: {
      type: 'integer',
      default: 200,
      minimum: 1,
      maximum: 1_000_000,
      unit: 'messages',
      derived: true,
      description: 'Backlog for which KEDA adds one worker.',
    },
    kedaNamespace: {
      type: 'string',
      default: 'keda',
      pattern: LABEL,
      description:
        'Namespace of KEDA, whose operator (`app: keda-operator`) asks the admin API of the brokers for the backlog, with the token of the workers. For `keda`.',
    },
    targetBusyPercent: {
      type: 'integer',
      default: 70,
      minimum: 10,
      maximum: 95,
      unit: 'percent',
      description: 'Target of `hpa`: bulks in flight, as a part of BULK_CONCURRENCY.',
    },
    cpuMillicores: { ...cpu, default: 1000, description: 'CPU of one worker.' },
    memoryMib: { ...memory, default: 512, minimum: 256, description: 'Memory of one worker.' },
  },
  zookeeper: {
    replicas: {
      ...replicas,
      default: 3,
      minimum: 1,
      maximum: 7,
      description: 'ZooKeeper nodes: 1, 3, 5 or 7. They can grow.',
    },
    diskGib: { ...disk, default: 20, derived: true, description: 'Disk of one node. It can grow.' },
    cpuMillicores: { ...cpu, default: 500, description: 'CPU of one node.' },
    memoryMib: { ...memory, default: 1024, minimum: 512, description: 'Memory of one node.' },
    storageClass,
  },
  bookkeeper: {
    replicas: { ...replicas, default: 4, minimum: 1, derived: true, description: 'Bookies. They can grow.' },
    ensemble: {
      ...replicas,
      default: 3,
      minimum: 1,
      maximum: 20,
      unit: 'bookies',
      description: 'Bookies over which a ledger is striped (E).',
    },
    writeQuorum: {
      ...replicas,
      default: 3,
      minimum: 1,
      maximum: 20,
      unit: 'bookies',
      description: 'Copies of each entry (Qw).',
    },
    ackQuorum: {
      ...replicas,
      default: 2,
      minimum: 1,
      maximum: 20,
      unit: 'bookies',
      description: 'Copies that are on disk before a receipt (Qa).',
    },
    journalGib: { ...disk, default: 20, derived: true, description: 'Journal disk of one bookie. It can grow.' },
    ledgersGib: { ...disk, default: 100, derived: true, description: 'Ledger disk of one bookie. It can grow.' },
    journalVolumes: {
      ...volumes,
      description:
        'Volumes over which the journal disk of one bookie is divided; each is written by a thread of its own. Fixed for a set.',
    },
    ledgerVolumes: {
      ...volumes,
      description:
        'Volumes over which the ledger disk of one bookie is divided: a ledger is on one of them, by its number. Fixed for a set.',
    },
    set: {
      type: 'string',
      default: FIRST_SET,
      pattern: SET,
      description:
        'Name of the set of bookies that these keys describe. Another name makes another set, with volumes of its own, next to `oldSet`. [How](operations.md#other-disks-for-bookies).',
    },
    oldSet: {
      type: 'string',
      default: '',
      pattern: SET,
      description: 'Name of the set of bookies that goes; none when empty. Its keys say what it has.',
    },
    oldReplicas: {
      ...replicas,
      default: 0,
      description: 'Bookies of the set that goes. Fewer are drained; with 0 it is empty.',
    },
    oldJournalGib: { ...disk, default: 20, description: 'Journal disk of one bookie of the set that goes.' },
    oldLedgersGib: { ...disk, default: 100, description: 'Ledger disk of one bookie of the set that goes.' },
    oldJournalVolumes: { ...volumes, description: 'Volumes of the journal of one bookie of the set that goes.' },
    oldLedgerVolumes: { ...volumes, description: 'Volumes of the ledgers of one bookie of the set that goes.' },
    oldJournalStorageClass: {
      ...storageClass,
      description: 'StorageClass of the journals of the set that goes; that of the platform when empty.',
    },
    oldLedgersStorageClass: {
      ...storageClass,
      description: 'StorageClass of the ledgers of the set that goes; that of the platform when empty.',
    },
    startMinutes: {
      type: 'integer',
      default: 60,
      minimum: 5,
      maximum: 1440,
      unit: 'minutes',
      description:
        'Maximum duration of the start of a bookie. It replays its journal before it serves; after this time it is killed and starts again.',
    },
    cpuMillicores: { ...cpu, default: 1000, description: 'CPU of one bookie.' },
    memoryMib: { ...memory, default: 4096, minimum: 768, derived: true, description: 'Memory of one bookie.' },
    journalStorageClass: storageClass,
    ledgersStorageClass: storageClass,
  },
  autorecovery: {
    replicas: {
      ...replicas,
      default: 2,
      minimum: 1,
      maximum: 10,
      description: 'Processes that copy the ledgers of a lost bookie.',
    },
    cpuMillicores: { ...cpu, default: 250, description: 'CPU of one.' },
    memoryMib: { ...memory, default: 768, minimum: 512, description: 'Memory of one.' },
  },
  broker: {
    replicas: { ...replicas, default: 3, minimum: 1, derived: true, description: 'Brokers.' },
    cpuMillicores: { ...cpu, default: 2000, description: 'CPU of one broker.' },
    memoryMib: { ...memory, default: 4096, minimum: 768, description: 'Memory of one broker.' },
  },
  proxy: {
    replicas: {
      ...replicas,
      default: 0,
      description: 'Pulsar proxies, for clients outside of the cluster. API and workers use the brokers.',
    },
    service: {
      type: 'string',
      default: 'ClusterIP',
      oneOf: ['ClusterIP', 'LoadBalancer'],
      description: 'How the proxies are reached.',
    },
    sourceRanges: {
      type: 'list',
      default: [],
      pattern: CIDR,
      description:
        'Networks that may connect to that LoadBalancer; all when empty, which `production` refuses: tokens travel in plain text.',
    },
    cpuMillicores: { ...cpu, default: 500, description: 'CPU of one proxy.' },
    memoryMib: { ...memory, default: 1024, minimum: 512, description: 'Memory of one proxy.' },
  },
  pulsar: {
    version: version('pulsar'),
    serviceUrl: {
      type: 'string',
      default: '',
      pattern: { regex: /^pulsar(\+ssl)?:\/\/[^\s/]+$/, says: 'pulsar://host:port or pulsar+ssl://host:port' },
      description: 'Service URL of an existing Pulsar, with `adminUrl`. The stack then creates none.',
    },
    adminUrl: {
      type: 'string',
      default: '',
      pattern: { regex: /^https?:\/\/[^\s/]+$/, says: 'http://host:port or https://host:port' },
      description: 'Admin URL of that Pulsar.',
    },
    clusterName: {
      type: 'string',
      default: 'tracardi',
      pattern: LABEL,
      description: 'Name of the Pulsar cluster. Fixed.',
    },
    transport: {
      type: 'string',
      default: 'native',
      oneOf: ['native', 'websocket'],
      description: 'How API and workers speak to Pulsar. The brokers serve the WebSocket API only for `websocket`.',
    },
    authentication: {
      type: 'boolean',
      default: true,
      description: 'Whether the brokers ask for a token. The stack makes key and tokens.',
    },
    authorization: {
      type: 'boolean',
      default: true,
      description: 'Whether a token gives only what its holder needs. Needs the native transport.',
    },
    tokenGeneration: {
      ...generation,
      description:
        'Generation of the key that signs the tokens. Another number creates a new key and new tokens, and everything that uses them restarts.',
    },
  },
  elasticsearch: {
    version: version('elasticsearch'),
    url: {
      type: 'string',
      default: '',
      pattern: {
        regex: /^https?:\/\/[^\s/,]+(,https?:\/\/[^\s/,]+)*$/,
        says: 'URLs like https://host:9200, separated by commas',
      },
      description: 'URLs of an existing Elasticsearch. The stack then creates none.',
    },
    security: {
      type: 'boolean',
      default: true,
      description: 'Authentication, and TLS between nodes and to clients. Fixed.',
    },
    passwordGeneration: {
      ...generation,
      description:
        'Generation of the passwords of API, workers and snapshots. Another number creates new ones, and API and workers restart.',
    },
    adminPasswordGeneration: {
      ...generation,
      description:
        'Generation of the password of `elastic`, which only the set-up uses. Another number creates a new one, and the nodes restart one by one.',
    },
    masterNodes: {
      ...replicas,
      default: 3,
      minimum: 1,
      maximum: 3,
      description: 'Master-eligible nodes: 1 or 3.',
    },
    mastersHoldData: { type: 'boolean', default: false, description: 'Whether those nodes hold data too. Fixed.' },
    dataNodes: { ...replicas, default: 3, derived: true, description: 'Data nodes. They can grow.' },
    dataGib: { ...disk, default: 200, derived: true, description: 'Disk of one node that holds data. It can grow.' },
    dataStorageClass: {
      ...storageClass,
      description: 'StorageClass of the volumes of data nodes; that of `storageClass` when empty.',
    },
    dataSet: {
      type: 'string',
      default: FIRST_SET,
      pattern: SET,
      description:
        'Name of the set of data nodes that these keys describe. Another name makes another set, with volumes of its own, next to `oldDataSet`. [How](operations.md#another-disk-for-data-nodes).',
    },
    oldDataSet: {
      type: 'string',
      default: '',
      pattern: SET,
      description: 'Name of the set of data nodes that goes; none when empty. Its keys say what it has.',
    },
    oldDataNodes: {
      ...replicas,
      default: 0,
      description: 'Data nodes of the set that goes. Fewer are drained; with 0 it is empty.',
    },
    oldDataGib: { ...disk, default: 200, description: 'Disk of one data node of the set that goes.' },
    oldHeapGib: { ...fixedHeap, description: 'Heap of one data node of the set that goes.' },
    oldDataStorageClass: {
      ...storageClass,
      description: 'StorageClass of the volumes of the set that goes; that of `storageClass` when empty.',
    },
    heapGib: { ...heap, description: 'Heap of one node that holds data. Its memory is twice that.' },
    cpuMillicores: { ...cpu, default: 2000, derived: true, description: 'CPU of one node that holds data.' },
    warmNodes: {
      ...replicas,
      default: 0,
      derived: true,
      description: 'Nodes for older events, see `load.warmTier`. They need `dataNodes`. They can grow.',
    },
    warmGib: { ...disk, default: 200, derived: true, description: 'Disk of one warm node. It can grow.' },
    warmHeapGib: { ...heap, description: 'Heap of one warm node. Its memory is twice that.' },
    warmCpuMillicores: { ...cpu, default: 1000, derived: true, description: 'CPU of one warm node.' },
    warmStorageClass: {
      ...storageClass,
      description:
        'StorageClass of the volumes of warm nodes, as one with cheaper disks; that of `storageClass` when empty.',
    },
    masterDiskGib: { ...disk, default: 10, description: 'Disk of one dedicated master node. It can grow.' },
    masterMemoryMib: {
      ...memory,
      default: 2048,
      minimum: 1024,
      derived: true,
      description: 'Memory of one dedicated master node.',
    },
    masterCpuMillicores: { ...cpu, default: 500, description: 'CPU of one dedicated master node.' },
    expireIndices: {
      type: 'boolean',
      default: false,
      description:
        'Whether event indices older than EVENT_RETENTION_DAYS are deleted, every night, and sessions older than SESSION_RETENTION_DAYS and profiles without a call for PROFILE_RETENTION_DAYS. Without it they stay until an operator runs `indices expire --apply`, and disks fill.',
    },
    memoryMap: {
      type: 'boolean',
      default: false,
      description:
        'Whether nodes map their files into memory. Faster for searches; the machines need `vm.max_map_count` of 1048576 then.',
    },
    storageClass,
  },
  images: {
    mode: {
      type: 'string',
      default: 'build',
      oneOf: ['build', 'prebuilt'],
      description:
        '`build`: from `runtime/`, by the Docker engine of this machine. `prebuilt`: `runtime` names an image that a pipeline has built.',
    },
    repository: {
      type: 'string',
      default: '',
      description:
        'Where a built image is pushed, `registry/name`. Not pushed when empty: the nodes must share the Docker engine then.',
    },
    runtime: {
      type: 'string',
      default: '',
      pattern: IMAGE,
      description: 'The prebuilt image of API and worker, best by digest.',
    },
    pulsar: {
      type: 'string',
      default: defaultImage('pulsar'),
      pattern: IMAGE,
      description: 'Image of Pulsar. Without a tag it is where a mirror has it, and `pulsar.version` is the tag.',
    },
    elasticsearch: {
      type: 'string',
      default: defaultImage('elasticsearch'),
      pattern: IMAGE,
      description:
        'Image of Elasticsearch. Without a tag it is where a mirror has it, and `elasticsearch.version` is the tag.',
    },
    digests: {
      type: 'list',
      default: [],
      pattern: {
        regex: /^(pulsar|elasticsearch):\d{1,3}\.\d{1,3}\.\d{1,3}@sha256:[0-9a-f]{64}$/,
        says: 'texts like elasticsearch:9.2.0@sha256:…',
      },
      description:
        'Digests of the versions of Pulsar and Elasticsearch, from your registry. With the one of its version, a server needs no digest in its image.',
    },
    allowTags: {
      type: 'boolean',
      default: false,
      description:
        'Whether `production` takes the images of Pulsar, Elasticsearch and the exporter by tag, which may change to another image. Without it each needs a digest: `name:tag@sha256:…`.',
    },
    pullSecret: {
      type: 'string',
      default: '',
      pattern: ANY,
      description: 'Secret of the namespace with which images are pulled; none when empty.',
    },
  },
  backup: {
    type: {
      type: 'string',
      default: 'none',
      oneOf: ['none', 's3', 'gcs', 'azure', 'fs'],
      description:
        'Where snapshots of Elasticsearch are kept: a bucket of S3 or of an S3-compatible store, of Google Cloud Storage, a container of Azure, or a file system that all nodes share. [How](backup.md).',
    },
    location: {
      type: 'string',
      default: '',
      pattern: { regex: /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, says: 'the name of a bucket, container or claim' },
      description: 'Bucket, container, or for `fs` a claim of the namespace that many nodes can mount (ReadWriteMany).',
    },
    basePath: {
      type: 'string',
      default: '',
      pattern: { regex: /^([\w-][\w./-]*)?$/, says: 'a path without a leading slash' },
      description: 'Path within it. No two stacks may use the same one.',
    },
    intervalHours: {
      type: 'integer',
      default: 6,
      minimum: 1,
      maximum: 24,
      unit: 'hours',
      description:
        'Hours between two snapshots. Pulsar must keep events for twice as long (`runtime.PULSAR_RETENTION_HOURS`), so that a replay fills the gap even if one fails.',
    },
    retentionDays: {
      type: 'integer',
      default: 14,
      minimum: 1,
      maximum: 3650,
      unit: 'days',
      description: 'How long snapshots are kept. The newest whole one always stays.',
    },
    endpoint: {
      type: 'string',
      default: '',
      pattern: { regex: /^https?:\/\/[^\s/]+$/, says: 'a URL like https://objects.example.com:9000' },
      description: 'URL of an S3-compatible store; Amazon S3 when empty. For `s3`.',
    },
    region: {
      type: 'string',
      default: '',
      pattern: { regex: /^[a-z0-9-]{1,40}$/, says: 'a region like eu-central-1' },
      description: 'Region of the bucket, where Elasticsearch cannot find it out. For `s3`.',
    },
    credentialsSecret: {
      type: 'string',
      default: '',
      pattern: ANY,
      description:
        'Secret of the namespace with secure settings of Elasticsearch: each key is the name of one, such as `s3.client.default.access_key`. Nodes read it when they start.',
    },
    serviceAccount: {
      type: 'string',
      default: '',
      pattern: ANY,
      description:
        'ServiceAccount of the namespace that the cloud trusts (workload identity), for the nodes of Elasticsearch; the default one when empty.',
    },
  },
  offload: {
    type: {
      type: 'string',
      default: 'none',
      oneOf: ['none', 's3', 'gcs', 'azure'],
      description:
        'Where Pulsar moves closed ledgers, so that a backlog and what is kept outlive the disks of the bookies: a bucket of S3 or of an S3-compatible store, of Google Cloud Storage, or a container of Azure. Needs an image with offloaders (`images.pulsar`). [How](offload.md).',
    },
    bucket: {
      type: 'string',
      default: '',
      pattern: { regex: /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, says: 'the name of a bucket or container' },
      description: 'Bucket or container. No two stacks may use the same one. Fixed while ledgers are in it.',
    },
    region: {
      type: 'string',
      default: '',
      pattern: { regex: /^[A-Za-z0-9-]{1,40}$/, says: 'a region like eu-central-1' },
      description: 'Region of the bucket. For `s3` without `endpoint`, and for `gcs`.',
    },
    endpoint: {
      type: 'string',
      default: '',
      pattern: { regex: /^https?:\/\/[^\s/]+$/, says: 'a URL like https://objects.example.com:9000' },
      description: 'URL of an S3-compatible store; Amazon S3 when empty. For `s3`.',
    },
    credentialsSecret: {
      type: 'string',
      default: '',
      pattern: ANY,
      description:
        'Secret of the namespace with the credentials of the brokers: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; `key.json` of Google; or `AZURE_STORAGE_ACCOUNT` and `AZURE_STORAGE_ACCESS_KEY`.',
    },
    serviceAccount: {
      type: 'string',
      default: '',
      pattern: ANY,
      description:
        'ServiceAccount of the namespace that the cloud trusts (workload identity), for the brokers; the default one when empty. For `s3` without `endpoint`.',
    },
    afterMinutes: limitsOf(settings.pulsarOffloadAfterMinutes),
    afterGib: {
      ...limitsOf(settings.pulsarOffloadAfterGib),
      description:
        'Size of one partition from which its oldest closed ledgers are moved, whatever their age; 0: its size does not matter. Nothing is moved if this and `afterMinutes` are 0.',
    },
    deletionLagMinutes: limitsOf(settings.pulsarOffloadDeletionLagMinutes),
  },
  observability: {
    monitors: {
      type: 'string',
      default: 'none',
      oneOf: ['none', 'podMonitor'],
      description:
        '`podMonitor`: a PodMonitor for each tier that has metrics, and an exporter for Elasticsearch, which has no metrics endpoint. Needs the CRDs of the Prometheus operator.',
    },
    scrapeSeconds: {
      type: 'integer',
      default: 30,
      minimum: 5,
      // The shortest window of a rule is 5 minutes, and a rate needs two samples in it whatever is missed.
      maximum: 60,
      unit: 'seconds',
      description: 'Time between two scrapes of a pod.',
    },
    rules: {
      type: 'boolean',
      default: false,
      description:
        'Whether to create the alerts of [alerts.md](alerts.md), as a PrometheusRule. They use what the monitors scrape, and metrics of kube-state-metrics and kubelet.',
    },
    labels: {
      type: 'list',
      default: [],
      pattern: LABEL_VALUE,
      description:
        'Labels of PodMonitors and PrometheusRule, by which a Prometheus of the operator selects them, such as `release=kube-prometheus-stack`.',
    },
    runbooks: {
      type: 'string',
      default: 'docs/alerts.md',
      pattern: { regex: /^[^\s#]+$/, says: 'a URL or path without #' },
      description: 'URL of the page of alerts. Each alert links to it with `#` and its name.',
    },
    storedObjectivePercent: {
      type: 'number',
      default: 99.9,
      // Below it the fastest burn rate, 14.4, would exceed 100 %.
      minimum: 95,
      maximum: 99.999,
      unit: 'percent',
      description:
        'Objective of the service level: the part of the messages that are stored within `runtime.STORED_WITHIN_SECONDS`, over 30 days. The burn-rate alerts and the dashboard use it.',
    },
    dashboards: {
      type: 'boolean',
      default: false,
      description:
        'Whether to create the dashboards, as ConfigMaps for the sidecar of Grafana. They show what the monitors scrape.',
    },
    dashboardLabels: {
      type: 'list',
      default: ['grafana_dashboard=1'],
      pattern: LABEL_VALUE,
      description: 'Labels of these ConfigMaps, by which the sidecar selects them; `grafana_dashboard=1` by default.',
    },
    exporter: {
      type: 'string',
      default: 'quay.io/prometheuscommunity/elasticsearch-exporter:v1.11.0',
      pattern: IMAGE,
      description: 'Image of the exporter for Elasticsearch.',
    },
  },
} as const satisfies Record<string, Group>

/**
 * Secrets, each a key of its own so that the engine keeps it encrypted: `pulumi config set --secret elasticApiKey`. What a
 * stack provisions itself gets generated ones.
 */
export const secretKeys = {
  pulsarToken: 'Token (JWT) for an existing Pulsar.',
  elasticUsername: 'User for an existing Elasticsearch.',
  elasticPassword: 'Password of that user.',
  elasticApiKey: 'API key for an existing Elasticsearch, instead of user and password.',
  sourceSecrets:
    'Secrets of sources that servers send for: JSON from the id of a source to a list of texts of at least 16 characters, of which each is valid.',
} as const

/**
 * Replaces a secret where only its presence matters. Secrets of sources are read, so they have no placeholder.
 *
 * @param key the name of a secret, or of anything else.
 */
export function placeholderOf(key: string): string | undefined {
  return key in secretKeys && key !== 'sourceSecrets' ? 'a secret' : undefined
}

export type SecretKey = keyof typeof secretKeys
export type Schema = typeof schema
