import assert from 'node:assert/strict'
import type { ResourceHook } from '@pulumi/pulumi'
import { Platform, Pulsar } from '../../infra/index.ts'
import { clashes } from '../support/clashes.ts'
import { type Registered, registered } from '../support/registered.ts'
import { ofType } from '../support/workloads.ts'

const runtimeImage = 'example.com/runtime:1'

const objectsOf = (resources: readonly Registered[], kind: string, namespace: string) =>
  ofType(resources, kind)
    .filter(({ inputs }) => inputs.metadata.namespace === namespace)
    .map(({ inputs }) => inputs.metadata.name)
    .sort()

describe('one program', () => {
  let resources: readonly Registered[]
  before(async () => {
    resources = await registered((opts) => {
      new Platform('platform', { namespace: 'tracardi', runtimeImage, prefix: '' }, opts)
      const observability = { rules: true, dashboards: true }
      const watched = { observability, monitoringNamespaces: ['monitoring'] }
      new Platform('eu', { namespace: 'tracardi-eu', runtimeImage, ...watched }, opts)
      const orders = new Pulsar('orders', { namespace: 'queues', zones: ['a', 'b', 'c'] }, opts)
      new Pulsar('billing', { namespace: 'queues' }, opts)
      const { serviceUrl, adminUrl } = orders.endpoint
      new Platform('shop', { namespace: 'shop', runtimeImage, pulsar: { serviceUrl, adminUrl } }, opts)
    })
  })

  it('may have two Pulsars in one namespace and three platforms, with nothing in the way of another', () => {
    assert.deepEqual(clashes(resources), [])
    assert.deepEqual(objectsOf(resources, 'StatefulSet', 'queues'), [
      'billing-bookkeeper',
      'billing-broker',
      'billing-zookeeper',
      'orders-bookkeeper-a',
      'orders-bookkeeper-b',
      'orders-bookkeeper-c',
      'orders-broker',
      'orders-zookeeper',
    ])
    assert.deepEqual(objectsOf(resources, 'Deployment', 'tracardi'), ['api', 'autorecovery', 'budget-keeper', 'worker'])
    assert.deepEqual(objectsOf(resources, 'Deployment', 'tracardi-eu'), [
      'eu-api',
      'eu-autorecovery',
      'eu-budget-keeper',
      'eu-elasticsearch-exporter',
      'eu-worker',
    ])
    assert.deepEqual(objectsOf(resources, 'Deployment', 'shop'), ['shop-api', 'shop-budget-keeper', 'shop-worker'])
  })

  it('speaks within each of them to its own servers', () => {
    const settings = (namespace: string, name: string) =>
      ofType(resources, 'ConfigMap').find(
        ({ inputs: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
      )?.inputs.data
    assert.equal(settings('tracardi', 'api-settings')['PULSAR_HOST'], 'pulsar://broker.tracardi.svc.cluster.local:6650')
    assert.equal(
      settings('tracardi-eu', 'eu-worker-settings')['PULSAR_HOST'],
      'pulsar://eu-broker.tracardi-eu.svc.cluster.local:6650',
    )
    assert.equal(
      settings('tracardi-eu', 'eu-worker-settings')['ELASTIC_HOST'],
      'https://eu-elasticsearch.tracardi-eu.svc.cluster.local:9200',
    )
    assert.equal(
      settings('shop', 'shop-api-settings')['PULSAR_HOST'],
      'pulsar://orders-broker.queues.svc.cluster.local:6650',
    )
    for (const name of ['orders', 'billing'])
      assert.match(
        settings('queues', `${name}-broker`)['broker.conf'],
        new RegExp(`^metadataStoreUrl=zk:${name}-zookeeper\\.queues\\.svc\\.cluster\\.local:2181$`, 'm'),
      )
  })

  it('names every object that a pod mounts or a workload scales by a name that exists', () => {
    const existing = new Set(
      resources.map(
        ({ type, inputs }) => `${type.split(':').at(-1)} ${inputs?.metadata?.namespace}/${inputs?.metadata?.name}`,
      ),
    )
    const asked = resources.flatMap(({ inputs }) => {
      const namespace = inputs?.metadata?.namespace
      const spec = inputs?.spec?.template?.spec ?? inputs?.spec?.jobTemplate?.spec?.template?.spec
      if (spec === undefined) return []
      // biome-ignore lint/suspicious/noExplicitAny: the volumes of any pod
      const volumes = (spec.volumes ?? []).flatMap(({ configMap, secret, projected }: any) => [
        // One that need not exist is made by a Job.
        ...(configMap && !configMap.optional ? [`ConfigMap ${namespace}/${configMap.name}`] : []),
        ...(secret ? [`Secret ${namespace}/${secret.secretName}`] : []),
        ...(projected?.sources ?? []).map(
          (one: { secret: { name: string } }) => `Secret ${namespace}/${one.secret.name}`,
        ),
      ])
      // biome-ignore lint/suspicious/noExplicitAny: the containers of any pod
      const settings = spec.containers.flatMap(({ envFrom = [] }: any) =>
        envFrom.map((one: { configMapRef: { name: string } }) => `ConfigMap ${namespace}/${one.configMapRef.name}`),
      )
      return [...volumes, ...settings]
    })
    assert.ok(asked.length > 50)
    assert.deepEqual(
      asked.filter((one) => !existing.has(one)),
      [],
    )
  })

  it('cannot make two things of one name', async () => {
    const twice = registered((opts) => {
      new Platform('one', { namespace: 'one', runtimeImage, prefix: '' }, opts)
      new Platform('two', { namespace: 'two', runtimeImage, prefix: '' }, opts)
    })
    await assert.rejects(twice, /two resources have the URN/)
  })
})

describe('a Pulsar alone', () => {
  const optionsOf = async (environment: 'dev' | 'staging' | 'production', kind: string) => {
    const resources = await registered((opts) => {
      new Pulsar('orders', { namespace: 'queues', environment }, opts)
    })
    return ofType(resources, kind).map(({ options: { protect, retainOnDelete } }) => ({ protect, retainOnDelete }))
  }
  const every = (found: readonly object[], expected: object) => {
    assert.ok(found.length > 0)
    for (const one of found) assert.deepEqual(one, expected)
  }

  it('keeps its data as one of a platform does', async () => {
    every(await optionsOf('production', 'PersistentVolumeClaim'), { protect: undefined, retainOnDelete: true })
    every(await optionsOf('production', 'StatefulSet'), { protect: true, retainOnDelete: undefined })
    every(await optionsOf('staging', 'PersistentVolumeClaim'), { protect: undefined, retainOnDelete: true })
    every(await optionsOf('dev', 'PersistentVolumeClaim'), { protect: undefined, retainOnDelete: undefined })
  })

  it('refuses a change that could destroy its data, unless it is acknowledged', async () => {
    const change = async (bookies: number, acknowledge: readonly string[]) => {
      const resources = await registered((opts) => {
        new Pulsar('orders', { namespace: 'queues', bookkeeper: { replicas: bookies }, acknowledge }, opts)
      })
      const facts = resources.find(({ name }) => name === 'orders-guard-facts')
      const [hook] = (facts?.options.hooks?.beforeUpdate ?? []) as readonly ResourceHook[]
      return { facts: facts?.inputs, hook }
    }
    const before = (await change(5, [])).facts
    const update = async (bookies: number, acknowledge: readonly string[] = []) => {
      const { facts: newInputs, hook } = await change(bookies, acknowledge)
      const args = { urn: 'urn', id: 'id', name: 'facts', type: 'kubernetes:core/v1:ConfigMap' }
      return hook?.callback({ ...args, oldInputs: before, newInputs })
    }
    await assert.rejects(async () => update(4), /bookkeeper\.replicas would go from 5 to 4/)
    await update(4, ['bookkeeper.replicas=4'])
    await update(6)
  })
})
