import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DRAINED, type Kubernetes, kubernetes } from '../../../runtime/drain/kubernetes.ts'
import { KubernetesApi } from '../../../runtime/kubernetes-api.ts'
import { type Answer, ScriptedServer } from '../../support/scripted-server.ts'

describe('what a drain asks of the API server', () => {
  const server = new ScriptedServer()
  const folder = mkdtempSync(join(tmpdir(), 'drain-'))
  let api: KubernetesApi
  let cluster: Kubernetes

  before(async () => {
    await server.start()
    writeFileSync(join(folder, 'token'), 'first\n')
    writeFileSync(join(folder, 'ca.crt'), '')
    api = new KubernetesApi({ url: server.url, namespace: 'events', folder })
    cluster = kubernetes(api, 'events')
  })
  after(async () => {
    await api.close()
    await server.stop()
  })
  const answers = (answer: Answer) => {
    server.calls.length = 0
    server.answer = () => answer
  }

  it('is how many pods a set has or keeps up, with a token that may change', async () => {
    answers({ body: { spec: { replicas: 2 }, status: { replicas: 3 } } })
    assert.equal(await cluster.present('bookkeeper'), 3)
    writeFileSync(join(folder, 'token'), 'second')
    answers({ body: { spec: {} } })
    assert.equal(await cluster.present('bookkeeper'), 1)
    assert.equal(server.calls[0]?.path, '/apis/apps/v1/namespaces/events/statefulsets/bookkeeper')
    assert.equal(server.calls[0]?.headers.authorization, 'Bearer second')
  })

  it('is nothing of a set that does not exist', async () => {
    answers({ status: 404 })
    assert.equal(await cluster.present('bookkeeper'), undefined)
    assert.deepEqual(await cluster.claims(), [])
  })

  it('is which sets of some labels have pods, or keep some up', async () => {
    const one = (name: string, replicas: number, running = 0) => ({
      metadata: { name },
      spec: { replicas },
      status: { replicas: running },
    })
    answers({ body: { items: [one('a', 1), one('b', 0), one('c', 0, 1)] } })
    assert.deepEqual(await cluster.setsWithPods('app in (x,y)'), ['a', 'c'])
    const [call] = server.calls
    assert.deepEqual(
      [call?.path, call?.query.get('labelSelector')],
      ['/apis/apps/v1/namespaces/events/statefulsets', 'app in (x,y)'],
    )
  })

  it('is which volumes there are, and which are marked', async () => {
    const marked = { metadata: { name: 'two', annotations: { [DRAINED]: 'once' } } }
    answers({ body: { items: [{ metadata: { name: 'one' } }, marked] } })
    assert.deepEqual(await cluster.claims(), [
      { name: 'one', isDrained: false },
      { name: 'two', isDrained: true },
    ])
  })

  it('is to mark a volume, or to delete it', async () => {
    answers({ body: {} })
    await cluster.markDrained('one', '2026-11-29T00:00:00.000Z')
    await cluster.deleteClaim('one')
    const path = '/api/v1/namespaces/events/persistentvolumeclaims/one'
    const annotations = { [DRAINED]: '2026-11-29T00:00:00.000Z' }
    assert.deepEqual(
      server.calls.map(({ method, path: at, text }) => [method, at, text]),
      [
        ['PATCH', path, JSON.stringify({ metadata: { annotations } })],
        ['DELETE', path, ''],
      ],
    )
    assert.equal(server.calls[0]?.headers['content-type'], 'application/merge-patch+json')
  })

  it('is to mark the cluster of a set as founded, as long as the set exists, and once', async () => {
    for (const status of [201, 409]) {
      server.calls.length = 0
      server.answer = ({ method }) =>
        method === 'GET' ? { body: { metadata: { uid: 'u1' }, spec: {} } } : { status, body: {} }
      await cluster.markFounded('masters', 'abc')
      const [, made] = server.calls
      assert.equal(made?.path, '/api/v1/namespaces/events/configmaps')
      assert.deepEqual(JSON.parse(made?.text ?? ''), {
        metadata: {
          name: 'masters-founded',
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'masters', uid: 'u1' }],
        },
        data: { cluster: 'abc' },
      })
    }
  })

  it('fails where it refuses, and where it does not answer', async () => {
    answers({ status: 403 })
    await assert.rejects(cluster.claims(), { code: 'cluster_unreachable', context: { status: 403, answer: '{}' } })
    answers({ cut: true })
    await assert.rejects(cluster.claims(), { code: 'cluster_unreachable' })
  })
})
