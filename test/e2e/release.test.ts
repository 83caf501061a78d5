import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubectlProxy } from '../support/kubectl-proxy.ts'
import { Load } from '../support/load.ts'
import { LocalPipeline } from '../support/local-pipeline.ts'
import { LITTLE_CPU } from '../support/on-cluster.ts'
import { Operated } from './operated.ts'

/**
 * A stack that an older release has made, with its code and its image, is upgraded by a merge of the last commit, under load.
 * `E2E_RELEASE` names the commit or tag, `E2E_RELEASE_IMAGE` its image by digest, and `E2E_IMAGES` the image of now.
 */
const NAMESPACE = 'tracardi-release'
const { E2E_RELEASE: RELEASE = '', E2E_RELEASE_IMAGE: OLD_IMAGE = '', E2E_IMAGES = '{}' } = process.env
const { runtime: IMAGE = '' } = JSON.parse(E2E_IMAGES) as { readonly runtime?: string }
const LOAD = { eventsPerSecond: 4, eventsPerCall: 2 }
const TIERS = ['zookeeper', 'bookkeeper', 'elasticsearch-master'] as const

describe('a stack of an older release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-release-'))
  let pipeline: LocalPipeline
  let stack: Operated
  let proxy: KubectlProxy
  let load: Load

  before(async () => {
    assert.notEqual(RELEASE, '', 'E2E_RELEASE has to name a commit or a tag')
    for (const image of [OLD_IMAGE, IMAGE]) assert.match(image, /@sha256:/, 'images have to be named by digest')
    const name = `release-${randomUUID().slice(0, 8)}`
    pipeline = await LocalPipeline.create({ stack: name, from: 'dev', folder, release: RELEASE })
    stack = new Operated(pipeline, NAMESPACE, OLD_IMAGE)
    await stack.change('A stack of the older release', {
      ...LITTLE_CPU,
      platform: { ...LITTLE_CPU.platform, namespace: NAMESPACE },
    })
    proxy = await KubectlProxy.start()
    load = new Load(proxy.urlOf(NAMESPACE, 'api', 8585), LOAD)
    await stack.until('events are taken', async () => load.accepted.size > 0)
  })
  after(async () => {
    await load?.stop()
    proxy?.stop()
    await pipeline?.remove()
    rmSync(folder, { recursive: true })
  })

  it('is upgraded by one commit, which replaces nothing that holds data', async () => {
    const claims = await claimsOf()
    await stack.upgrade(IMAGE)
    assert.deepEqual(stack.removed, [])
    assert.deepEqual(await claimsOf(), claims)
    for (const name of TIERS) await stack.ready('statefulsets', name, 1)
  })

  it('has nothing left to change afterwards', async () => {
    const preview = await stack.preview()
    assert.match(preview, /^Resources:\n +\d+ unchanged$/m)
  })

  it('has lost no event with a 200, and stored none twice', () => stack.verify(load))

  /** The uids of the claims: one that was replaced has another. */
  async function claimsOf(): Promise<readonly string[]> {
    const { items } = await stack.cluster.get(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`)
    return items.map(({ metadata }: { readonly metadata: { readonly uid: string } }) => metadata.uid).sort()
  }
})
