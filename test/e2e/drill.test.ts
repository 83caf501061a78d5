import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeployedStack } from '../support/deployed.ts'
import { LITTLE_CPU, OnCluster } from '../support/on-cluster.ts'

/**
 * The drill of `docs/backup.md` on a cluster, with its own script: snapshots are in a claim, because every build of Elasticsearch has
 * that kind of repository. `E2E_SHARED_CLASS` names a StorageClass with volumes that many pods can mount.
 */
const NAMESPACE = 'tracardi-drill'
const { E2E_IMAGES = '{}', E2E_SHARED_CLASS: SHARED = '' } = process.env
const IMAGES = JSON.parse(E2E_IMAGES) as Record<string, string>
const CLAIM = 'snapshots'

describe('the drill', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-drill-'))
  const { cluster } = new OnCluster(NAMESPACE)
  let stack: DeployedStack

  before(async () => {
    assert.notEqual(SHARED, '', 'E2E_SHARED_CLASS has to name a StorageClass')
    await cluster.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } })
    await cluster.create(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`, {
      metadata: { name: CLAIM },
      spec: { accessModes: ['ReadWriteMany'], storageClassName: SHARED, resources: { requests: { storage: '1Gi' } } },
    })
    mkdirSync(join(folder, 'state'))
    stack = await DeployedStack.create(`e2e-${randomUUID().slice(0, 8)}`, 'dev', join(folder, 'state'))
    stack.configure({
      ...LITTLE_CPU,
      platform: { ...LITTLE_CPU.platform, namespace: NAMESPACE, createNamespace: false },
      images: IMAGES,
      backup: { type: 'fs', location: CLAIM },
    })
    await stack.up()
  })
  after(async () => {
    await stack.destroy()
    await stack.remove()
    await cluster.request('DELETE', `/api/v1/namespaces/${NAMESPACE}`)
    rmSync(folder, { recursive: true })
  })

  it('deletes and restores all indices of a stack, and finds each event once', async () => {
    const drill = spawn('npm', ['run', '--silent', 'drill', '--', NAMESPACE, 'my-source'], { stdio: 'inherit' })
    assert.deepEqual(await once(drill, 'exit'), [0, null])
  })
})
