import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubectlProxy } from '../support/kubectl-proxy.ts'
import { Load } from '../support/load.ts'
import { LocalPipeline } from '../support/local-pipeline.ts'
import { LITTLE_CPU } from '../support/on-cluster.ts'
import { GUIDES } from './guides.ts'
import { Operated } from './operated.ts'

/**
 * Every guide of `docs/operations.md` that one machine can do, done as operators do: a commit to a local git repository, which the steps of
 * `deploy.yml` bring up, with the state in a folder. Events are sent meanwhile. `E2E_IMAGES` names a prebuilt image by its digest.
 */
const NAMESPACE = 'tracardi-guides'
const { runtime: IMAGE = '' } = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as { readonly runtime?: string }
const LOAD = { eventsPerSecond: 4, eventsPerCall: 2 }
/** Sets that were emptied before. */
const EMPTIED = ['elasticsearch-data', 'bookkeeper']

describe('the guides, by commits alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-guides-'))
  let pipeline: LocalPipeline
  let stack: Operated
  let proxy: KubectlProxy
  let load: Load

  before(async () => {
    assert.match(IMAGE, /@sha256:/, 'E2E_IMAGES has to name the image of the runtime by its digest, in "runtime"')
    pipeline = await LocalPipeline.create({ stack: `guides-${randomUUID().slice(0, 8)}`, from: 'dev', folder })
    stack = new Operated(pipeline, NAMESPACE, IMAGE)
    await stack.change('A stack whose brokers ask for tokens', {
      ...LITTLE_CPU,
      platform: { ...LITTLE_CPU.platform, namespace: NAMESPACE },
      // A broker that authorises refuses its own WebSocket API, and the native client is not in every image.
      pulsar: { authentication: true, authorization: false },
    })
    proxy = await KubectlProxy.start()
    load = new Load(proxy.urlOf(NAMESPACE, 'api', 8585), LOAD)
  })
  after(async () => {
    await load?.stop()
    proxy?.stop()
    await pipeline?.remove()
    rmSync(folder, { recursive: true })
  })

  for (const guide of GUIDES)
    if ('steps' in guide)
      it(guide.guide, async () => {
        const before = load.accepted.size
        await guide.steps(stack)
        assert.ok(load.accepted.size > before, 'no event was taken meanwhile')
      })

  it('have lost no event with a 200, and stored none twice', async () => {
    await stack.verify(load)
  })

  it('replace nothing that holds data, and delete only sets that are empty', () => {
    assert.equal(stack.previews.length > 10, true)
    assert.deepEqual(
      stack.removed,
      EMPTIED.map((name) => `${NAMESPACE}/${name}`),
    )
  })
})
