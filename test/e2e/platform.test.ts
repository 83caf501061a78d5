import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { readLoadTest } from '../../runtime/load-test/record.ts'
import { Cluster } from '../support/cluster.ts'
import { DeployedStack } from '../support/deployed.ts'
import { LITTLE_CPU } from '../support/on-cluster.ts'
import { eventually } from '../support/until.ts'

/**
 * The `dev` stack on a real cluster, from nothing to nothing, with the real engine: any KUBECONFIG, `pulumi` on the PATH.
 * `E2E_IMAGES` is what the stack says of its images, as JSON: where a built one is pushed, or a prebuilt one.
 */
const NAMESPACE = 'tracardi-e2e'
const IMAGES = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as Record<string, string>

const run = promisify(execFile)

const GROUPS: Readonly<Record<string, string>> = {
  Service: 'api/v1',
  NetworkPolicy: 'apis/networking.k8s.io/v1',
  Job: 'apis/batch/v1',
}

/** Where objects of its kind are made in the namespace. */
function pathOf({ kind }: { readonly kind: string }): string {
  const plural = kind === 'NetworkPolicy' ? 'networkpolicies' : `${kind.toLowerCase()}s`
  return `/${GROUPS[kind]}/namespaces/${NAMESPACE}/${plural}`
}

describe('the dev stack on a cluster', () => {
  const cluster = new Cluster()
  let stack: DeployedStack

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tracardi-e2e-'))
    stack = await DeployedStack.create(`e2e-${randomUUID().slice(0, 8)}`, 'dev', folder)
    stack.configure({ ...LITTLE_CPU, platform: { ...LITTLE_CPU.platform, namespace: NAMESPACE }, images: IMAGES })
  })
  after(async () => {
    await stack.destroy()
    await stack.remove()
  })

  const search = async (path: string) =>
    JSON.parse(
      await cluster.exec(NAMESPACE, 'elasticsearch-master-0', 'elasticsearch', [
        'curl',
        '-s',
        `http://localhost:9200/${path}`,
      ]),
    )
  const stored = async (type: string): Promise<number> => {
    await search('tracardi-event-*/_refresh')
    return (await search(`tracardi-event-*/_count?q=type:${type}`)).count
  }
  /** Posts a payload as the page has it, with two events of a type, to the API's Service. */
  const post = (type: string) =>
    cluster.request('POST', `/api/v1/namespaces/${NAMESPACE}/services/api:8585/proxy/track`, {
      source: { id: 'my-source' },
      session: { id: 'session-1' },
      profile: { id: 'profile-1' },
      events: [
        { type, properties: { page: 1 }, options: {} },
        { type, properties: { page: 2 } },
      ],
    })
  const pods = async (): Promise<ReadonlyMap<string, string>> => {
    const { items } = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/pods`)
    return new Map(
      items.map(({ metadata }: { metadata: Record<string, string> }) => [metadata['name'], metadata['uid']]),
    )
  }
  /** The provider may say that a Deployment is updated while its last pods are still being replaced. */
  const rolledOut = (name: string) =>
    eventually(async () => {
      const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`
      const { metadata, spec, status } = await cluster.get(path)
      const counts = [status.updatedReplicas, status.availableReplicas, status.replicas]
      return status.observedGeneration === metadata.generation && counts.every((count) => count === spec.replicas)
    })

  it('comes up by one `up`, and says where events are posted', async () => {
    const { steps, outputs } = await stack.up()
    assert.ok(steps.length > 60 && steps.every((step) => step.startsWith('create ')))
    assert.equal(outputs['trackUrl']?.value, `http://api.${NAMESPACE}.svc.cluster.local:8585/track`)
  })

  it('stores what is posted to the Service of the API', async () => {
    assert.equal((await post('first')).status, 200)
    await eventually(async () => (await stored('first')) === 2)
  })

  it('is changed in nothing by a second `up`, nor would be by a third', async () => {
    assert.deepEqual((await stack.up()).steps, [])
    assert.deepEqual((await stack.preview()).steps, [])
  })

  it('gets more workers by one `up` that touches nothing else', async () => {
    const before = await pods()
    stack.configure({ workers: { replicas: 2 } })
    assert.deepEqual((await stack.up()).steps, ['update Deployment worker'])
    const { status } = await cluster.get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/worker`)
    assert.equal(status.readyReplicas, 2)
    const after = await pods()
    for (const [name, uid] of before) assert.equal(after.get(name), uid, name)
  })

  it('shows each instance, Pulsar and Elasticsearch in the console of any API', async () => {
    const api = [...(await pods()).keys()].find((name) => name.startsWith('api-'))
    const ask = `fetch('http://127.0.0.1:8686/console/state', { headers: {
      authorization: 'Bearer ' + require('node:fs').readFileSync(process.env.PRIVATE_TOKEN_FILE, 'utf8'),
    } }).then((answer) => answer.text()).then(console.log)`
    await eventually(async () => {
      const state = await cluster.exec(NAMESPACE, `${api}`, 'api', ['node', '-e', ask])
      const { instances, queue, search: servers } = JSON.parse(state)
      const programs = instances.map(({ program, reason }: Record<string, unknown>) => reason ?? program).sort()
      return [programs.join(), queue.reason, servers.reason].join(' ') === 'api,worker,worker  '
    })
  })

  it('takes a load test by a Job, which reads each instance and finds every event stored once', async () => {
    const { spec } = await cluster.get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/api`)
    const { image } = spec.template.spec.containers[0]
    const flags = ['--stack', stack.name, '--image', image, '--events-per-second', '50', '--duration', '30s', '--job']
    const { stdout } = await run(process.execPath, ['infra/commands/load-test.ts', ...flags])
    const objects = parseAllDocuments(stdout).map((document) => document.toJS())
    for (const object of objects) await cluster.create(pathOf(object), object)
    const job = objects.find(({ kind }) => kind === 'Job')
    await eventually(async () => (await cluster.get(`${pathOf(job)}/${job.metadata.name}`)).status.succeeded === 1)
    const { items } = await cluster.get(
      `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=batch.kubernetes.io/job-name=${job.metadata.name}`,
    )
    const log = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/pods/${items[0].metadata.name}/log`)
    const { comparison, intervals, notes, total } = readLoadTest(log)
    assert.ok(total.events > 1000)
    assert.deepEqual([comparison.accepted, comparison.lost, comparison.twice], [total.events, 0, 0])
    assert.deepEqual(notes, [])
    assert.equal(intervals.at(-1)?.worker?.cores.length, 2)
    for (const object of objects) await cluster.request('DELETE', `${pathOf(object)}/${object.metadata.name}`)
  })

  it('gets more shards in its templates by one `up`, and loses nothing', async () => {
    stack.configure({ runtime: { ELASTIC_INDEX_SHARDS: 2 } })
    await stack.up()
    const { index_templates: templates } = await search('_index_template/tracardi-event')
    assert.equal(templates[0].index_template.template.settings.index.number_of_shards, '2')
    assert.equal((await post('second')).status, 200)
    await eventually(async () => (await stored('second')) === 2)
    assert.equal(await stored('first'), 2)
  })

  it('makes a deleted Job again by `up --refresh`, which initialises nothing twice', async () => {
    const jobs = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`
    const { items } = await cluster.get(jobs)
    for (const { metadata } of items) {
      await cluster.request('DELETE', `${jobs}/${metadata.name}?propagationPolicy=Foreground`)
      await eventually(async () => (await cluster.request('GET', `${jobs}/${metadata.name}`)).status === 404)
    }
    for (const name of ['api', 'worker']) await rolledOut(name)
    assert.deepEqual((await stack.up({ refresh: true })).steps, [
      'create Job bookkeeper-drain-after',
      'create Job bookkeeper-drain-before',
      'create Job bookkeeper-roll-out',
      'create Job elasticsearch-drain-after',
      'create Job elasticsearch-drain-before',
      'create Job elasticsearch-roll-out',
      'create Job elasticsearch-upgrade',
      'create Job pulsar-metadata',
      'create Job pulsar-upgrade',
      'create Job set-up',
      'create Job zookeeper-drain-after',
      'create Job zookeeper-drain-before',
      'create Job zookeeper-roll-out',
    ])
    assert.equal(await stored('first'), 2)
    assert.equal(await stored('second'), 2)
    assert.equal((await post('third')).status, 200)
    await eventually(async () => (await stored('third')) === 2)
  })

  it('grows a disk without touching a pod, where the StorageClass allows it', async function () {
    const claim = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/ledgers-bookkeeper-0`)
    const storage = await cluster.get(`/apis/storage.k8s.io/v1/storageclasses/${claim.spec.storageClassName}`)
    if (storage.allowVolumeExpansion !== true) this.skip()
    const before = await pods()
    stack.configure({ bookkeeper: { ledgersGib: 6 } })
    assert.deepEqual((await stack.up()).steps, [
      'update ConfigMap facts',
      'update PersistentVolumeClaim ledgers-bookkeeper-0',
    ])
    const grown = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/ledgers-bookkeeper-0`)
    assert.equal(grown.spec.resources.requests.storage, '6Gi')
    assert.deepEqual(await pods(), before)
  })

  it('leaves the replicas alone that a scaler has chosen', async () => {
    stack.configure({ api: { autoscaling: 'cpu', maxReplicas: 3 } })
    await stack.up()
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/api`
    await cluster.request('PATCH', `${path}/scale`, { spec: { replicas: 2 } }, 'application/merge-patch+json')
    stack.configure({ runtime: { BULK_TIMEOUT_SECONDS: 4 } })
    await stack.up()
    assert.equal((await cluster.get(path)).spec.replicas, 2)
  })

  it('grows the ensemble of ZooKeeper, which initialises nothing twice', async () => {
    stack.configure({ zookeeper: { replicas: 3 } })
    await stack.up()
    const ensemble = await cluster.zookeeper(NAMESPACE, 'config')
    for (const id of [1, 2, 3]) assert.match(ensemble, new RegExp(`server\\.${id}=.*:participant`))
    assert.equal(await stored('first'), 2)
    assert.equal((await post('fourth')).status, 200)
    await eventually(async () => (await stored('fourth')) === 2)
  })

  describe('refuses in the preview', () => {
    const cases: readonly [string, Record<string, Record<string, unknown>>, RegExp][] = [
      [
        'a smaller disk',
        { bookkeeper: { ledgersGib: 4 } },
        /bookkeeper\.ledgersGib would go from [56] to 4: a volume cannot shrink/,
      ],
      [
        'fewer partitions',
        { runtime: { PULSAR_PARTITIONS: 4 } },
        /runtime\.PULSAR_PARTITIONS would go from 10 to 4: Pulsar cannot remove partitions/,
      ],
      [
        'another name of the cluster',
        { pulsar: { clusterName: 'other' } },
        /pulsar\.clusterName would go from tracardi to other: /,
      ],
      [
        'another namespace',
        { platform: { namespace: 'other' } },
        /platform\.namespace would go from tracardi-e2e to other: /,
      ],
      [
        'another StorageClass',
        { platform: { storageClass: 'other' } },
        /storageClass would go from .* to other: a volume keeps its StorageClass/i,
      ],
    ]
    for (const [what, change, message] of cases) {
      it(what, async () => {
        await assert.rejects(stack.preview(change), message)
      })
    }

    it('a cluster that cannot be reached', async () => {
      await assert.rejects(stack.preview({ platform: { context: 'nowhere' } }), /context "nowhere" does not exist/)
    })
  })

  // mocha runs the tests of a group before the groups in it: this comes last.
  describe('in the end', () => {
    it('leaves nothing when it is destroyed', async () => {
      await stack.destroy()
      const { resources } = (await stack.exportState()).deployment
      assert.equal((resources ?? []).filter(({ custom }: { custom: boolean }) => custom).length, 0)
      await eventually(async () => (await cluster.request('GET', `/api/v1/namespaces/${NAMESPACE}`)).status === 404)
    })
  })
})
