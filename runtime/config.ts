import { readFileSync } from 'node:fs'
import { AppError } from './errors.ts'
import { type EnvSetting, readSetting, type Value, type ValueOf } from './setting.ts'

export { allowedValues, readSetting, type Setting, type Value, type ValueOf } from './setting.ts'

const MIB = 1024 * 1024
const NAME = {
  regex: /^[a-z0-9][a-z0-9_-]*$/,
  says: 'lower-case letters, digits, - and _, beginning with a letter or digit',
}

/** An age in days; 0 is no limit. */
const ageDays = { type: 'integer', default: 0, minimum: 0, maximum: 36_500, unit: 'days' } as const

/**
 * Every setting of the runtime, once: its environment name, type, default, range, unit and meaning. The `Config` type,
 * the loader, `toEnv` for the infrastructure and the table in `docs/configuration.md` all come from here.
 */
export const settings = {
  publicHost: {
    env: 'PUBLIC_HOST',
    type: 'string',
    default: '::',
    description:
      'Address on which the public listener takes events. `::`: all addresses, IPv6 and IPv4; where the machine has no IPv6, all of IPv4.',
  },
  publicPort: {
    env: 'PUBLIC_PORT',
    type: 'integer',
    default: 8585,
    minimum: 1,
    maximum: 65535,
    description: 'Port of the public listener: `/track`, `/collect`, `/redirect`, `/tracker`.',
  },
  privateHost: {
    env: 'PRIVATE_HOST',
    type: 'string',
    default: '::',
    description: 'Address of the private and the monitoring listener; `::` as above.',
  },
  privatePort: {
    env: 'PRIVATE_PORT',
    type: 'integer',
    default: 8686,
    minimum: 1,
    maximum: 65535,
    description:
      'Port of the private listener: `/console`, `/queue` and `/openapi.json` of the API, and for every program `/health`, `/metrics`, `/troubles` and `/info/version` while MONITORING_PORT is 0. Never expose it.',
  },
  privateToken: {
    env: 'PRIVATE_TOKEN',
    type: 'string',
    default: '',
    secret: true,
    description:
      'Token of the operators, sent as `Authorization: Bearer`, for the data of `/console`, `/queue` and `/openapi.json`. While it is empty these routes refuse every call.',
  },
  privateAllowedHosts: {
    env: 'PRIVATE_ALLOWED_HOSTS',
    type: 'string',
    default: '',
    pattern: {
      regex: /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(,[a-z0-9]([a-z0-9.-]*[a-z0-9])?)*$/,
      says: 'lower-case host names without a port, separated by commas',
    },
    description:
      'Host names for requests to the private and the monitoring listener, in addition to IP addresses and `localhost`. A request for any other host is answered 421, so that no web page reaches them by a name of its own.',
  },
  monitoringPort: {
    env: 'MONITORING_PORT',
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 65535,
    description:
      'Port of a listener for `/health`, `/metrics`, `/troubles` and `/info/version` alone, on the address of the private listener; they need no token. 0: the private listener serves them.',
  },
  consoleInstances: {
    env: 'CONSOLE_INSTANCES',
    type: 'string',
    default: '',
    pattern: {
      regex: /^https?:\/\/[^\s/,]+\/?(,https?:\/\/[^\s/,]+\/?)*$/,
      says: 'URLs like http://host:8686, separated by commas',
    },
    description:
      'URLs of the metrics of the other API and worker instances that the console shows: with MONITORING_PORT, or PRIVATE_PORT while that is 0, separated by commas. A host name with several addresses means an instance at each.',
  },
  consoleGrafanaUrl: {
    env: 'CONSOLE_GRAFANA_URL',
    type: 'string',
    default: '',
    pattern: { regex: /^https?:\/\/[^\s"<>]+$/, says: 'a URL like https://grafana.example.org/d/tracardi' },
    description: 'URL of a dashboard of Grafana that the console links to; no link when empty.',
  },
  consoleKibanaUrl: {
    env: 'CONSOLE_KIBANA_URL',
    type: 'string',
    default: '',
    pattern: { regex: /^https?:\/\/[^\s"<>]+$/, says: 'a URL like https://kibana.example.org/app/discover' },
    description: 'URL of a page of Kibana that the console links to; no link when empty.',
  },
  keepAliveSeconds: {
    env: 'KEEP_ALIVE_SECONDS',
    type: 'integer',
    // The load balancers of Google Cloud keep idle connections for 600 s, which nobody can change.
    default: 620,
    minimum: 1,
    maximum: 86_400,
    unit: 'seconds',
    description:
      'Time for which a listener keeps an idle connection. It must be longer than the idle time of every proxy in front: otherwise a proxy sends a call on a connection that is being closed, and answers 502.',
  },
  sourcesFile: {
    env: 'SOURCES_FILE',
    type: 'string',
    default: 'sources.json',
    description: 'JSON file of the event sources. It is reread when it changes.',
  },
  apiMaxEvents: {
    env: 'API_MAX_EVENTS',
    type: 'integer',
    default: 1000,
    minimum: 1,
    maximum: 10_000,
    unit: 'events',
    description: 'Maximum number of events in one call; more are answered 422.',
  },
  apiMaxBodyBytes: {
    env: 'API_MAX_BODY_BYTES',
    type: 'integer',
    default: 4 * MIB,
    minimum: 1024,
    maximum: 64 * MIB,
    unit: 'bytes',
    description: 'Maximum size of the body of a call, after decompression; a larger one is answered 413.',
  },
  apiMaxValues: {
    env: 'API_MAX_VALUES',
    type: 'integer',
    default: 100_000,
    minimum: 1000,
    maximum: 5_000_000,
    unit: 'values',
    description:
      'Maximum number of JSON values in one call: objects, lists, texts, numbers, true, false and null. More is answered 413 before anything is parsed. Each takes up to a microsecond and 100 bytes of memory.',
  },
  apiMaxCallsPerAddress: {
    env: 'API_MAX_CALLS_PER_ADDRESS',
    type: 'integer',
    default: 4000,
    minimum: 0,
    maximum: 1_000_000,
    unit: 'calls',
    description:
      'Maximum number of open calls of one client address in one API process; more are answered 429. 0: no limit. Behind a proxy, set TRUSTED_PROXIES first, or all clients have the address of the proxy.',
  },
  apiMaxConnections: {
    env: 'API_MAX_CONNECTIONS',
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: 'connections',
    description:
      'Maximum number of connections of the public listener; more are closed immediately. The upper limit is 100 fewer than the process may have files open, so that probes are always answered. Above three quarters of the maximum, the API closes each connection after its answer. 0: the upper limit, but at most 10,000.',
  },
  trustedProxies: {
    env: 'TRUSTED_PROXIES',
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 10,
    unit: 'proxies',
    description:
      'Number of proxies in front of the API that add the address of their client to `X-Forwarded-For`. The client has the address that the outermost of them added. 0: the address of the connection.',
  },
  sourceMaxCallsPerSecond: {
    env: 'SOURCE_MAX_CALLS_PER_SECOND',
    type: 'number',
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: 'calls/s',
    description:
      'Calls a second that one API process accepts from a source without a limit of its own; more are answered 429 with `Retry-After`. 0: no limit.',
  },
  sourceMaxEventsPerSecond: {
    env: 'SOURCE_MAX_EVENTS_PER_SECOND',
    type: 'number',
    default: 0,
    minimum: 0,
    maximum: 10_000_000,
    unit: 'events/s',
    description: 'The same for events.',
  },
  sourceMaxBytesPerSecond: {
    env: 'SOURCE_MAX_BYTES_PER_SECOND',
    type: 'number',
    default: 0,
    minimum: 0,
    maximum: 100_000 * MIB,
    unit: 'bytes/s',
    description: 'The same for bytes as they are stored, before compression and copies.',
  },
  apiMaxPendingBytes: {
    env: 'API_MAX_PENDING_BYTES',
    type: 'integer',
    default: 64 * MIB,
    minimum: MIB,
    maximum: 1024 * MIB,
    unit: 'bytes',
    description:
      'Memory for calls in one API process, from their first byte to their answer, each counted with at least 4 KiB. At least 8 times API_MAX_BODY_BYTES. One source or address may take four times what is left for the others; beyond it calls are answered 429.',
  },
  apiLiveEvents: {
    env: 'API_LIVE_EVENTS',
    type: 'boolean',
    default: false,
    description:
      'Whether operators may look at events as they arrive, payload included: `tail` and the console. It is a sample in the memory of the API, at most 32 MiB, and costs nothing while nobody looks. `npm start` sets it.',
  },
  eventIdWindowHours: {
    env: 'EVENT_ID_WINDOW_HOURS',
    type: 'integer',
    default: 168,
    minimum: 1,
    maximum: 8760,
    unit: 'hours',
    description:
      'Maximum difference between now and the time inside a UUIDv7 event id for that time to choose the index. Beyond it, the time of arrival chooses.',
  },
  pulsarHost: {
    env: 'PULSAR_HOST',
    type: 'string',
    default: 'pulsar://localhost:6650',
    pattern: { regex: /^pulsar(\+ssl)?:\/\/[^\s/]+$/, says: 'pulsar://host:port or pulsar+ssl://host:port' },
    description: 'Service URL of the brokers or of the proxy, for the native transport.',
  },
  pulsarApi: {
    env: 'PULSAR_API',
    type: 'string',
    default: 'http://localhost:8080',
    pattern: { regex: /^https?:\/\/[^\s/]+$/, says: 'http://host:port or https://host:port' },
    description: 'Admin URL of Pulsar. The WebSocket transport uses the same host and port.',
  },
  pulsarTransport: {
    env: 'PULSAR_TRANSPORT',
    type: 'string',
    default: 'auto',
    oneOf: ['auto', 'native', 'websocket'],
    description:
      'Transport of messages: the native client, the WebSocket API of the broker, or native where it is installed.',
  },
  pulsarAuthToken: {
    env: 'PULSAR_AUTH_TOKEN',
    type: 'string',
    default: '',
    secret: true,
    description: 'Token (JWT) for Pulsar. None when empty.',
  },
  pulsarCaFile: {
    env: 'PULSAR_CA_FILE',
    type: 'string',
    default: '',
    description: 'PEM file of the authority that signed the certificates of Pulsar. The system authorities when empty.',
  },
  pulsarVerifyCerts: {
    env: 'PULSAR_VERIFY_CERTS',
    type: 'boolean',
    default: true,
    description: 'Whether certificate and host name of Pulsar are verified.',
  },
  pulsarTenant: {
    env: 'PULSAR_TENANT',
    type: 'string',
    default: 'tracardi',
    pattern: NAME,
    description: 'Tenant of the topics.',
  },
  pulsarNamespace: {
    env: 'PULSAR_SYSTEM_NAMESPACE',
    type: 'string',
    default: 'system',
    pattern: NAME,
    description: 'Namespace of the topics.',
  },
  pulsarTopic: {
    env: 'PULSAR_FUNCTION_TOPIC',
    type: 'string',
    default: 'functions',
    pattern: NAME,
    description: 'Topic that carries the events from the API to the workers.',
  },
  pulsarSubscription: {
    env: 'PULSAR_SUBSCRIPTION',
    type: 'string',
    default: 'tracardi-function-subscription',
    pattern: NAME,
    description: 'Subscription that the workers share.',
  },
  pulsarPartitions: {
    env: 'PULSAR_PARTITIONS',
    type: 'integer',
    default: 10,
    minimum: 1,
    maximum: 1000,
    unit: 'partitions',
    description: 'Partitions of the topic. They can grow, never shrink.',
  },
  pulsarBundles: {
    env: 'PULSAR_BUNDLES',
    type: 'integer',
    default: 16,
    minimum: 4,
    maximum: 1024,
    unit: 'bundles',
    description:
      'Minimum number of bundles of the namespace. A bundle is the group of topics that Pulsar gives to one broker, so fewer bundles than brokers leave brokers idle: use the next power of two from 10 for each broker. `set-up` splits bundles until there are as many, and never merges them. A cluster raises it by its number of brokers.',
  },
  pulsarRetentionHours: {
    env: 'PULSAR_RETENTION_HOURS',
    type: 'integer',
    default: 24,
    minimum: 0,
    maximum: 8760,
    unit: 'hours',
    description:
      'How long Pulsar keeps messages after they are acknowledged, for `replay`. 0: not at all. `set-up` only raises it; it reports a shorter setting, which `set-up --lower-retention` applies.',
  },
  pulsarRetentionSizeGib: {
    env: 'PULSAR_RETENTION_SIZE_GIB',
    type: 'integer',
    default: 10,
    minimum: 1,
    maximum: 1_000_000,
    unit: 'GiB',
    description:
      'Maximum size of the topic including kept messages, before copies. Beyond it, the oldest acknowledged messages are deleted early, never waiting ones. Each partition gets an equal share. Unused while PULSAR_RETENTION_HOURS is 0.',
  },
  pulsarOffload: {
    env: 'PULSAR_OFFLOAD',
    type: 'boolean',
    default: false,
    description:
      'Whether `set-up` makes brokers with an offloader move closed ledgers to their object store. It then sets the policies of the namespace; otherwise it leaves them alone.',
  },
  pulsarOffloadAfterMinutes: {
    env: 'PULSAR_OFFLOAD_AFTER_MINUTES',
    type: 'integer',
    default: 60,
    minimum: 0,
    maximum: 525_600,
    unit: 'minutes',
    description: 'Age from which a closed ledger is moved. 0: its age does not matter.',
  },
  pulsarOffloadAfterGib: {
    env: 'PULSAR_OFFLOAD_AFTER_GIB',
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 65_536,
    unit: 'GiB',
    description: 'Size of one partition from which its oldest closed ledgers are moved. 0: its size does not matter.',
  },
  pulsarOffloadDeletionLagMinutes: {
    env: 'PULSAR_OFFLOAD_DELETION_LAG_MINUTES',
    type: 'integer',
    default: 240,
    minimum: 1,
    maximum: 525_600,
    unit: 'minutes',
    description: 'How long the bookies still keep a ledger that was moved.',
  },
  canaryUrl: {
    env: 'CANARY_URL',
    type: 'string',
    default: '',
    pattern: { regex: /^https?:\/\/[^\s/,]+$/, says: 'a URL like http://host:8585' },
    description:
      'Public address of the API, to which the canary sends an event every minute. The canary needs PRIVATE_TOKEN. No canary when empty.',
  },
  canaryWaitSeconds: {
    env: 'CANARY_WAIT_SECONDS',
    type: 'integer',
    default: 300,
    minimum: 5,
    maximum: 14_400,
    unit: 'seconds',
    description:
      'Time after which an event of the canary that a search does not find counts as failed. Longer than BULK_TIMEOUT_SECONDS and ELASTIC_REFRESH_INTERVAL_SECONDS together.',
  },
  publishTimeoutSeconds: {
    env: 'PUBLISH_TIMEOUT_SECONDS',
    type: 'number',
    default: 3,
    minimum: 0.1,
    maximum: 60,
    unit: 'seconds',
    description: 'Maximum wait for the receipt of the broker before a call is answered 503.',
  },
  messageMaxBytes: {
    env: 'MESSAGE_MAX_BYTES',
    type: 'integer',
    default: MIB / 2,
    minimum: 16 * 1024,
    // webSocketMaxTextFrameSize of the broker is 1 MiB, and base64 makes 4 bytes of 3.
    maximum: 700 * 1024,
    unit: 'bytes',
    description: 'Maximum payload of one message, and so of one event. A larger call is split into several messages.',
  },
  messageMaxEvents: {
    env: 'MESSAGE_MAX_EVENTS',
    type: 'integer',
    default: 100,
    minimum: 1,
    maximum: 10_000,
    unit: 'events',
    description: 'Maximum number of events in one message. Keep it well below BULK_SIZE, so that bulks fill.',
  },
  prefetchMessages: {
    env: 'PREFETCH_MESSAGES',
    type: 'integer',
    default: 20,
    minimum: 1,
    maximum: 1000,
    unit: 'messages',
    description:
      'Number of messages that a worker prefetches for each partition. Small, so that a new worker gets work immediately.',
  },
  elasticHost: {
    env: 'ELASTIC_HOST',
    type: 'string',
    default: 'http://localhost:9200',
    pattern: {
      regex: /^https?:\/\/[^\s/,]+(,https?:\/\/[^\s/,]+)*$/,
      says: 'URLs like http://host:9200, separated by commas',
    },
    description:
      'URLs of Elasticsearch nodes, separated by commas. Requests go to each in turn. After at most 3 s without an answer, a request goes to the next node; the failed node is tried again later.',
  },
  elasticUsername: {
    env: 'ELASTIC_HTTP_AUTH_USERNAME',
    type: 'string',
    default: '',
    description: 'User for Elasticsearch. No authentication when empty.',
  },
  elasticPassword: {
    env: 'ELASTIC_HTTP_AUTH_PASSWORD',
    type: 'string',
    default: '',
    secret: true,
    description: 'Password of that user.',
  },
  elasticApiKey: {
    env: 'ELASTIC_API_KEY',
    type: 'string',
    default: '',
    secret: true,
    description: 'API key for Elasticsearch (base64 of id:key), instead of user and password.',
  },
  elasticCaFile: {
    env: 'ELASTIC_CA_FILE',
    type: 'string',
    default: '',
    description:
      'PEM file of the authority that signed the certificates of Elasticsearch. The system authorities when empty.',
  },
  elasticVerifyCerts: {
    env: 'ELASTIC_VERIFY_CERTS',
    type: 'boolean',
    default: true,
    description: 'Whether certificate and host name of Elasticsearch are verified.',
  },
  elasticQueryTimeoutSeconds: {
    env: 'ELASTIC_QUERY_TIMEOUT',
    type: 'number',
    default: 60,
    minimum: 1,
    maximum: 600,
    unit: 'seconds',
    description:
      'Maximum wait for one answer of Elasticsearch. A bulk that takes longer is sent again; nothing is stored twice.',
  },
  indexPrefix: {
    env: 'ELASTIC_INDEX_PREFIX',
    type: 'string',
    default: 'tracardi',
    pattern: { regex: /^[a-z][a-z0-9_]*$/, says: 'lower-case letters, digits and _, beginning with a letter' },
    description: 'First part of the name of every index, so that several stacks can share one Elasticsearch.',
  },
  indexShards: {
    env: 'ELASTIC_INDEX_SHARDS',
    type: 'integer',
    default: 3,
    minimum: 1,
    // index.number_of_shards is limited to 1024 by Elasticsearch.
    maximum: 1024,
    unit: 'shards',
    description:
      'Primary shards of each new index. Existing indices keep theirs; a new number takes effect with the next period.',
  },
  stateShards: {
    env: 'ELASTIC_STATE_SHARDS',
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1024,
    unit: 'shards',
    description:
      'Primary shards of the indices of sessions and of profiles; 0: as many as ELASTIC_INDEX_SHARDS. An existing index keeps its own.',
  },
  indexReplicas: {
    env: 'ELASTIC_INDEX_REPLICAS',
    type: 'integer',
    default: 1,
    minimum: 0,
    maximum: 10,
    unit: 'replicas',
    description: 'Copies of each primary shard, for new indices. With 0 the loss of one node loses data.',
  },
  indexRefreshSeconds: {
    env: 'ELASTIC_REFRESH_INTERVAL_SECONDS',
    type: 'integer',
    default: 10,
    minimum: 1,
    maximum: 3600,
    unit: 'seconds',
    description:
      'Maximum time until a search finds a stored document. Longer is cheaper for Elasticsearch. `set-up` applies it to existing indices too.',
  },
  indexCodec: {
    env: 'ELASTIC_INDEX_CODEC',
    type: 'string',
    default: 'best_compression',
    oneOf: ['default', 'best_compression'],
    description:
      'How Elasticsearch compresses the documents of each new index. `default` takes more disk, and a document is read in less time. Existing indices keep theirs; another one takes effect with the next period.',
  },
  flattenedDocValues: {
    env: 'ELASTIC_FLATTENED_DOC_VALUES',
    type: 'boolean',
    default: false,
    description:
      'Whether `properties` and `context` of each new index have doc values, which sorting and aggregating by their fields need. Searching needs none. Existing indices do not change; a change takes effect with the next period.',
  },
  eventPartitioning: {
    env: 'EVENT_PARTITIONING',
    type: 'string',
    default: 'month',
    oneOf: ['day', 'month', 'quarter', 'year'],
    description: 'The period of one event index.',
  },
  eventRetentionDays: {
    env: 'EVENT_RETENTION_DAYS',
    ...ageDays,
    description:
      'Event indices whose events are all older than this are deleted by `indices expire --apply`. 0: never.',
  },
  warmAfterDays: {
    env: 'WARM_AFTER_DAYS',
    ...ageDays,
    description:
      'Age at which `indices age` sends a whole event index to the warm nodes of Elasticsearch. 0 sends none.',
  },
  warmReplicas: {
    env: 'ELASTIC_WARM_REPLICAS',
    type: 'integer',
    default: 10,
    minimum: 1,
    maximum: 10,
    unit: 'replicas',
    description:
      'Maximum number of replicas of an event index on warm nodes; never more than ELASTIC_INDEX_REPLICAS. `indices age` removes and restores copies.',
  },
  snapshotType: {
    env: 'SNAPSHOT_TYPE',
    type: 'string',
    default: 'none',
    oneOf: ['none', 'fs', 's3', 'gcs', 'azure'],
    description: 'Kind of the repository to which `snapshots take` copies the indices. none: no snapshots.',
  },
  snapshotLocation: {
    env: 'SNAPSHOT_LOCATION',
    type: 'string',
    default: '',
    description:
      'Where the repository is: a bucket (`s3`, `gcs`), a container (`azure`), or a folder under `path.repo` of every node (`fs`).',
  },
  snapshotBasePath: {
    env: 'SNAPSHOT_BASE_PATH',
    type: 'string',
    default: '',
    pattern: { regex: /^([\w-][\w./-]*)?$/, says: 'a path without a leading slash' },
    description: 'Path within that bucket or container. No two clusters may write to the same one.',
  },
  snapshotRetentionDays: {
    env: 'SNAPSHOT_RETENTION_DAYS',
    type: 'integer',
    default: 14,
    minimum: 1,
    maximum: 3650,
    unit: 'days',
    description: 'Age at which `snapshots take` deletes a snapshot, after a newer one has succeeded.',
  },
  sessionRetentionDays: {
    env: 'SESSION_RETENTION_DAYS',
    ...ageDays,
    description: 'Sessions that began more than this many days ago are deleted by `indices expire --apply`. 0: never.',
  },
  profileRetentionDays: {
    env: 'PROFILE_RETENTION_DAYS',
    ...ageDays,
    description:
      'Profiles without a call for this many days are deleted as well; a visitor who returns later is a new one. 0: never.',
  },
  bulkSize: {
    env: 'BULK_SIZE',
    type: 'integer',
    default: 500,
    minimum: 1,
    maximum: 10_000,
    unit: 'events',
    description:
      'Flush threshold: a bulk with this many events is sent as soon as fewer than BULK_CONCURRENCY are in flight. It takes events of as few shards as possible, and of all shards when few events wait.',
  },
  bulkMaxEvents: {
    env: 'BULK_MAX_EVENTS',
    type: 'integer',
    default: 2000,
    minimum: 1,
    maximum: 50_000,
    unit: 'events',
    description:
      'Maximum number of events in one bulk: while BULK_CONCURRENCY bulks are in flight, the next one grows up to this number, unless Elasticsearch refuses. At or below BULK_SIZE, bulks do not grow.',
  },
  bulkMaxBytes: {
    env: 'BULK_MAX_BYTES',
    type: 'integer',
    default: 8 * MIB,
    minimum: MIB,
    // http.max_content_length of Elasticsearch is 100 MB; Elastic advises to stay below a couple of tens.
    maximum: 64 * MIB,
    unit: 'bytes',
    description: 'Maximum size of one bulk. Only a single larger message exceeds it.',
  },
  bulkTimeoutSeconds: {
    env: 'BULK_TIMEOUT_SECONDS',
    type: 'number',
    default: 30,
    minimum: 0.05,
    maximum: 3600,
    unit: 'seconds',
    description: 'Maximum wait of the first event of a bulk for the bulk to fill.',
  },
  storedWithinSeconds: {
    env: 'STORED_WITHIN_SECONDS',
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 14_400,
    unit: 'seconds',
    description:
      'Service level: events should be stored within this time of their receipt. It has a bucket of its own in `tracardi_worker_receipt_to_stored_seconds`, which the burn-rate alerts read. 0: twice BULK_TIMEOUT_SECONDS, at least 60.',
  },
  bulkConcurrency: {
    env: 'BULK_CONCURRENCY',
    type: 'integer',
    default: 2,
    minimum: 1,
    maximum: 32,
    unit: 'bulks',
    description:
      'Maximum number of bulks in flight from one worker. The worker lowers it while Elasticsearch refuses, and raises it again afterwards.',
  },
  shutdownGraceSeconds: {
    env: 'SHUTDOWN_GRACE_SECONDS',
    type: 'number',
    default: 25,
    minimum: 1,
    maximum: 600,
    unit: 'seconds',
    description: 'Maximum time from SIGTERM to the end of the process. Keep it under the grace period of the pod.',
  },
  shutdownDelaySeconds: {
    env: 'SHUTDOWN_DELAY_SECONDS',
    type: 'number',
    default: 0,
    minimum: 0,
    maximum: 300,
    unit: 'seconds',
    description:
      'Time after SIGTERM during which the API still accepts calls, reports that it is not ready, and closes each connection after its answer, so that every proxy notices. Part of SHUTDOWN_GRACE_SECONDS. In a cluster the pod waits 10 s before SIGTERM, so it is not needed there.',
  },
  otlpEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    type: 'string',
    default: '',
    pattern: { regex: /^https?:\/\/[^\s,]+$/, says: 'a URL like http://collector:4318' },
    description:
      'URL of a collector that takes traces by OTLP over HTTP; `/v1/traces` is added. No traces when empty: nothing of OpenTelemetry is loaded then.',
  },
  otlpHeaders: {
    env: 'OTEL_EXPORTER_OTLP_HEADERS',
    type: 'string',
    default: '',
    secret: true,
    description: 'Headers for that collector, as `name=value,name=value`.',
  },
  otelServiceName: {
    env: 'OTEL_SERVICE_NAME',
    type: 'string',
    default: '',
    description: 'Name of the service in traces. `tracardi-api` and `tracardi-worker` when empty.',
  },
  tracesSampler: {
    env: 'OTEL_TRACES_SAMPLER',
    type: 'string',
    default: 'parentbased_always_on',
    oneOf: [
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
      'always_on',
      'always_off',
      'traceidratio',
    ],
    description:
      'Which calls are traced. `parentbased_…`: as the `traceparent` of the call says; the rest of the name is for calls without one.',
  },
  tracesSamplerArg: {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    type: 'number',
    default: 1,
    minimum: 0,
    maximum: 1,
    description: 'Part of the calls that `traceidratio` samples.',
  },
  runtimeImage: {
    env: 'RUNTIME_IMAGE',
    type: 'string',
    default: '',
    description:
      'Image in which the program runs, with its digest. The console marks a deployment when it changes. A stack sets it; nothing else reads it.',
  },
  logLevel: {
    env: 'LOGGING_LEVEL',
    type: 'string',
    default: 'info',
    oneOf: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    description: 'Minimum log level.',
  },
} as const satisfies Record<string, EnvSetting>

type Settings = typeof settings
export type Config = { readonly [K in keyof Settings]: ValueOf<Settings[K]> }

/** The programs of the images. `admin` is every command of an operator, set-up among them: each reads what it needs when it starts. */
export type ProgramName = 'api' | 'worker' | 'admin'

/**
 * Settings that one program alone reads. A change of one restarts no other program, so the others are not given them: each takes a
 * `ConfigOf`, and what several programs use takes a `SharedConfig`.
 */
export const READ_BY_ONE = {
  api: [
    'consoleInstances',
    'consoleGrafanaUrl',
    'consoleKibanaUrl',
    'apiMaxEvents',
    'apiMaxBodyBytes',
    'apiMaxPendingBytes',
    'apiMaxConnections',
    'apiLiveEvents',
    'shutdownDelaySeconds',
    'eventIdWindowHours',
    'canaryUrl',
    'canaryWaitSeconds',
    'publishTimeoutSeconds',
    'messageMaxBytes',
    'messageMaxEvents',
  ],
  worker: [
    'prefetchMessages',
    'bulkMaxEvents',
    'bulkMaxBytes',
    'bulkTimeoutSeconds',
    'storedWithinSeconds',
    'bulkConcurrency',
  ],
  admin: [
    'eventRetentionDays',
    'sessionRetentionDays',
    'profileRetentionDays',
    'warmAfterDays',
    'warmReplicas',
    'snapshotType',
    'snapshotLocation',
    'snapshotBasePath',
    'snapshotRetentionDays',
    'pulsarBundles',
    'pulsarRetentionHours',
    'pulsarRetentionSizeGib',
    'pulsarOffload',
    'pulsarOffloadAfterMinutes',
    'pulsarOffloadAfterGib',
    'pulsarOffloadDeletionLagMinutes',
  ],
} as const satisfies Record<ProgramName, readonly (keyof Config)[]>

type ReadByOne<P extends ProgramName> = (typeof READ_BY_ONE)[P][number]

/** What a program may read. */
export type ConfigOf<P extends ProgramName> = Omit<Config, ReadByOne<Exclude<ProgramName, P>>>

/** What every program may read. */
export type SharedConfig = Omit<Config, ReadByOne<ProgramName>>

/** The service level of a configuration: within how many seconds of its receipt an event should be stored. A whole number. */
export function storedWithinSecondsOf(config: Pick<Config, 'bulkTimeoutSeconds' | 'storedWithinSeconds'>): number {
  return config.storedWithinSeconds || Math.max(60, Math.ceil(2 * config.bulkTimeoutSeconds))
}

/** A call with the maximum body holds its bytes, its text and its messages at the same time, and one owner never gets the whole memory. */
const PENDING_PER_BODY = 8

/** Rules between settings: each returns the fault that it finds, or `undefined`. */
const rules: readonly ((config: Config) => string | undefined)[] = [
  (c) =>
    c.elasticApiKey !== '' && c.elasticUsername !== ''
      ? 'ELASTIC_API_KEY and ELASTIC_HTTP_AUTH_USERNAME are both set; only one way to authenticate is possible: remove one of them'
      : undefined,
  (c) =>
    c.publicPort === c.privatePort && c.publicHost === c.privateHost
      ? `PUBLIC_PORT and PRIVATE_PORT are both ${c.publicPort}; the two listeners must differ: change one of them`
      : undefined,
  (c) =>
    c.monitoringPort === c.publicPort || c.monitoringPort === c.privatePort
      ? `MONITORING_PORT is ${c.monitoringPort}, which is ${c.monitoringPort === c.publicPort ? 'PUBLIC_PORT' : 'PRIVATE_PORT'} too; each listener needs a port of its own: change one of them, or set MONITORING_PORT to 0`
      : undefined,
  (c) =>
    c.shutdownDelaySeconds >= c.shutdownGraceSeconds
      ? `SHUTDOWN_DELAY_SECONDS is ${c.shutdownDelaySeconds}, which leaves nothing of SHUTDOWN_GRACE_SECONDS, ${c.shutdownGraceSeconds}, for the calls in flight: make it shorter, or the grace period longer`
      : undefined,
  (c) =>
    c.storedWithinSeconds > 0 && c.storedWithinSeconds <= c.bulkTimeoutSeconds
      ? `STORED_WITHIN_SECONDS is ${c.storedWithinSeconds}, but BULK_TIMEOUT_SECONDS lets an event wait ${c.bulkTimeoutSeconds} s for its bulk, so a quiet system would never meet it: allow more time, or send bulks earlier`
      : undefined,
  (c) =>
    /^[!-~]*$/.test(c.privateToken)
      ? undefined
      : 'PRIVATE_TOKEN has characters that a header cannot carry; allowed: visible ASCII characters without spaces',
  (c) =>
    c.canaryUrl !== '' && c.privateToken === ''
      ? `CANARY_URL is ${c.canaryUrl}, but PRIVATE_TOKEN is empty, from which the canary has its secret: set PRIVATE_TOKEN, or no CANARY_URL`
      : undefined,
  (c) =>
    c.snapshotType !== 'none' && c.snapshotLocation === ''
      ? `SNAPSHOT_TYPE is ${c.snapshotType}, but SNAPSHOT_LOCATION is empty: name the bucket, container or folder`
      : undefined,
  (c) =>
    c.apiMaxPendingBytes < PENDING_PER_BODY * c.apiMaxBodyBytes
      ? `API_MAX_PENDING_BYTES is ${c.apiMaxPendingBytes}, less than ${PENDING_PER_BODY} times API_MAX_BODY_BYTES (${c.apiMaxBodyBytes}), so the largest bodies would always be answered 429: raise it to at least ${PENDING_PER_BODY * c.apiMaxBodyBytes}, or lower API_MAX_BODY_BYTES`
      : undefined,
  (c) =>
    c.eventRetentionDays > 0 && c.eventRetentionDays * 24 <= c.eventIdWindowHours
      ? `EVENT_RETENTION_DAYS is ${c.eventRetentionDays}, but EVENT_ID_WINDOW_HOURS still lets events into indices ${c.eventIdWindowHours} hours old: keep events for longer than that, or narrow the window`
      : undefined,
]

/**
 * Reads every setting from an environment. Reports all faults together; the result is frozen.
 *
 * @throws AppError `config_invalid`, which lists each fault with the value given and what is allowed.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = []
  const values: Record<string, Value> = {}
  for (const [key, setting] of Object.entries<EnvSetting>(settings)) {
    const text = env[setting.env] ?? secretFromFile(setting, env, faults)
    const reading = readSetting(setting, text)
    // A secret is free text, so no fault ever shows one.
    if ('fault' in reading) faults.push(`${setting.env} is "${text}"; allowed: ${reading.fault}`)
    else values[key] = reading.value
  }
  if (faults.length === 0) {
    for (const rule of rules) {
      const fault = rule(values as unknown as Config)
      if (fault) faults.push(fault)
    }
  }
  if (faults.length > 0) throw new AppError('config_invalid', faults.join('\n'), { context: { faults } })
  return Object.freeze(values) as unknown as Config
}

/** The environment that makes `loadConfig` yield this configuration: only what differs from the defaults. */
export function toEnv(config: Partial<Config>): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [key, setting] of Object.entries<EnvSetting>(settings)) {
    const value = config[key as keyof Config]
    if (value !== undefined && value !== setting.default) env[setting.env] = String(value)
  }
  return env
}

function secretFromFile(
  setting: EnvSetting,
  env: Readonly<Record<string, string | undefined>>,
  faults: string[],
): string | undefined {
  const path = setting.type === 'string' && setting.secret ? env[`${setting.env}_FILE`] : undefined
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    faults.push(`${setting.env}_FILE is "${path}", which cannot be read: ${(cause as Error).message}`)
    return undefined
  }
}

/**
 * `action.auto_create_index` for our own servers: no document may create one of our indices, because without a
 * template Elasticsearch would guess the mapping. Other indices are not affected.
 */
export function autoCreateIndexSetting(indexPrefix: string): string {
  return `-${indexPrefix}-*,+*`
}

/** Name of the repository of snapshots, where `indexPrefix` is that of the pipeline's indices. */
export function snapshotRepository(indexPrefix: string): string {
  return `${indexPrefix}-snapshots`
}

/** Replicas of an event index on warm nodes. */
export function warmReplicasOf({
  indexReplicas,
  warmReplicas,
}: Pick<Config, 'indexReplicas' | 'warmReplicas'>): number {
  return Math.min(indexReplicas, warmReplicas)
}
