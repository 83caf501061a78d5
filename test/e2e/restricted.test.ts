import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { v7 as uuidV7 } from 'uuid'
import { parse } from 'yaml'
import { DeployedStack } from '../support/deployed.ts'
import { callOf } from '../support/load.ts'
import { LITTLE_CPU, OnCluster } from '../support/on-cluster.ts'
import { readPage } from '../support/pages.ts'

/**
 * A stack in a namespace of somebody else, with the rights of `docs/deploy.md` and no others: the namespace, a user and these rights are
 * made here, by the administrator of the KUBECONFIG, and the engine has only the token of that user.
 */
const NAMESPACE = 'events'
const USER = 'event-pipeline'
const IMAGES = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as Record<string, string>
const RBAC = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`
const EVENTS = 20

describe('a stack with the rights of docs/deploy.md alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-restricted-'))
  const running = new OnCluster(NAMESPACE)
  const { cluster } = running
  let stack: DeployedStack

  before(async () => {
    const role = parse(/```yaml\n(apiVersion: rbac[^`]*)```/.exec(readPage('docs/deploy.md'))?.[1] ?? '')
    await cluster.create('/api/v1/namespaces', {
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })
    await cluster.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: USER } })
    await cluster.create(`${RBAC}/roles`, role)
    await cluster.create(`${RBAC}/rolebindings`, {
      metadata: { name: USER },
      subjects: [{ kind: 'ServiceAccount', name: USER, namespace: NAMESPACE }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role.metadata.name },
    })
    process.env['KUBECONFIG'] = await kubeconfigOfUser()
    mkdirSync(join(folder, 'state'))
    stack = await DeployedStack.create(`e2e-${randomUUID().slice(0, 8)}`, 'dev', join(folder, 'state'))
    stack.configure({
      ...LITTLE_CPU,
      platform: { ...LITTLE_CPU.platform, namespace: NAMESPACE, createNamespace: false },
      images: IMAGES,
      bookkeeper: { ...LITTLE_CPU.bookkeeper, replicas: 2 },
    })
  })
  after(async () => {
    await stack.remove({ force: true })
    await cluster.request('DELETE', `/api/v1/namespaces/${NAMESPACE}`)
    rmSync(folder, { recursive: true })
  })

  /** @returns the file of a KUBECONFIG for the same cluster, with the token of the user. */
  async function kubeconfigOfUser(): Promise<string> {
    const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${USER}/token`
    const { status } = await cluster.create(accounts, { spec: { expirationSeconds: 7200 } })
    const config = new KubeConfig()
    config.loadFromDefault()
    const { name = '' } = config.getCurrentCluster() ?? {}
    const file = join(folder, 'kubeconfig')
    const restricted = new KubeConfig()
    restricted.loadFromClusterAndUser(config.getCurrentCluster() ?? assert.fail(), { name: USER, token: status.token })
    restricted.addContext({ name: USER, cluster: name, user: USER, namespace: NAMESPACE })
    restricted.setCurrentContext(USER)
    writeFileSync(file, restricted.exportConfig())
    return file
  }

  it('comes up by one `up`, and is changed in nothing by another one', async () => {
    await stack.up()
    assert.deepEqual((await stack.up()).steps, [])
  })

  it('stores what it acknowledges', async () => {
    const ids = Array.from({ length: EVENTS }, () => uuidV7())
    const path = `/api/v1/namespaces/${NAMESPACE}/services/api:8585/proxy/track`
    assert.equal((await cluster.request('POST', path, callOf(ids))).status, 200)
    await running.until('each event is stored', async () => (await running.storedIds()).length >= EVENTS)
    assert.deepEqual([...(await running.storedIds())].sort(), [...ids].sort())
  })

  it('restarts bookies one by one, and drains one', async () => {
    const before = await running.pods('bookkeeper')
    stack.configure({ bookkeeper: { memoryMib: 1100 } })
    await stack.up()
    const restarted = await running.pods('bookkeeper')
    for (const [name, uid] of before) assert.notEqual(restarted.get(name), uid)
    stack.configure({ bookkeeper: { replicas: 1 } })
    await stack.up()
    await running.ready('statefulsets', 'bookkeeper', 1)
  })

  it('leaves the namespace when it is destroyed', async () => {
    await stack.destroy()
    const { status } = await cluster.get(`/api/v1/namespaces/${NAMESPACE}`)
    assert.equal(status.phase, 'Active')
    assert.deepEqual([...(await running.pods('api')).keys()], [])
  })
})
