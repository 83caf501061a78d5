import assert from 'node:assert/strict'
import { ZooKeeper } from '../../../infra/pulsar/zookeeper.ts'
import type { BudgetPlan } from '../../../runtime/commands/keep-budgets.ts'
import { type Registered, registered } from '../../support/registered.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

const NAME = 'budget-keeper'
const keeperOf = (resources: readonly Registered[]) => ofType(resources, 'Deployment').find(({ name }) => name === NAME)
const templateOf = (resources: readonly Registered[]) => keeperOf(resources)?.inputs.spec.template
const containerOf = (resources: readonly Registered[]) => templateOf(resources).spec.containers[0]
const planOf = (resources: readonly Registered[]): BudgetPlan => JSON.parse(containerOf(resources).args[2])
const ignored = (resources: readonly Registered[]) =>
  Object.fromEntries(
    ofType(resources, 'PodDisruptionBudget').map(({ name, options }) => [name, options.ignoreChanges ?? []]),
  )

const PULSAR = { serviceUrl: 'pulsar+ssl://p.example.com:6652', adminUrl: 'https://p.example.com:8443' }
const ELASTICSEARCH = { url: 'https://one.example.com:9243' }

describe('the keeper of budgets', () => {
  let resources: readonly Registered[]
  before(async () => {
    resources = await registeredBy(
      changed('staging', { elasticsearch: { warmNodes: 3 }, runtime: { ELASTIC_INDEX_REPLICAS: 2 } }),
    )
  })

  it('asks the servers of each kind as their roller does, and has the budget of each of their tiers', () => {
    const zones = (set: string) => ['a', 'b', 'c'].map((zone) => `${set}-${zone}`)
    assert.deepEqual(planOf(resources), [
      {
        servers: 'zookeeper',
        lease: 'zookeeper-roll-out',
        budgets: [{ name: 'zookeeper', sets: ['zookeeper'] }],
        domain: 'zookeeper-members.tracardi.svc.cluster.local',
        port: 2181,
      },
      {
        servers: 'bookkeeper',
        lease: 'bookkeeper-roll-out',
        budgets: [{ name: 'bookkeeper', sets: zones('bookkeeper') }],
        domain: 'bookkeeper.tracardi.svc.cluster.local',
        port: 3181,
        zookeeper: 'zookeeper.tracardi.svc.cluster.local:2181',
        ensemble: 2,
      },
      {
        servers: 'elasticsearch',
        lease: 'elasticsearch-roll-out',
        budgets: [
          { name: 'elasticsearch-master', sets: ['elasticsearch-master'] },
          { name: 'elasticsearch-data', sets: zones('elasticsearch-data') },
          { name: 'elasticsearch-warm', sets: zones('elasticsearch-warm') },
        ],
      },
    ])
  })

  it('names budgets, sets and Leases that exist', () => {
    const names = (type: string) => ofType(resources, type).map(({ inputs }) => inputs.metadata.name)
    for (const { lease, budgets } of planOf(resources)) {
      assert.ok(names('Lease').includes(lease), lease)
      for (const { name, sets } of budgets) {
        assert.ok(names('PodDisruptionBudget').includes(name), name)
        for (const set of sets) assert.ok(names('StatefulSet').includes(set), set)
      }
    }
  })

  it('may read and patch these budgets, read the sets and the Leases, and nothing else', async () => {
    const dev = await registeredBy(changed('dev', {}))
    const [role] = ofType(dev, 'Role').filter(({ name }) => name === NAME)
    assert.deepEqual(role?.inputs.rules, [
      {
        apiGroups: ['policy'],
        resources: ['poddisruptionbudgets'],
        resourceNames: ['zookeeper', 'bookkeeper', 'elasticsearch-master'],
        verbs: ['get', 'patch'],
      },
      {
        apiGroups: ['apps'],
        resources: ['statefulsets'],
        resourceNames: ['zookeeper', 'bookkeeper', 'elasticsearch-master'],
        verbs: ['get'],
      },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['zookeeper-roll-out', 'bookkeeper-roll-out', 'elasticsearch-roll-out'],
        verbs: ['get'],
      },
    ])
  })

  it('asks Elasticsearch as API and workers do, and restarts when the credentials change', () => {
    const env = containerOf(resources).env.map(({ name, value }: { name: string; value: string }) => [name, value])
    assert.deepEqual(Object.fromEntries(env), {
      ELASTIC_HOST: 'https://elasticsearch.tracardi.svc.cluster.local:9200',
      ELASTIC_HTTP_AUTH_USERNAME: 'tracardi',
      ELASTIC_HTTP_AUTH_PASSWORD_FILE: '/secrets/elasticsearch/password',
      ELASTIC_CA_FILE: '/authority/ca.crt',
      ELASTIC_INDEX_REPLICAS: '2',
    })
    const { annotations } = templateOf(resources).metadata
    assert.deepEqual(Object.keys(annotations), ['checksum.tracardi.com/elasticsearch'])
  })

  it('leaves the budgets of these tiers to it, and no others', () => {
    const kept = ['spec.maxUnavailable']
    const found = ignored(resources)
    for (const name of ['zookeeper', 'bookkeeper', 'elasticsearch-master', 'elasticsearch-data', 'elasticsearch-warm'])
      assert.deepEqual(found[name], kept, name)
    for (const name of ['broker', 'api', 'worker', NAME]) assert.deepEqual(found[name], [], name)
  })

  it('reaches ZooKeeper, Elasticsearch and the API server, and is reached by nobody', () => {
    const [policy] = ofType(resources, 'NetworkPolicy').filter(({ name }) => name === `allow-${NAME}`)
    const { ingress, egress } = policy?.inputs.spec ?? {}
    assert.deepEqual(ingress, [])
    assert.deepEqual(
      egress.map(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port)),
      [[2181], [9200], [443, 6443, 8443, 16_443], [53, 53]],
    )
  })

  it('asks only what is of the stack', async () => {
    const pulsar = await registeredBy(changed('staging', { elasticsearch: ELASTICSEARCH, elasticApiKey: 'key' }))
    assert.deepEqual(
      planOf(pulsar).map(({ servers }) => servers),
      ['zookeeper', 'bookkeeper'],
    )
    assert.deepEqual(containerOf(pulsar).env, [])
    const search = await registeredBy(changed('staging', { pulsar: PULSAR, pulsarToken: 'token' }))
    assert.deepEqual(
      planOf(search).map(({ servers }) => servers),
      ['elasticsearch'],
    )
  })

  it('does not exist when all servers exist without the stack', async () => {
    const external = { pulsar: PULSAR, elasticsearch: ELASTICSEARCH, pulsarToken: 'token', elasticApiKey: 'key' }
    assert.equal(keeperOf(await registeredBy(changed('staging', external))), undefined)
  })

  it('does not change the budget of a component without an image of the runtime', async () => {
    const alone = await registered(() => {
      const { gated } = new ZooKeeper('z', { namespace: 'ns', image: 'pulsar' })
      assert.deepEqual(gated, [])
    })
    assert.deepEqual(ignored(alone), { z: [] })
  })
})
