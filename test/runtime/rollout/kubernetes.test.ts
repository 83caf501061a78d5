import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accessOfPod, KubernetesApi } from '../../../runtime/kubernetes-api.ts'
import { type Kubernetes, kubernetes } from '../../../runtime/rollout/kubernetes.ts'
import { type Answer, ScriptedServer } from '../../support/scripted-server.ts'

const SET = {
  metadata: { generation: 3 },
  spec: { replicas: 2, selector: { matchLabels: { part: 'tracardi', name: 'data' } } },
  status: { observedGeneration: 3, updateRevision: 'data-new' },
}

function pod(name: string, change: object = {}, status: object = {}) {
  const ownerReferences = [{ kind: 'StatefulSet', name: 'data' }]
  return { metadata: { name, uid: `uid of ${name}`, ownerReferences, ...change }, status }
}

describe('the API server, as a rollout asks it', () => {
  const server = new ScriptedServer()
  const folder = mkdtempSync(join(tmpdir(), 'account-'))
  let connection: KubernetesApi
  let api: Kubernetes
  let answers: Record<string, Answer>

  before(async () => {
    for (const [file, text] of Object.entries({ token: 'a token\n', 'ca.crt': '', namespace: 'ns\n' }))
      writeFileSync(join(folder, file), text)
    await server.start()
    server.answer = ({ method, path }) => answers[`${method} ${path}`] ?? { status: 404 }
    connection = new KubernetesApi({ url: server.url, namespace: 'ns', folder })
    api = kubernetes(connection, 'ns')
  })
  after(async () => {
    await connection.close()
    await server.stop()
    rmSync(folder, { recursive: true })
  })

  it('is found from within a pod, by its name or by an address of IPv6', () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }
    assert.deepEqual(accessOfPod(env, 'a rollout', folder), { url: 'https://10.0.0.1:443', namespace: 'ns', folder })
    assert.equal(
      accessOfPod({ ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' }, 'a rollout', folder).url,
      'https://[fd00::1]:443',
    )
    assert.throws(() => accessOfPod({}, 'a rollout', folder), { code: 'command_invalid' })
  })

  it('says which pods of a set are up to date and ready, and why others are not', async () => {
    const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
    const waiting = (reason: string, message?: string) => ({
      conditions: [{ type: 'Ready', status: 'False' }],
      initContainerStatuses: [{ name: 'configure', state: {} }],
      containerStatuses: [{ name: 'elasticsearch', state: { waiting: { reason, message } } }],
    })
    const items = [
      pod('data-0', { labels: { 'controller-revision-hash': 'data-new' } }, ready),
      pod('data-1', { deletionTimestamp: 'now' }, waiting('ErrImagePull', 'no such image')),
      pod('data-2', {}, waiting('ContainerCreating')),
      pod('data-3', {}, { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no node fits' }] }),
      { metadata: { name: 'data-4', uid: '', ownerReferences: [{ kind: 'StatefulSet', name: 'other' }] } },
      { metadata: { name: 'data-5', uid: '' } },
      { ...pod('data-6'), status: undefined },
    ]
    answers = {
      'GET /apis/apps/v1/namespaces/ns/statefulsets/data': { body: SET },
      'GET /api/v1/namespaces/ns/pods': { body: { items } },
    }
    const { sets, pods } = await api.state(['data'])
    assert.deepEqual(sets, [{ name: 'data', replicas: 2, isObserved: true, revision: 'data-new' }])
    const [first, ...others] = pods
    assert.deepEqual(first, {
      name: 'data-0',
      set: 'data',
      ordinal: 0,
      uid: 'uid of data-0',
      revision: 'data-new',
      isReady: true,
      isGoing: false,
    })
    assert.deepEqual(
      others.map(({ name, isReady, isGoing, problem, revision }) => [name, isReady, isGoing, problem, revision]),
      [
        ['data-1', false, true, 'ErrImagePull, no such image', ''],
        ['data-2', false, false, undefined, ''],
        ['data-3', false, false, 'no node fits', ''],
        ['data-6', false, false, undefined, ''],
      ],
    )
    const [, list] = server.calls.slice(-2)
    assert.equal(list?.query.get('labelSelector'), 'part=tracardi,name=data')
    assert.equal(list?.headers.authorization, 'Bearer a token')
  })

  it('knows that a controller has not seen a set', async () => {
    answers['GET /apis/apps/v1/namespaces/ns/statefulsets/data'] = {
      body: { metadata: { generation: 4 }, spec: { selector: { matchLabels: {} } } },
    }
    assert.deepEqual((await api.state(['data'])).sets, [{ name: 'data', replicas: 1, isObserved: false, revision: '' }])
    answers['GET /apis/apps/v1/namespaces/ns/statefulsets/data'] = {
      body: { metadata: {}, spec: { selector: { matchLabels: {} } } },
    }
    assert.equal((await api.state(['data'])).sets[0]?.isObserved, true)
  })

  it('evicts the very pod that it names, unless a budget forbids it', async () => {
    const path = 'POST /api/v1/namespaces/ns/pods/data-0/eviction'
    const evict = (status: number) => {
      answers = { [path]: { status } }
      return api.evict({ name: 'data-0', uid: 'one' })
    }
    assert.deepEqual(
      [await evict(201), await evict(429), await evict(404), await evict(409)],
      [true, false, true, true],
    )
    assert.deepEqual(JSON.parse(server.calls.at(-1)?.text ?? ''), {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'data-0', namespace: 'ns' },
      deleteOptions: { preconditions: { uid: 'one' } },
    })
    await assert.rejects(evict(403), { code: 'cluster_unreachable', message: /answered 403 to POST/ })
  })

  it('keeps a lease by its version', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/ns/leases/lock'
    answers = { [`GET ${path}`]: { body: { metadata: { name: 'lock', resourceVersion: '5' } } }, [`PUT ${path}`]: {} }
    assert.deepEqual(await api.lease('lock'), { holder: '', renewed: '', version: '5' })
    assert.equal(await api.writeLease('lock', { holder: 'me', renewed: 'now', version: '5' }, 30), true)
    assert.deepEqual(JSON.parse(server.calls.at(-1)?.text ?? ''), {
      metadata: { name: 'lock', resourceVersion: '5' },
      spec: { holderIdentity: 'me', leaseDurationSeconds: 30, renewTime: 'now' },
    })
    answers[`PUT ${path}`] = { status: 409 }
    assert.equal(await api.writeLease('lock', { holder: 'me', renewed: 'now', version: '4' }, 30), false)
    answers[`GET ${path}`] = {
      body: { metadata: { resourceVersion: '6' }, spec: { holderIdentity: 'other', renewTime: 'then' } },
    }
    assert.deepEqual(await api.lease('lock'), { holder: 'other', renewed: 'then', version: '6' })
  })

  it('says when it does not answer', async () => {
    answers = { 'GET /apis/apps/v1/namespaces/ns/statefulsets/data': { cut: true } }
    await assert.rejects(api.state(['data']), { code: 'cluster_unreachable', message: /does not answer at/ })
  })
})
