import assert from 'node:assert/strict'
import { StackConfigError } from '../../../infra/config/errors.ts'
import { planOf } from '../../../infra/config/plan.ts'
import { changed, STACKS, type StackName } from '../../support/stack.ts'

function faultsOf(stack: StackName, changes: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    planOf(changed(stack, changes))
  } catch (error) {
    assert.ok(error instanceof StackConfigError, String(error))
    return error.faults
  }
  return []
}

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const MONITORED = { monitoringNamespaces: ['monitoring'] }
const PLACEHOLDER = `sha256:${'0'.repeat(64)}`

describe('a stack', () => {
  for (const stack of STACKS) {
    it(`${stack} has no fault and falls short of nothing it states`, () => {
      assert.deepEqual(planOf(changed(stack)).findings, [])
    })
  }

  it('that states nothing is held to the rules of production', () => {
    assert.equal(
      planOf({ images: { mode: 'prebuilt', runtime: `r/t@${DIGEST}`, allowTags: true } }).platform.environment,
      'production',
    )
  })
})

describe('faults of a stack', () => {
  /** For each: the stack, what is changed in it, and the exact faults. None for the neighbouring value that is allowed. */
  type Case = readonly [string, StackName, Record<string, unknown>, readonly string[]]
  const cases: readonly Case[] = [
    [
      'a load balancer of the API in production that everybody reaches',
      'production',
      { api: { service: 'LoadBalancer' } },
      [
        'api.service is LoadBalancer and api.sourceRanges is empty; events and the secrets of sources would cross the internet in plain text: name the networks that may connect, or use ClusterIP behind something that terminates TLS',
      ],
    ],
    [
      'one whose ranges are every address',
      'production',
      { api: { service: 'LoadBalancer', sourceRanges: ['10.0.0.0/8', '::/0'] } },
      [
        'api.service is LoadBalancer and api.sourceRanges is 10.0.0.0/8, ::/0; events and the secrets of sources would cross the internet in plain text: name the networks that may connect, or use ClusterIP behind something that terminates TLS',
      ],
    ],
    [
      'one with ranges',
      'production',
      { api: { service: 'LoadBalancer', sourceRanges: ['192.0.2.0/24', '2001:db8::/32'] } },
      [],
    ],
    ['one without ranges in staging', 'staging', { api: { service: 'LoadBalancer' } }, []],
    [
      'ranges of a Service that has none',
      'staging',
      { api: { sourceRanges: ['192.0.2.0/24'] } },
      [
        'api.sourceRanges is stated and api.service is ClusterIP; only a LoadBalancer has ranges: remove them, or set api.service to LoadBalancer',
      ],
    ],
    [
      'what is no range',
      'staging',
      { api: { service: 'LoadBalancer', sourceRanges: ['192.0.2.1'] } },
      ['api.sourceRanges is ["192.0.2.1"]; allowed: a list of ranges like 192.0.2.0/24 or 2001:db8::/32, each once'],
    ],
    [
      'a load balancer of the proxies in production that everybody reaches',
      'production',
      { proxy: { replicas: 2, service: 'LoadBalancer' } },
      [
        'proxy.service is LoadBalancer and proxy.sourceRanges is empty; tokens would cross the internet in plain text: name the networks that may connect, or use ClusterIP behind something that terminates TLS',
      ],
    ],
    [
      'one of the proxies with ranges',
      'production',
      { proxy: { replicas: 2, service: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'] } },
      [],
    ],
    [
      'a plain Ingress in production',
      'production',
      { api: { ingressTlsSecret: '' } },
      [
        'api.ingressHost is stated and api.ingressTlsSecret is not; events and the secrets of sources would cross the internet in plain text: name the Secret with the certificate of that host',
      ],
    ],
    ['a plain Ingress in staging', 'staging', { api: { ingressHost: 'events.example.com' } }, []],
    ...(['dev', 'staging', 'production'] as const).map(
      (stack): Case => [
        `a placeholder of an image in ${stack}`,
        stack,
        { images: { mode: 'prebuilt', runtime: `r/t@${PLACEHOLDER}` } },
        [
          'images.runtime: the digest is a placeholder, which no image has: state the digest of the image, from its registry',
        ],
      ],
    ),
    [
      'placeholders of the servers',
      'production',
      {
        images: { pulsar: `r/p@sha256:${'a'.repeat(64)}`, elasticsearch: `r/e:9@${PLACEHOLDER}` },
        platform: MONITORED,
        observability: { monitors: 'podMonitor', exporter: `r/x@${PLACEHOLDER}` },
      },
      [
        'images.pulsar, images.elasticsearch, observability.exporter: the digest is a placeholder, which no image has: state the digest of the image, from its registry',
      ],
    ],
    [
      'servers by tag in production',
      'production',
      { platform: MONITORED, images: { allowTags: false }, observability: { monitors: 'podMonitor' } },
      [
        'images.pulsar is apachepulsar/pulsar:4.0.6, images.elasticsearch is docker.elastic.co/elasticsearch/elasticsearch:9.2.0, observability.exporter is quay.io/prometheuscommunity/elasticsearch-exporter:v1.11.0; production needs digests, which cannot come to mean another image: name:tag@sha256:…; or accept tags by images.allowTags',
      ],
    ],
    [
      'servers by digest in production',
      'production',
      {
        images: { allowTags: false, pulsar: `r/p:4.0.6@${DIGEST}`, elasticsearch: `r/e@${DIGEST}` },
        platform: MONITORED,
        observability: { monitors: 'podMonitor', exporter: `r/x@${DIGEST}` },
      },
      [],
    ],
    [
      'proxies of brokers that ask for no token',
      'dev',
      { proxy: { replicas: 1 } },
      [
        'proxy.replicas is 1 and pulsar.authentication is no; everybody could delete topics through the proxies: set pulsar.authentication to yes, or proxy.replicas to 0',
      ],
    ],
    ['proxies of brokers that ask for one', 'dev', { proxy: { replicas: 1 }, pulsar: { authentication: true } }, []],
    [
      'KEDA at brokers that ask for no token',
      'dev',
      { workers: { autoscaling: 'keda' } },
      [
        'workers.autoscaling is keda and pulsar.authentication is no; the admin API would be open to the namespace of KEDA: set pulsar.authentication to yes, or use hpa',
      ],
    ],
    [
      'KEDA at brokers that ask for one',
      'dev',
      { workers: { autoscaling: 'keda' }, pulsar: { authentication: true } },
      [],
    ],
    [
      'monitors that nobody may read',
      'staging',
      { observability: { monitors: 'podMonitor' } },
      [
        'observability.monitors is podMonitor and platform.monitoringNamespaces is empty; nobody could scrape: name the namespace of Prometheus',
      ],
    ],
    [
      'monitors that somebody may read',
      'staging',
      { platform: MONITORED, observability: { monitors: 'podMonitor' } },
      [],
    ],
    [
      'secrets of a source that there is not',
      'dev',
      { sourceSecrets: '{"my-backend": ["0123456789abcdef"]}' },
      ['sourceSecrets has "my-backend", which is not a source of the stack; known: my-source'],
    ],
    [
      'a secret of a source that is too short',
      'dev',
      { sourceSecrets: { 'my-source': ['0123456789abcdef', 'do-not-tell'] } },
      ['sourceSecrets of "my-source" cannot be used; allowed: a list of texts of at least 16 characters'],
    ],
    [
      'no secret for a source that is to have one',
      'dev',
      { sourceSecrets: { 'my-source': [] } },
      ['sourceSecrets of "my-source" cannot be used; allowed: a list of texts of at least 16 characters'],
    ],
    [
      'two secrets of a source',
      'dev',
      { sourceSecrets: '{"my-source": ["0123456789abcdef", "fedcba9876543210"]}' },
      [],
    ],
    [
      'secrets of sources that are no JSON',
      'dev',
      { sourceSecrets: 'do-not-tell' },
      [
        'sourceSecrets is not an object; allowed: JSON from the id of a source to a list of its secrets: pulumi config set --secret sourceSecrets \'{"<source>": ["…"]}\'',
      ],
    ],
    [
      'a secret among the sources, where all can read it',
      'dev',
      { sources: { 'my-source': { secrets: ['do-not-tell-anybody'] } } },
      [
        'sources.my-source.secrets is in the file of the stack, where all can read it: pulumi config set --secret sourceSecrets \'{"<source>": ["…"]}\'',
      ],
    ],
    [
      'shards 0',
      'dev',
      { runtime: { ELASTIC_INDEX_SHARDS: 0 } },
      ['runtime.ELASTIC_INDEX_SHARDS is 0; allowed: a whole number from 1 to 1024 shards'],
    ],
    ['shards 1', 'dev', { runtime: { ELASTIC_INDEX_SHARDS: 1 } }, []],
    [
      'as many replicas as data nodes',
      'production',
      { runtime: { ELASTIC_INDEX_REPLICAS: 3 }, elasticsearch: { dataNodes: 3 } },
      [
        'ELASTIC_INDEX_REPLICAS is 3 with 3 data nodes; at most 2, because each copy of a shard needs a node of its own: lower it or add data nodes',
      ],
    ],
    ['one replica less', 'production', { runtime: { ELASTIC_INDEX_REPLICAS: 2 }, elasticsearch: { dataNodes: 3 } }, []],
    [
      'quorums the wrong way round',
      'production',
      { bookkeeper: { ackQuorum: 6, writeQuorum: 5, ensemble: 4, replicas: 3 } },
      [
        'bookkeeper has ackQuorum 6, writeQuorum 5, ensemble 4, replicas 3; allowed: ackQuorum ≤ writeQuorum ≤ ensemble ≤ bookies − 1 (2), otherwise writes stop when one bookie is down: raise the replicas or lower the quorums',
      ],
    ],
    ['quorums in order', 'production', { bookkeeper: { ackQuorum: 2, writeQuorum: 2, ensemble: 2, replicas: 3 } }, []],
    [
      'an ensemble larger than the bookies, in dev',
      'dev',
      { bookkeeper: { ensemble: 2 } },
      [
        'bookkeeper has ackQuorum 1, writeQuorum 1, ensemble 2, replicas 1; allowed: ackQuorum ≤ writeQuorum ≤ ensemble ≤ bookies (1), otherwise writes stop: raise the replicas or lower the quorums',
      ],
    ],
    [
      'an even ZooKeeper count',
      'production',
      { zookeeper: { replicas: 4 } },
      [
        'zookeeper.replicas is 4; allowed: 1, 3, 5 or 7, because an even count survives no more losses than one less: use 3 or 5',
      ],
    ],
    ['five ZooKeeper nodes', 'production', { zookeeper: { replicas: 5 } }, []],
    [
      'one ZooKeeper node in production',
      'production',
      { zookeeper: { replicas: 1 } },
      ['zookeeper.replicas is 1; production needs at least 3: two must continue when one is lost'],
    ],
    [
      'three API replicas in production',
      'production',
      { api: { replicas: 3 } },
      ['api.replicas is 3; production needs at least 10: raise it, or let a stated load derive it'],
    ],
    ['ten API replicas in production', 'production', { api: { replicas: 10 } }, []],
    ['three API replicas in staging', 'staging', { api: { replicas: 3 } }, []],
    [
      'a typing error in a key',
      'dev',
      { broker: { replica: 1 } },
      ['broker.replica is not a key; did you mean broker.replicas?'],
    ],
    ['a typing error in a group', 'dev', { boker: { replicas: 1 } }, ['boker is not a key; did you mean broker?']],
    [
      'a typing error in a setting',
      'dev',
      { runtime: { BULK_SIZ: 100 } },
      ['runtime.BULK_SIZ is not a key; did you mean runtime.BULK_SIZE?'],
    ],
    [
      'a number with a unit',
      'dev',
      { bookkeeper: { ledgersGib: '5Gi' } },
      ['bookkeeper.ledgersGib is "5Gi"; allowed: a whole number from 1 to 65536 GiB'],
    ],
    ['a number as text', 'dev', { bookkeeper: { ledgersGib: '6' } }, []],
    ['a group that is no object', 'dev', { load: 5 }, ['load is 5; allowed: an object with keys']],
    [
      'an unknown environment',
      'dev',
      { platform: { environment: 'prod' } },
      ['platform.environment is "prod"; allowed: dev, staging, production'],
    ],
    [
      'a zone twice',
      'dev',
      { platform: { zones: ['a', 'a'] } },
      ['platform.zones is ["a","a"]; allowed: a list of names of zones, each once'],
    ],
    [
      'a setting that the platform sets',
      'dev',
      { runtime: { ELASTIC_HOST: 'http://x:9200' } },
      ['runtime.ELASTIC_HOST is set by the platform: state `elasticsearch.url`'],
    ],
    [
      'a missing secret of an Elasticsearch that exists',
      'production',
      { elasticsearch: { url: 'https://search.example.com:9243' } },
      [
        'elasticsearch.url names an existing Elasticsearch, and its secret is missing: pulumi config set --secret elasticApiKey …, or elasticUsername and elasticPassword; or set elasticsearch.security to no',
      ],
    ],
    [
      'that secret',
      'production',
      { elasticsearch: { url: 'https://search.example.com:9243' }, elasticApiKey: 'key' },
      [],
    ],
    [
      'a missing token of a Pulsar that exists',
      'production',
      { pulsar: { serviceUrl: 'pulsar+ssl://pulsar.example.com:6651', adminUrl: 'https://pulsar.example.com' } },
      [
        'pulsar.serviceUrl names an existing Pulsar, and its secret is missing: pulumi config set --secret pulsarToken …; or set pulsar.authentication to no',
      ],
    ],
    [
      'half a Pulsar',
      'dev',
      { pulsar: { adminUrl: 'http://pulsar:8080' } },
      [
        'pulsar.serviceUrl and pulsar.adminUrl belong together; state both for an existing Pulsar, neither for that of the stack',
      ],
    ],
    [
      'the WebSocket API of brokers that authorise',
      'staging',
      { pulsar: { transport: 'websocket' } },
      [
        'pulsar.transport is websocket and pulsar.authorization is yes; a broker that authorises refuses its own WebSocket API: use the native transport, or set pulsar.authorization to no',
      ],
    ],
    [
      'the WebSocket API without authorisation',
      'staging',
      { pulsar: { transport: 'websocket', authorization: false } },
      [],
    ],
    [
      'no authentication in staging',
      'staging',
      { pulsar: { authentication: false } },
      ['pulsar.authentication is no; only dev may be without: remove the key'],
    ],
    [
      'no security in production',
      'production',
      { elasticsearch: { security: false } },
      ['elasticsearch.security is no; only dev may be without: remove the key'],
    ],
    [
      'two masters',
      'staging',
      { elasticsearch: { masterNodes: 2 } },
      ['elasticsearch.masterNodes is 2; allowed: 1 or 3, because two masters stop when either is lost'],
    ],
    [
      'one master in production',
      'production',
      { elasticsearch: { masterNodes: 1 } },
      ['elasticsearch.masterNodes is 1; production needs at least 3: two must continue when one is lost'],
    ],
    [
      'no node for data',
      'dev',
      { elasticsearch: { mastersHoldData: false } },
      [
        'elasticsearch.dataNodes is 0 and elasticsearch.mastersHoldData is no: no node would hold data; change one of them',
      ],
    ],
    [
      'no copy in production',
      'production',
      { runtime: { ELASTIC_INDEX_REPLICAS: 0 } },
      ['ELASTIC_INDEX_REPLICAS is 0; production needs at least 1: without a copy the loss of a node loses events'],
    ],
    [
      'nothing kept in production',
      'production',
      { runtime: { PULSAR_RETENTION_HOURS: 5 } },
      [
        'PULSAR_RETENTION_HOURS is 5; production needs at least 6: a lost index or subscription can only be filled again with what Pulsar still keeps when somebody notices',
      ],
    ],
    ['six hours kept in production', 'production', { runtime: { PULSAR_RETENTION_HOURS: 6 } }, []],
    ['nothing kept in dev', 'dev', { runtime: { PULSAR_RETENTION_HOURS: 0 } }, []],
    ['as much kept as the disks hold', 'dev', { runtime: { PULSAR_RETENTION_SIZE_GIB: 3 } }, []],
    [
      'more kept than the disks hold',
      'dev',
      { runtime: { PULSAR_RETENTION_SIZE_GIB: 4 } },
      [
        'PULSAR_RETENTION_SIZE_GIB is 4; the ledger disks hold at most 3 GiB of the topic and its copies: lower it, or raise bookkeeper.ledgersGib',
      ],
    ],
    [
      'much kept on disks of others',
      'dev',
      {
        pulsar: { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080' },
        runtime: { PULSAR_RETENTION_SIZE_GIB: 4 },
      },
      [],
    ],
    [
      'more workers than partitions',
      'dev',
      { workers: { replicas: 11 } },
      [
        'workers.replicas is 11, PULSAR_PARTITIONS is 10: a worker beyond the partitions has little to do; raise the partitions, which grow but never shrink, or lower it',
      ],
    ],
    ['as many workers as partitions', 'dev', { workers: { replicas: 10 } }, []],
    [
      'fewer warm nodes than copies',
      'staging',
      { elasticsearch: { warmNodes: 1 }, platform: { zones: [] } },
      [
        'ELASTIC_INDEX_REPLICAS is 1 with 1 warm nodes; at most 0, because each copy of a shard needs a node of its own: lower it or add warm nodes',
      ],
    ],
    [
      'warm nodes without data nodes',
      'staging',
      { elasticsearch: { dataNodes: 0, mastersHoldData: true, warmNodes: 2 }, platform: { zones: [] } },
      ['elasticsearch.warmNodes is 2 and elasticsearch.dataNodes is 0: new indices need data nodes; add some'],
    ],
    [
      'fewer warm nodes than zones',
      'staging',
      { elasticsearch: { warmNodes: 2 } },
      ['elasticsearch.warmNodes is 2 in 3 zones; each zone needs one at least'],
    ],
    [
      'a scaler of workers beyond the partitions',
      'dev',
      { workers: { autoscaling: 'hpa', maxReplicas: 11 } },
      [
        'workers.maxReplicas is 11, PULSAR_PARTITIONS is 10: a worker beyond the partitions has little to do; raise the partitions, which grow but never shrink, or lower it',
      ],
    ],
    [
      'a scaler of workers with a maximum below the minimum',
      'dev',
      { workers: { autoscaling: 'hpa', replicas: 5, maxReplicas: 4 } },
      ['workers.maxReplicas is 4, workers.replicas is 5: autoscaling needs a maximum of at least that'],
    ],
    [
      'a scaler of the API with a maximum below the minimum',
      'dev',
      { api: { autoscaling: 'cpu', replicas: 5, maxReplicas: 4 } },
      ['api.maxReplicas is 4, api.replicas is 5: autoscaling needs a maximum of at least that'],
    ],
    [
      'a minimum of a scaler above the replicas',
      'dev',
      { api: { autoscaling: 'cpu', replicas: 2, minReplicas: 3 }, workers: { replicas: 1, minReplicas: 2 } },
      [
        'api.minReplicas is 3, api.replicas is 2: autoscaling may go down to fewer than the peak needs, not to more: lower it',
        'workers.minReplicas is 2, workers.replicas is 1: autoscaling may go down to fewer than the peak needs, not to more: lower it',
      ],
    ],
    [
      'a prebuilt image without its name',
      'dev',
      { images: { mode: 'prebuilt' } },
      ['images.mode is prebuilt, but images.runtime is missing: name the image, as `registry/name@sha256:…`'],
    ],
    [
      'a tag in production',
      'production',
      { images: { runtime: 'registry.example.com/t:1' } },
      [
        'images.runtime is "registry.example.com/t:1"; production needs a digest, which always means the same image: registry/name@sha256:…',
      ],
    ],
    [
      'an image that is built but not pushed, in staging',
      'staging',
      { images: { mode: 'build' } },
      [
        'images.repository is missing; the nodes of staging pull what was built: name a registry/name to push to, or use images.mode prebuilt',
      ],
    ],
    [
      'the class of no Ingress',
      'dev',
      { api: { ingressClass: 'nginx' } },
      [
        'api.ingressClass, api.ingressTlsSecret or api.ingressAnnotations is set, but api.ingressHost is missing: name the host of the Ingress',
      ],
    ],
    [
      'fewer bookies than zones',
      'staging',
      { bookkeeper: { replicas: 2 } },
      ['bookkeeper.replicas is 2 in 3 zones; each zone needs one at least'],
    ],
    [
      'fewer data nodes than zones',
      'staging',
      { elasticsearch: { dataNodes: 2 } },
      ['elasticsearch.dataNodes is 2 in 3 zones; each zone needs one at least'],
    ],
    [
      'masters that hold data in zones',
      'dev',
      { platform: { zones: ['a'] } },
      [
        'elasticsearch.mastersHoldData is yes, and platform.zones names zones; masters do not know their zone, so no copy of a shard could be kept apart on them: use dataNodes',
      ],
    ],
    [
      'data nodes in zones',
      'dev',
      { platform: { zones: ['a'] }, elasticsearch: { mastersHoldData: false, dataNodes: 1 } },
      [],
    ],
    [
      'one worker in production',
      'production',
      { workers: { replicas: 1 } },
      ['workers.replicas is 1; production needs at least 2: one must continue when a machine is lost'],
    ],
    [
      'one broker in production',
      'production',
      { broker: { replicas: 1 } },
      ['broker.replicas is 1; production needs at least 2: one must continue when the other is lost'],
    ],
    [
      'a receipt for one copy in production',
      'production',
      { bookkeeper: { ackQuorum: 1 } },
      ['bookkeeper.ackQuorum is 1; production needs at least 2: a receipt for one copy is lost with one disk'],
    ],
    [
      'what only the runtime knows',
      'dev',
      { runtime: { EVENT_RETENTION_DAYS: 1 } },
      [
        'runtime: EVENT_RETENTION_DAYS is 1, but EVENT_ID_WINDOW_HOURS still lets events into indices 168 hours old: keep events for longer than that, or narrow the window',
      ],
    ],
  ]
  for (const [what, stack, changes, faults] of cases) {
    it(`${faults.length === 0 ? 'are none for' : 'tell of'} ${what}`, () => {
      assert.deepEqual(faultsOf(stack, changes), faults)
    })
  }

  it('are reported all together', () => {
    assert.deepEqual(faultsOf('dev', { broker: { replica: 1 }, api: { replicas: 'many' }, load: 5 }), [
      'load is 5; allowed: an object with keys',
      'api.replicas is "many"; allowed: a whole number from 1 to 500 pods',
      'broker.replica is not a key; did you mean broker.replicas?',
    ])
  })

  it('name a derived number that no stack can have', () => {
    const load = { peakEventsPerSecond: 1_000_000, eventsPerCall: 1, retentionDays: 30 }
    const faults = faultsOf('production', { load })
    assert.match(
      faults[0] ?? '',
      /^bookkeeper\.replicas would be \d+; at most 500: the load is more than one stack carries, divide it\. /,
    )
  })

  it('never show a secret', () => {
    const faults = faultsOf('production', { elasticApiKey: 'do-not-tell', api: { replicas: 3 } })
    assert.equal(faults.length, 1)
    assert.ok(!faults.join().includes('do-not-tell'))
  })
})

describe('numbers of a stack', () => {
  const of = (raw: Record<string, unknown>) => planOf(raw)

  it('come from the load where they are not stated', () => {
    const { api, runtime, elasticsearch, reasons } = of(changed('production'))
    assert.equal(api.replicas, 10)
    assert.equal(elasticsearch.dataNodes, 3)
    assert.equal(runtime.indexShards, 3)
    assert.equal(runtime.stateShards, 9)
    const workers = reasons.find(({ key }) => key === 'workers.replicas')
    assert.equal(workers?.from, 'derived')
    assert.match(workers?.reason ?? '', /^2: peak 2,000 events\/s/)
  })

  it('are the stated ones wherever one is, with a warning where it falls short of the load', () => {
    const { elasticsearch, findings } = of(
      changed('production', { load: { peakEventsPerSecond: 4000 }, elasticsearch: { dataNodes: 3, dataGib: 3000 } }),
    )
    assert.equal(elasticsearch.dataNodes, 3)
    assert.deepEqual(
      findings.map(({ code, level }) => [code, level]),
      [
        ['count_below_need', 'warning'],
        ['disk_below_need', 'warning'],
      ],
    )
  })

  it('have the period that fits the load, unless it is stated', () => {
    const period = (load: object, runtime = {}) => {
      const { EVENT_PARTITIONING: _day, ...rest } = changed('production').runtime as Record<string, unknown>
      const plan = of({ ...changed('production', { load }), runtime: { ...rest, ...runtime } })
      const reason = plan.reasons.find(({ key }) => key === 'runtime.EVENT_PARTITIONING')
      return [plan.runtime.eventPartitioning, reason?.value, reason?.from]
    }
    assert.deepEqual(period({}), ['day', 'day', 'derived'])
    assert.deepEqual(period({ peakEventsPerSecond: 50, retentionDays: 365 }), ['month', 'month', 'derived'])
    assert.deepEqual(period({}, { EVENT_PARTITIONING: 'month' }), ['month', 'month', 'stated'])
    assert.equal(of(changed('dev')).runtime.eventPartitioning, 'month')
    assert.equal(of(changed('dev', { load: { peakEventsPerSecond: 5 } })).runtime.eventPartitioning, 'day')
  })

  it('let indices move to warm nodes after the hot days, where there are warm nodes', () => {
    const days = (load: object) => of(changed('production', { load })).runtime.warmAfterDays
    assert.deepEqual([days({}), days({ warmTier: true }), days({ warmTier: true, hotDays: 3 })], [0, 7, 3])
    assert.equal(of(changed('dev', { load: { warmTier: true } })).runtime.warmAfterDays, 0)
    const keys = (load: object) => of(changed('production', { load })).reasons.map(({ key }) => key)
    assert.ok(keys({ warmTier: true }).includes('elasticsearch.warmNodes'))
    assert.ok(!keys({}).includes('elasticsearch.warmNodes'))
  })

  it('have sessions that expire only where something deletes them', () => {
    const days = (elasticsearch: object) =>
      of(changed('staging', { runtime: { SESSION_RETENTION_DAYS: 10 }, elasticsearch })).demand?.sessionDays
    assert.deepEqual(
      [days({}), days({ expireIndices: false }), days({ url: 'http://e:9200', security: false, expireIndices: false })],
      [11, 90, 11],
    )
    assert.equal(of(changed('dev')).demand, undefined)
  })

  it('are the defaults where neither is stated', () => {
    const { reasons } = of(changed('dev'))
    const partitions = reasons.find(({ key }) => key === 'runtime.PULSAR_PARTITIONS')
    assert.deepEqual(partitions, {
      key: 'runtime.PULSAR_PARTITIONS',
      value: 10,
      unit: 'partitions',
      from: 'default',
      reason: 'no load is stated',
    })
  })

  it('let retention of a load reach the runtime, unless it is stated there', () => {
    assert.equal(of(changed('production')).runtime.eventRetentionDays, 30)
    assert.equal(of(changed('production', { runtime: { EVENT_RETENTION_DAYS: 60 } })).runtime.eventRetentionDays, 60)
    assert.equal(of(changed('dev')).runtime.eventRetentionDays, 0)
  })
})
