import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidV7 } from 'uuid'
import { DeployedStack } from '../support/deployed.ts'
import { callOf } from '../support/load.ts'
import { LITTLE_CPU, OnCluster } from '../support/on-cluster.ts'

/**
 * `docs/disasters.md` on a real cluster, with the commands of the page: what is lost is what surrounds the volumes. It needs volumes with
 * `reclaimPolicy: Retain`. It prints how long each took.
 */
const NAMESPACE = 'tracardi-disasters'
const IMAGES = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as Record<string, string>
const WITH_TOKENS = {
  ...LITTLE_CPU,
  platform: { ...LITTLE_CPU.platform, namespace: NAMESPACE },
  images: IMAGES,
  // A broker that authorises refuses its own WebSocket API, and the native client is not in every image.
  pulsar: { authentication: true, authorization: false },
}

interface Volume {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly claimRef?: { readonly namespace: string } }
  readonly status: { readonly phase: string }
}

describe('a stack in a disaster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-disasters-'))
  const name = `e2e-${randomUUID().slice(0, 8)}`

  const running = new OnCluster(NAMESPACE)
  const { cluster } = running
  const sent: string[] = []
  let stack: DeployedStack

  const folderOf = (kind: string) => {
    mkdirSync(join(folder, kind), { recursive: true })
    return join(folder, kind)
  }

  before(async () => {
    stack = await DeployedStack.create(name, 'dev', folderOf('state'))
    stack.configure(WITH_TOKENS)
    await stack.up()
  })
  after(async () => {
    await stack.destroy()
    await stack.remove()
    rmSync(folder, { recursive: true })
  })

  /** Sends events until each has its 200. */
  async function send(): Promise<void> {
    const ids = Array.from({ length: 20 }, () => uuidV7())
    await running.until('the API takes events', async () => {
      const path = `/api/v1/namespaces/${NAMESPACE}/services/api:8585/proxy/track`
      return (await cluster.request('POST', path, callOf(ids))).status === 200
    })
    sent.push(...ids)
  }

  /** Each event with a 200 is stored, once. */
  async function allStored(): Promise<void> {
    await running.until('each event is stored', async () => (await running.storedIds()).length >= sent.length)
    assert.deepEqual([...(await running.storedIds())].sort(), [...sent].sort())
  }

  async function measured(what: string, run: () => Promise<void>): Promise<void> {
    const fromMs = performance.now()
    await run()
    process.stdout.write(`      ${what}: ${((performance.now() - fromMs) / 1000).toFixed(1)} s\n`)
  }

  async function deleteNamespace(): Promise<void> {
    const path = `/api/v1/namespaces/${NAMESPACE}`
    await cluster.request('DELETE', path)
    await running.until('the namespace is gone', async () => (await cluster.request('GET', path)).status === 404)
  }

  /** Frees the volumes of their old claims, as the page says. */
  async function freeVolumes(): Promise<void> {
    const { items } = (await cluster.get('/api/v1/persistentvolumes')) as { readonly items: readonly Volume[] }
    const released = items.filter(
      ({ spec, status }) => spec.claimRef?.namespace === NAMESPACE && status.phase === 'Released',
    )
    assert.ok(released.length > 3)
    const patch = ['uid', 'resourceVersion'].map((field) => ({ op: 'remove', path: `/spec/claimRef/${field}` }))
    for (const { metadata } of released) {
      const path = `/api/v1/persistentvolumes/${metadata.name}`
      const { status } = await cluster.request('PATCH', path, patch, 'application/json-patch+json')
      assert.equal(status, 200)
    }
  }

  it('stores what is sent', async () => {
    await send()
    await allStored()
  })

  it('continues from a copy of its state, when the state is lost', async () => {
    const copy = await stack.exportState()
    await stack.remove({ force: true })
    await measured('state imported, and compared by a preview', async () => {
      stack = await DeployedStack.create(name, 'dev', folderOf('imported'))
      stack.configure(WITH_TOKENS)
      await stack.importState(copy)
      assert.deepEqual((await stack.preview()).steps, [])
    })
  })

  it('has all events again, when its namespace was deleted and the volumes were kept', async () => {
    await deleteNamespace()
    await measured('namespace deleted', async () => {
      await freeVolumes()
      await stack.up({ refresh: true })
      await allStored()
      await send()
      await allStored()
    })
  })

  it('has all events again in a new stack, when state and passphrase are lost', async () => {
    await stack.remove({ force: true })
    await deleteNamespace()
    await measured('state and passphrase lost', async () => {
      stack = await DeployedStack.create(`${name}-2`, 'dev', folderOf('new'), 'another passphrase')
      stack.configure(WITH_TOKENS)
      await freeVolumes()
      await stack.up()
      await allStored()
      await send()
      await allStored()
    })
  })
})
