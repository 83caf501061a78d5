import assert from 'node:assert/strict'
import { planOf } from '../../../infra/config/plan.ts'
import type { Facts } from '../../../infra/safety/facts.ts'
import { judgedChanges } from '../../../infra/safety/refusals.ts'
import { changed, registeredBy, type StackName } from '../../support/stack.ts'

function refusedChanges(before: Facts, after: Facts, acknowledge: readonly string[] = []): readonly string[] {
  return judgedChanges(before, after, { acknowledge }).refused
}

/** The facts that the guard of a stack keeps. */
async function factsIn(stack: StackName, changes: Readonly<Record<string, unknown>> = {}): Promise<Facts> {
  const resources = await registeredBy(changed(stack, changes))
  return resources.find(({ name, type }) => name === 'facts' && type.endsWith(':ConfigMap'))?.inputs.data
}

describe('the facts of a stack', () => {
  it('are all that its data depends on', async () => {
    assert.deepEqual(await factsIn('dev', { platform: { storageClass: 'fast' } }), {
      'platform.namespace': 'tracardi',
      'platform.createNamespace': 'true',
      'platform.clusterDomain': 'cluster.local',
      cluster: 'uid of the cluster',
      'runtime.PULSAR_PARTITIONS': '10',
      'runtime.PULSAR_RETENTION_HOURS': '24',
      'runtime.PULSAR_TENANT': 'tracardi',
      'runtime.PULSAR_SYSTEM_NAMESPACE': 'system',
      'runtime.PULSAR_FUNCTION_TOPIC': 'functions',
      'runtime.PULSAR_SUBSCRIPTION': 'tracardi-function-subscription',
      'runtime.EVENT_PARTITIONING': 'month',
      // Nothing is deleted by age.
      'runtime.EVENT_RETENTION_DAYS': 'Infinity',
      'runtime.SESSION_RETENTION_DAYS': 'Infinity',
      'runtime.PROFILE_RETENTION_DAYS': 'Infinity',
      'pulsar.clusterName': 'tracardi',
      'pulsar.version': '4.0.6',
      'zookeeper.replicas': '1',
      'zookeeper.diskGib': '2',
      'zookeeper.storageClass': 'fast',
      'bookkeeper.journalGib': '5',
      'bookkeeper.ledgersGib': '5',
      'bookkeeper.journalVolumes': '1',
      'bookkeeper.ledgerVolumes': '1',
      'bookkeeper.journalStorageClass': 'fast',
      'bookkeeper.ledgersStorageClass': 'fast',
      'bookkeeper.replicas': '1',
      'elasticsearch.version': '9.2.0',
      'elasticsearch.masterNodes': '1',
      'elasticsearch.mastersHoldData': 'true',
      'elasticsearch.security': 'false',
      'elasticsearch.storageClass': 'fast',
      'elasticsearch.elasticsearch-master.replicas': '1',
      'elasticsearch.elasticsearch-master.diskGib': '5',
    })
  })

  it('count bookies and data nodes of Elasticsearch by zone', async () => {
    const facts = Object.entries(await factsIn('staging', { bookkeeper: { replicas: 4 } }))
    assert.deepEqual(
      facts.filter(([key]) => key.includes('replicas')).sort(([a], [b]) => (a < b ? -1 : 1)),
      [
        ['bookkeeper.replicas.a', '2'],
        ['bookkeeper.replicas.b', '1'],
        ['bookkeeper.replicas.c', '1'],
        ['elasticsearch.elasticsearch-data-a.replicas', '1'],
        ['elasticsearch.elasticsearch-data-b.replicas', '1'],
        ['elasticsearch.elasticsearch-data-c.replicas', '1'],
        ['elasticsearch.elasticsearch-master.replicas', '3'],
        ['zookeeper.replicas', '3'],
      ],
    )
  })

  it('let a zone be added with the nodes that it needs', async () => {
    const nodes = (count: number) => ({
      bookkeeper: { replicas: count, ledgersGib: 15 },
      elasticsearch: { dataNodes: count, dataGib: 69 },
    })
    const four = await factsIn('staging', { platform: { zones: ['a', 'b', 'c', 'd'] }, ...nodes(4) })
    assert.deepEqual(refusedChanges(await factsIn('staging', nodes(3)), four), [])
  })

  it('refuse a zone that takes the nodes of the others, and one that goes away', async () => {
    const keys = (refused: readonly string[]) => refused.map((line) => line.split(':')[0]).sort()
    const nodes = { bookkeeper: { replicas: 6, ledgersGib: 15 }, elasticsearch: { dataNodes: 3, dataGib: 69 } }
    const two = await factsIn('staging', { platform: { zones: ['a', 'b'] }, ...nodes })
    const three = await factsIn('staging', nodes)
    assert.deepEqual(keys(refusedChanges(two, three)), [
      'bookkeeper.replicas.a would go from 3 to 2',
      'bookkeeper.replicas.b would go from 3 to 2',
      'elasticsearch.elasticsearch-data-a.replicas would go from 2 to 1',
    ])
    assert.deepEqual(keys(refusedChanges(three, two)), [
      'bookkeeper.replicas.c would go from 2 to none',
      'elasticsearch.elasticsearch-data-c.replicas would go from 1 to none',
    ])
  })

  it('refuse that servers of the stack are exchanged for others', async () => {
    const external = await factsIn('dev', {
      pulsar: { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080' },
      elasticsearch: { url: 'http://e:9200' },
    })
    const own = Object.keys(await factsIn('dev')).filter(
      (key) => /^(pulsar|zookeeper|bookkeeper|elasticsearch)/.test(key) && !key.endsWith('.version'),
    )
    const refused = refusedChanges(await factsIn('dev'), external)
    assert.deepEqual(
      refused.map((line) => line.split(' ')[0]),
      own,
    )
  })

  for (const what of ['EVENT', 'SESSION', 'PROFILE']) {
    it(`say after how many days one ${what.toLowerCase()} is deleted, where it is`, async () => {
      const key = `${what}_RETENTION_DAYS`
      const days = async (expireIndices: boolean, value: number) => {
        const facts = await factsIn('dev', { elasticsearch: { expireIndices }, runtime: { [key]: value } })
        return facts[`runtime.${key}`]
      }
      assert.equal(await days(true, 30), '30')
      assert.equal(await days(true, 0), 'Infinity')
      assert.equal(await days(false, 30), 'Infinity')
    })
  }

  it('can be acknowledged in the configuration with the texts that refusals ask for', async () => {
    const zones = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c']
    const facts = await factsIn('staging', { platform: { zones } })
    const before = Object.fromEntries(Object.keys(facts).map((key) => [key, '1000000']))
    const texts = refusedChanges(before, facts).flatMap(
      (line) => /state platform\.acknowledge: \["(.*)"\]$/.exec(line)?.[1] ?? [],
    )
    for (const one of [
      'bookkeeper.replicas.eu-central-1a=1',
      'elasticsearch.elasticsearch-data-eu-central-1c.replicas=1',
      'runtime.PULSAR_TENANT=tracardi',
      'zookeeper.storageClass=',
    ])
      assert.ok(texts.includes(one), one)
    const plan = planOf(changed('staging', { platform: { zones, acknowledge: texts } }))
    assert.deepEqual(plan.platform.acknowledge, texts)
    assert.deepEqual(
      refusedChanges(before, facts, texts).filter((line) => line.includes('acknowledge')),
      [],
    )
  })
})
