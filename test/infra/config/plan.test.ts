import assert from 'node:assert/strict'
import { StackConfigError, type StackFault } from '../../../infra/config/errors.ts'
import { planOf } from '../../../infra/config/plan.ts'
import { assertSentences } from '../../support/sentences.ts'
import { changed, STACKS, type StackName } from '../../support/stack.ts'

function faultsOf(stack: StackName, changes: Readonly<Record<string, unknown>>): readonly StackFault[] {
  try {
    planOf(changed(stack, changes))
  } catch (error) {
    assert.ok(error instanceof StackConfigError, String(error))
    return error.faults
  }
  return []
}

/** What a test says of a fault: the rule and its numbers. */
type Expected = Omit<StackFault, 'text'>

const fault = (code: string, facts: StackFault['facts'] = {}): Expected => ({ code, facts })
const codesOf = (faults: readonly StackFault[]) => faults.map(({ code, facts }) => fault(code, facts))

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
  /** For each: the stack, what is changed in it, and the rules that it breaks, with their numbers. None for the neighbouring value that is allowed. */
  type Case = readonly [string, StackName, Record<string, unknown>, readonly Expected[]]
  const cases: readonly Case[] = [
    [
      'a load balancer of the API in production that everybody reaches',
      'production',
      { api: { service: 'LoadBalancer' } },
      [fault('exposed_load_balancer', { key: 'api', service: 'LoadBalancer', ranges: 0 })],
    ],
    [
      'one whose ranges are every address',
      'production',
      { api: { service: 'LoadBalancer', sourceRanges: ['10.0.0.0/8', '::/0'] } },
      [fault('exposed_load_balancer', { key: 'api', service: 'LoadBalancer', ranges: 2 })],
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
      [fault('exposed_load_balancer', { key: 'api', service: 'ClusterIP', ranges: 1 })],
    ],
    [
      'what is no range',
      'staging',
      { api: { service: 'LoadBalancer', sourceRanges: ['192.0.2.1'] } },
      [fault('value_not_allowed', { key: 'api.sourceRanges', given: '["192.0.2.1"]' })],
    ],
    [
      'a load balancer of the proxies in production that everybody reaches',
      'production',
      { proxy: { replicas: 2, service: 'LoadBalancer' } },
      [fault('exposed_load_balancer', { key: 'proxy', service: 'LoadBalancer', ranges: 0 })],
    ],
    [
      'one of the proxies with ranges',
      'production',
      { proxy: { replicas: 2, service: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'] } },
      [],
    ],
    ['a plain Ingress in production', 'production', { api: { ingressTlsSecret: '' } }, [fault('ingress_without_tls')]],
    ['a plain Ingress in staging', 'staging', { api: { ingressHost: 'events.example.com' } }, []],
    ...(['dev', 'staging', 'production'] as const).map(
      (stack): Case => [
        `a placeholder of an image in ${stack}`,
        stack,
        { images: { mode: 'prebuilt', runtime: `r/t@${PLACEHOLDER}` } },
        [fault('image_placeholder', { keys: ['images.runtime'] })],
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
      [fault('image_placeholder', { keys: ['images.pulsar', 'images.elasticsearch', 'observability.exporter'] })],
    ],
    [
      'servers by tag in production',
      'production',
      { platform: MONITORED, images: { allowTags: false }, observability: { monitors: 'podMonitor' } },
      [fault('server_image_by_tag', { keys: ['images.pulsar', 'images.elasticsearch', 'observability.exporter'] })],
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
      'servers whose versions have listed digests in production',
      'production',
      {
        images: {
          allowTags: false,
          digests: [`pulsar:4.0.8@${DIGEST}`, `elasticsearch:9.2.0@${DIGEST}`],
        },
        pulsar: { version: '4.0.8' },
      },
      [],
    ],
    [
      'versions that are not those of the images',
      'staging',
      {
        images: { pulsar: 'r/pulsar:4.0.6', elasticsearch: `r/es:9.1.5@${DIGEST}` },
        pulsar: { version: '4.0.8' },
        elasticsearch: { version: '9.2.0' },
      },
      [
        fault('version_and_image_differ', { key: 'pulsar.version', version: '4.0.8', image: 'r/pulsar:4.0.6' }),
        fault('version_and_image_differ', {
          key: 'elasticsearch.version',
          version: '9.2.0',
          image: `r/es:9.1.5@${DIGEST}`,
        }),
      ],
    ],
    [
      'a version of a server that this release does not run',
      'staging',
      { elasticsearch: { version: '8.19.4' } },
      [
        fault('version_not_supported', {
          key: 'elasticsearch.version',
          version: '8.19.4',
          image: 'docker.elastic.co/elasticsearch/elasticsearch:8.19.4',
        }),
      ],
    ],
    ['an image of such a version', 'staging', { images: { elasticsearch: 'r/es:8.19.4' } }, []],
    [
      'what is no version',
      'dev',
      { pulsar: { version: '4.0' } },
      [fault('value_not_allowed', { key: 'pulsar.version', given: '"4.0"' })],
    ],
    [
      'proxies of brokers that ask for no token',
      'dev',
      { proxy: { replicas: 1 } },
      [fault('proxy_without_authentication', { proxies: 1 })],
    ],
    ['proxies of brokers that ask for one', 'dev', { proxy: { replicas: 1 }, pulsar: { authentication: true } }, []],
    [
      'KEDA at brokers that ask for no token',
      'dev',
      { workers: { autoscaling: 'keda' } },
      [fault('keda_without_authentication')],
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
      [fault('scraper_missing')],
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
      [fault('source_secret_invalid')],
    ],
    [
      'a secret of a source that is too short',
      'dev',
      { sourceSecrets: { 'my-source': ['0123456789abcdef', 'do-not-tell'] } },
      [fault('source_secret_invalid')],
    ],
    [
      'no secret for a source that is to have one',
      'dev',
      { sourceSecrets: { 'my-source': [] } },
      [fault('source_secret_invalid')],
    ],
    [
      'two secrets of a source',
      'dev',
      { sourceSecrets: '{"my-source": ["0123456789abcdef", "fedcba9876543210"]}' },
      [],
    ],
    ['secrets of sources that are not JSON', 'dev', { sourceSecrets: 'do-not-tell' }, [fault('source_secret_invalid')]],
    [
      'a secret among the sources, where anyone can read it',
      'dev',
      { sources: { 'my-source': { secrets: ['do-not-tell-anybody'] } } },
      [fault('source_secret_invalid')],
    ],
    [
      'shards 0',
      'dev',
      { runtime: { ELASTIC_INDEX_SHARDS: 0 } },
      [fault('value_not_allowed', { key: 'runtime.ELASTIC_INDEX_SHARDS', given: '0' })],
    ],
    ['shards 1', 'dev', { runtime: { ELASTIC_INDEX_SHARDS: 1 } }, []],
    [
      'as many replicas as data nodes',
      'production',
      { runtime: { ELASTIC_INDEX_REPLICAS: 3 }, elasticsearch: { dataNodes: 3 } },
      [fault('copies_beyond_data_nodes', { copies: 3, dataNodes: 3 })],
    ],
    ['one replica less', 'production', { runtime: { ELASTIC_INDEX_REPLICAS: 2 }, elasticsearch: { dataNodes: 3 } }, []],
    [
      'quorums the wrong way round',
      'production',
      { bookkeeper: { ackQuorum: 6, writeQuorum: 5, ensemble: 4, replicas: 3 } },
      [fault('quorums_out_of_order', { ackQuorum: 6, writeQuorum: 5, ensemble: 4, bookies: 3 })],
    ],
    ['quorums in order', 'production', { bookkeeper: { ackQuorum: 2, writeQuorum: 2, ensemble: 2, replicas: 3 } }, []],
    [
      'an ensemble larger than the bookies, in dev',
      'dev',
      { bookkeeper: { ensemble: 2 } },
      [fault('quorums_out_of_order', { ackQuorum: 1, writeQuorum: 1, ensemble: 2, bookies: 1 })],
    ],
    [
      'an even ZooKeeper count',
      'production',
      { zookeeper: { replicas: 4 } },
      [fault('zookeepers_even', { zookeepers: 4 })],
    ],
    ['five ZooKeeper nodes', 'production', { zookeeper: { replicas: 5 } }, []],
    [
      'one ZooKeeper node in production',
      'production',
      { zookeeper: { replicas: 1 } },
      [fault('below_minimum', { key: 'zookeeper.replicas', value: 1, minimum: 3 })],
    ],
    [
      'three API replicas in production',
      'production',
      { api: { replicas: 3 } },
      [fault('below_minimum', { key: 'api.replicas', value: 3, minimum: 10 })],
    ],
    ['ten API replicas in production', 'production', { api: { replicas: 10 } }, []],
    ['three API replicas in staging', 'staging', { api: { replicas: 3 } }, []],
    [
      'a typing error in a key',
      'dev',
      { broker: { replica: 1 } },
      [fault('key_unknown', { key: 'broker.replica', nearest: 'broker.replicas' })],
    ],
    [
      'a typing error in a group',
      'dev',
      { boker: { replicas: 1 } },
      [fault('key_unknown', { key: 'boker', nearest: 'broker' })],
    ],
    [
      'a typing error in a setting',
      'dev',
      { runtime: { BULK_SIZ: 100 } },
      [fault('key_unknown', { key: 'runtime.BULK_SIZ', nearest: 'runtime.BULK_SIZE' })],
    ],
    [
      'a number with a unit',
      'dev',
      { bookkeeper: { ledgersGib: '5Gi' } },
      [fault('value_not_allowed', { key: 'bookkeeper.ledgersGib', given: '"5Gi"' })],
    ],
    ['a number as text', 'dev', { bookkeeper: { ledgersGib: '6' } }, []],
    ['a group that is not an object', 'dev', { load: 5 }, [fault('value_not_allowed', { key: 'load', given: '5' })]],
    [
      'an unknown environment',
      'dev',
      { platform: { environment: 'prod' } },
      [fault('value_not_allowed', { key: 'platform.environment', given: '"prod"' })],
    ],
    [
      'a zone twice',
      'dev',
      { platform: { zones: ['a', 'a'] } },
      [fault('value_not_allowed', { key: 'platform.zones', given: '["a","a"]' })],
    ],
    [
      'a setting that the platform sets',
      'dev',
      { runtime: { ELASTIC_HOST: 'http://x:9200' } },
      [fault('key_of_the_platform', { key: 'runtime.ELASTIC_HOST' })],
    ],
    [
      'a missing secret of an Elasticsearch that exists',
      'production',
      { elasticsearch: { url: 'https://search.example.com:9243' } },
      [fault('elasticsearch_secret_missing')],
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
      [fault('pulsar_secret_missing')],
    ],
    ['half a Pulsar', 'dev', { pulsar: { adminUrl: 'http://pulsar:8080' } }, [fault('pulsar_urls_incomplete')]],
    [
      'the WebSocket API of brokers that authorise',
      'staging',
      { pulsar: { transport: 'websocket' } },
      [fault('websocket_with_authorization')],
    ],
    [
      'the WebSocket API without authorisation',
      'staging',
      { pulsar: { transport: 'websocket', authorization: false } },
      [],
    ],
    ['no authentication in staging', 'staging', { pulsar: { authentication: false } }, [fault('pulsar_open')]],
    ['no security in production', 'production', { elasticsearch: { security: false } }, [fault('elasticsearch_open')]],
    ['two masters', 'staging', { elasticsearch: { masterNodes: 2 } }, [fault('masters_two', { masters: 2 })]],
    [
      'one master in production',
      'production',
      { elasticsearch: { masterNodes: 1 } },
      [fault('below_minimum', { key: 'elasticsearch.masterNodes', value: 1, minimum: 3 })],
    ],
    ['no node for data', 'dev', { elasticsearch: { mastersHoldData: false } }, [fault('data_nodes_none')]],
    [
      'no copy in production',
      'production',
      { runtime: { ELASTIC_INDEX_REPLICAS: 0 } },
      [fault('below_minimum', { key: 'ELASTIC_INDEX_REPLICAS', value: 0, minimum: 1 })],
    ],
    [
      'nothing kept in production',
      'production',
      { runtime: { PULSAR_RETENTION_HOURS: 5 } },
      [fault('below_minimum', { key: 'PULSAR_RETENTION_HOURS', value: 5, minimum: 6 })],
    ],
    ['six hours kept in production', 'production', { runtime: { PULSAR_RETENTION_HOURS: 6 } }, []],
    ['nothing kept in dev', 'dev', { runtime: { PULSAR_RETENTION_HOURS: 0 } }, []],
    ['as much kept as the disks hold', 'dev', { runtime: { PULSAR_RETENTION_SIZE_GIB: 3 } }, []],
    [
      'more kept than the disks hold',
      'dev',
      { runtime: { PULSAR_RETENTION_SIZE_GIB: 4 } },
      [fault('retention_beyond_disks', { gib: 4, holdsGib: 3 })],
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
      [fault('workers_beyond_partitions', { partitions: 10 })],
    ],
    ['as many workers as partitions', 'dev', { workers: { replicas: 10 } }, []],
    [
      'fewer warm nodes than copies',
      'staging',
      { elasticsearch: { warmNodes: 1 }, platform: { zones: [] } },
      [fault('copies_beyond_warm_nodes', { copies: 1, warmNodes: 1 })],
    ],
    [
      'more copies than warm nodes, which may be fewer there',
      'staging',
      {
        elasticsearch: { dataNodes: 3, warmNodes: 2 },
        runtime: { ELASTIC_INDEX_REPLICAS: '2' },
        platform: { zones: [] },
      },
      [fault('copies_beyond_warm_nodes', { copies: 2, warmNodes: 2 })],
    ],
    [
      'fewer copies on warm nodes',
      'staging',
      {
        elasticsearch: { dataNodes: 3, warmNodes: 2 },
        runtime: { ELASTIC_INDEX_REPLICAS: '2', ELASTIC_WARM_REPLICAS: '1' },
        platform: { zones: [] },
      },
      [],
    ],
    [
      'warm nodes without data nodes',
      'staging',
      { elasticsearch: { dataNodes: 0, mastersHoldData: true, warmNodes: 2 }, platform: { zones: [] } },
      [fault('warm_nodes_without_data_nodes', { warmNodes: 2 })],
    ],
    [
      'fewer warm nodes than zones',
      'staging',
      { elasticsearch: { warmNodes: 2 } },
      [fault('warm_nodes_below_zones', { warmNodes: 2, zones: 3 })],
    ],
    [
      'a set of data nodes that goes, without what it has',
      'staging',
      { elasticsearch: { dataSet: 'small', oldDataSet: 'first', oldDataNodes: 3 } },
      [
        fault('old_set_incomplete', {
          set: 'first',
          keys: ['elasticsearch.oldDataGib', 'elasticsearch.oldHeapGib'],
        }),
      ],
    ],
    [
      'a set of data nodes that goes, without its heap',
      'staging',
      { elasticsearch: { dataSet: 'small', oldDataSet: 'first', oldDataNodes: 3, oldDataGib: 50 } },
      [fault('old_set_incomplete', { set: 'first', keys: ['elasticsearch.oldHeapGib'] })],
    ],
    [
      'a set of data nodes that goes, with all that it has',
      'staging',
      { elasticsearch: { dataSet: 'small', oldDataSet: 'first', oldDataNodes: 3, oldDataGib: 50, oldHeapGib: 2 } },
      [],
    ],
    [
      'a set of data nodes that goes and stays',
      'staging',
      { elasticsearch: { oldDataSet: 'first', oldDataNodes: 3, oldDataGib: 50, oldHeapGib: 2 } },
      [fault('old_set_stays', { key: 'elasticsearch.oldDataSet', set: 'first' })],
    ],
    [
      'a set of data nodes that goes, and no other ones',
      'staging',
      {
        elasticsearch: {
          ...{ mastersHoldData: true, dataNodes: 0, dataSet: 'small' },
          ...{ oldDataSet: 'first', oldDataNodes: 3, oldDataGib: 50, oldHeapGib: 2 },
        },
        platform: { zones: [] },
      },
      [fault('old_set_without_data_nodes', { set: 'first' })],
    ],
    [
      'nodes of a set that goes, without its name',
      'staging',
      { elasticsearch: { oldDataNodes: 3 } },
      [fault('old_set_unnamed', { key: 'elasticsearch.oldDataNodes', count: 3 })],
    ],
    [
      'a set of bookies that goes, without what it has',
      'staging',
      { bookkeeper: { set: 'small', oldSet: 'first' } },
      [
        fault('old_set_incomplete', {
          set: 'first',
          keys: ['bookkeeper.oldReplicas', 'bookkeeper.oldJournalGib', 'bookkeeper.oldLedgersGib'],
        }),
      ],
    ],
    [
      'a set of bookies that goes, with all that it has',
      'staging',
      { bookkeeper: { set: 'small', oldSet: 'first', oldReplicas: 3, oldJournalGib: 20, oldLedgersGib: 20 } },
      [],
    ],
    [
      'a set of bookies that goes and stays',
      'staging',
      { bookkeeper: { oldSet: 'first', oldReplicas: 3, oldJournalGib: 20, oldLedgersGib: 20 } },
      [fault('old_set_stays', { key: 'bookkeeper.oldSet', set: 'first' })],
    ],
    [
      'bookies of a set that goes, without its name',
      'staging',
      { bookkeeper: { oldReplicas: 3 } },
      [fault('old_set_unnamed', { key: 'bookkeeper.oldReplicas', count: 3 })],
    ],
    [
      'a set of data nodes whose name is not one of letters and digits',
      'staging',
      { elasticsearch: { dataSet: 'two-parts' } },
      [fault('value_not_allowed', { key: 'elasticsearch.dataSet', given: '"two-parts"' })],
    ],
    [
      'a scaler of workers beyond the partitions',
      'dev',
      { workers: { autoscaling: 'hpa', maxReplicas: 11 } },
      [fault('workers_beyond_partitions', { partitions: 10 })],
    ],
    [
      'a scaler of workers with a maximum below the minimum',
      'dev',
      { workers: { autoscaling: 'hpa', replicas: 5, maxReplicas: 4 } },
      [fault('autoscaling_maximum_too_low', { key: 'workers.maxReplicas', value: 4, minimum: 5 })],
    ],
    [
      'a scaler of the API with a maximum below the minimum',
      'dev',
      { api: { autoscaling: 'cpu', replicas: 5, maxReplicas: 4 } },
      [fault('autoscaling_maximum_too_low', { key: 'api.maxReplicas', value: 4, minimum: 5 })],
    ],
    [
      'a minimum of a scaler above the replicas',
      'dev',
      { api: { autoscaling: 'cpu', replicas: 2, minReplicas: 3 }, workers: { replicas: 1, minReplicas: 2 } },
      [
        fault('autoscaling_minimum_too_high', { key: 'api.minReplicas', value: 3, maximum: 2 }),
        fault('autoscaling_minimum_too_high', { key: 'workers.minReplicas', value: 2, maximum: 1 }),
      ],
    ],
    ['a prebuilt image without its name', 'dev', { images: { mode: 'prebuilt' } }, [fault('image_missing')]],
    [
      'a tag in production',
      'production',
      { images: { runtime: 'registry.example.com/t:1' } },
      [fault('image_without_digest', { image: 'registry.example.com/t:1' })],
    ],
    [
      'an image that is built but not pushed, in staging',
      'staging',
      { images: { mode: 'build' } },
      [fault('repository_missing')],
    ],
    ['the class of no Ingress', 'dev', { api: { ingressClass: 'nginx' } }, [fault('ingress_host_missing')]],
    [
      'fewer bookies than zones',
      'staging',
      { bookkeeper: { replicas: 2 } },
      [fault('bookies_below_zones', { bookies: 2, zones: 3 })],
    ],
    [
      'fewer data nodes than zones',
      'staging',
      { elasticsearch: { dataNodes: 2 } },
      [fault('data_nodes_below_zones', { dataNodes: 2, zones: 3 })],
    ],
    [
      'masters that hold data in zones',
      'dev',
      { platform: { zones: ['a'] } },
      [fault('masters_hold_data_in_zones', { zones: 1 })],
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
      [fault('below_minimum', { key: 'workers.replicas', value: 1, minimum: 2 })],
    ],
    [
      'one broker in production',
      'production',
      { broker: { replicas: 1 } },
      [fault('below_minimum', { key: 'broker.replicas', value: 1, minimum: 2 })],
    ],
    [
      'a receipt for one copy in production',
      'production',
      { bookkeeper: { ackQuorum: 1 } },
      [fault('below_minimum', { key: 'bookkeeper.ackQuorum', value: 1, minimum: 2 })],
    ],
    ['what only the runtime knows', 'dev', { runtime: { EVENT_RETENTION_DAYS: 1 } }, [fault('runtime_invalid')]],
  ]
  for (const [what, stack, changes, faults] of cases) {
    it(`${faults.length === 0 ? 'are none for' : 'tell of'} ${what}`, () => {
      const found = faultsOf(stack, changes)
      assert.deepEqual(codesOf(found), faults)
      if (faults.length > 0) {
        const said = found.map(({ text }) => text)
        assertSentences('rules of a stack', what, said)
      }
    })
  }

  it('are reported all together', () => {
    assert.deepEqual(codesOf(faultsOf('dev', { broker: { replica: 1 }, api: { replicas: 'many' }, load: 5 })), [
      fault('value_not_allowed', { key: 'load', given: '5' }),
      fault('value_not_allowed', { key: 'api.replicas', given: '"many"' }),
      fault('key_unknown', { key: 'broker.replica', nearest: 'broker.replicas' }),
    ])
  })

  it('name a derived number that no stack can have', () => {
    const load = { peakEventsPerSecond: 1_000_000, eventsPerCall: 1, retentionDays: 30 }
    const faults = faultsOf('production', { load })
    assert.partialDeepStrictEqual(faults[0], {
      code: 'load_beyond_one_stack',
      facts: { key: 'bookkeeper.replicas', maximum: 500 },
    })
  })

  it('never show a secret', () => {
    const faults = faultsOf('production', { elasticApiKey: 'do-not-tell', api: { replicas: 3 } })
    assert.equal(faults.length, 1)
    assert.ok(!JSON.stringify(faults).includes('do-not-tell'))
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
    assert.deepEqual([workers?.from, workers?.code, workers?.facts['eventsPerSecond']], ['derived', 'load', 2000])
  })

  it('are the stated ones wherever one is, with a warning where it falls short of the load', () => {
    const { elasticsearch, findings, reasons } = of(
      changed('production', { load: { peakEventsPerSecond: 4000 }, elasticsearch: { dataNodes: 3, dataGib: 3000 } }),
    )
    assert.equal(elasticsearch.dataNodes, 3)
    const nodes = reasons.find(({ key }) => key === 'elasticsearch.dataNodes')
    assert.deepEqual([nodes?.from, nodes?.code, nodes?.facts], ['stated', 'stated', { needed: 6 }])
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
      assert.deepEqual(Object.keys(reason?.facts ?? {}), ['retentionDays', 'bytesPerDay', 'minShardBytes'])
      return [plan.runtime.eventPartitioning, reason?.value, reason?.from, reason?.code]
    }
    assert.deepEqual(period({}), ['day', 'day', 'derived', 'load'])
    assert.deepEqual(period({ peakEventsPerSecond: 50, retentionDays: 365 }), ['month', 'month', 'derived', 'load'])
    assert.deepEqual(period({}, { EVENT_PARTITIONING: 'month' }), ['month', 'month', 'stated', 'stated'])
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
      code: 'default',
      facts: {},
      reason: 'no load is stated',
    })
  })

  it('let retention of a load reach the runtime, unless it is stated there', () => {
    assert.equal(of(changed('production')).runtime.eventRetentionDays, 30)
    assert.equal(of(changed('production', { runtime: { EVENT_RETENTION_DAYS: 60 } })).runtime.eventRetentionDays, 60)
    assert.equal(of(changed('dev')).runtime.eventRetentionDays, 0)
  })
})
