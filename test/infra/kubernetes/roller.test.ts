import assert from 'node:assert/strict'
import { BookKeeper } from '../../../infra/pulsar/bookkeeper.ts'
import { ZooKeeper } from '../../../infra/pulsar/zookeeper.ts'
import { type Registered, registered } from '../../support/registered.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

const rollers = (resources: readonly Registered[]) =>
  ofType(resources, 'Job').filter(({ name }) => name.endsWith('-roll-out'))
const argsOf = (job: Registered | undefined): readonly string[] => job?.inputs.spec.template.spec.containers[0].args
const strategies = (resources: readonly Registered[]) =>
  Object.fromEntries(
    ofType(resources, 'StatefulSet').map(({ name, inputs }) => [
      name,
      [inputs.spec.updateStrategy.type, inputs.metadata.annotations?.['pulumi.com/skipAwait']],
    ]),
  )

describe('the rollers of a stack', () => {
  let resources: readonly Registered[]
  before(async () => {
    resources = await registeredBy(
      changed('staging', { elasticsearch: { warmNodes: 3 }, runtime: { ELASTIC_INDEX_REPLICAS: 2 } }),
    )
  })

  it('are one Job for each kind of servers that hold data, with the sets in the order of the rollout', () => {
    const sets = rollers(resources).map((job) => [
      job.name,
      argsOf(job).filter((_, at, all) => all[at - 1] === '--set'),
    ])
    assert.deepEqual(Object.fromEntries(sets), {
      'zookeeper-roll-out': ['zookeeper'],
      'bookkeeper-roll-out': ['bookkeeper-a', 'bookkeeper-b', 'bookkeeper-c'],
      'elasticsearch-roll-out': [
        'elasticsearch-data-a',
        'elasticsearch-data-b',
        'elasticsearch-data-c',
        'elasticsearch-warm-a',
        'elasticsearch-warm-b',
        'elasticsearch-warm-c',
        'elasticsearch-master',
      ],
    })
  })

  it('leave their pods to them, and those of the brokers to Kubernetes', () => {
    const found = strategies(resources)
    assert.deepEqual(found['elasticsearch-data-a'], ['OnDelete', 'true'])
    assert.deepEqual(found['bookkeeper-a'], ['OnDelete', 'true'])
    assert.deepEqual(found['zookeeper'], ['OnDelete', 'true'])
    assert.deepEqual(found['broker'], ['RollingUpdate', undefined])
  })

  it('may read these sets, list pods, evict pods and keep their lock, and nothing else', () => {
    const [role] = ofType(resources, 'Role').filter(({ name }) => name === 'zookeeper-roll-out')
    assert.deepEqual(role?.inputs.rules, [
      { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames: ['zookeeper'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['zookeeper-roll-out'],
        verbs: ['get', 'update'],
      },
    ])
  })

  it('ask Elasticsearch as API and workers do, and wait as long as a node may take', () => {
    const job = rollers(resources).find(({ name }) => name === 'elasticsearch-roll-out')
    const [container] = job?.inputs.spec.template.spec.containers ?? []
    const env = Object.fromEntries(
      container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
    )
    assert.deepEqual(env, {
      ELASTIC_HOST: 'https://elasticsearch.tracardi.svc.cluster.local:9200',
      ELASTIC_HTTP_AUTH_USERNAME: 'tracardi',
      ELASTIC_HTTP_AUTH_PASSWORD_FILE: '/secrets/elasticsearch/password',
      ELASTIC_CA_FILE: '/authority/ca.crt',
      ELASTIC_INDEX_REPLICAS: '2',
    })
    // 180 s to stop, 120 s for volumes and image, 1205 s to start, 10 s to be ready, 30 s as such, and an hour to recover.
    assert.deepEqual(argsOf(job).slice(-4), ['--wait-minutes', '86', '--reason-file', '/dev/termination-log'])
  })

  it('fail the Job immediately when a gate stopped, and count no pod that was killed or went with its machine', () => {
    for (const { inputs } of rollers(resources)) {
      assert.equal(inputs.spec.backoffLimit, 0)
      assert.equal(inputs.spec.template.spec.restartPolicy, 'Never')
      assert.deepEqual(inputs.spec.podFailurePolicy.rules, [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'Ignore', onExitCodes: { containerName: 'roll-out', operator: 'In', values: [137, 143] } },
      ])
    }
  })
})

describe('a rollout', () => {
  it('has no Job for servers that are not of the stack', async () => {
    const external = {
      pulsar: { serviceUrl: 'pulsar+ssl://p.example.com:6652', adminUrl: 'https://p.example.com:8443' },
      elasticsearch: { url: 'https://one.example.com:9243' },
      pulsarToken: 'token',
      elasticApiKey: 'key',
    }
    const resources = await registeredBy(changed('staging', external))
    assert.deepEqual(rollers(resources), [])
    assert.deepEqual(ofType(resources, 'Lease'), [])
  })

  it('is that of Kubernetes where a component has no image of the runtime', async () => {
    const resources = await registered(() => {
      new ZooKeeper('z', { namespace: 'ns', image: 'pulsar' })
      new BookKeeper('b', { namespace: 'ns', image: 'pulsar', zookeeper: 'z:2181' })
    })
    assert.deepEqual(rollers(resources), [])
    assert.deepEqual(strategies(resources), { z: ['RollingUpdate', undefined], b: ['RollingUpdate', undefined] })
  })
})
