import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import type { Page } from 'playwright-core'
import { eventually } from '../support/until.ts'
import { openStage, type Stage } from './stage.ts'

/**
 * Tracardi's own library, unchanged, from a checkout of github.com/Tracardi/tracardi-api: its git directory is named by
 * `TRACARDI_API_CHECKOUT`. Nothing of it is in this project.
 */
const CHECKOUT = process.env['TRACARDI_API_CHECKOUT']
const BRANCHES = ['0.7.4', '0.8.0', '0.8.1', '0.8.2', '0.9.0-dev']
const FOLDER = 'app/tracker'

function fileOf(branch: string, name: string): string {
  const refs = [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`]
  const ref = refs.find((one) => git('for-each-ref', one) !== '') ?? branch
  return git('show', `${ref}:${FOLDER}/${name}`)
}

function git(...args: string[]): string {
  const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  return execFileSync('git', ['-C', CHECKOUT ?? '', ...args], options)
}

/** The snippet of a page: the line of the example page that defines `window.onTracardiReady` and loads the library. */
function loaderOf(branch: string): string {
  const lines = fileOf(branch, 'index.html').split('\n')
  const loader = lines.find((line) => line.includes('liliput.min.js') && line.includes('onTracardiReady'))
  return loader ?? assert.fail(`the page of ${branch} has no snippet`)
}

const PENDING = CHECKOUT === undefined ? ' (pending: TRACARDI_API_CHECKOUT names no checkout)' : ''

describe(`the library of Tracardi in a real browser, against the real pipeline${PENDING}`, () => {
  let stage: Stage

  before(async function () {
    // Without a checkout there is nothing to run; with one, everything is run.
    if (CHECKOUT === undefined) this.skip()
    stage = await openStage('tracardi')
  })
  after(() => stage?.close())

  const storedOf = async (prefix: string) => {
    const { pipeline } = stage
    await pipeline.count()
    const found = await pipeline.search.search<{ type: string; profile: { id: string }; session: { id: string } }>({
      index: pipeline.eventAlias,
      size: 100,
      query: { prefix: { type: prefix } },
    })
    return found.hits.hits.flatMap(({ _source }) => _source ?? [])
  }

  BRANCHES.forEach((branch, number) => {
    it(`of branch ${branch} tracks three visits, and ours continues with its visitor on the same page`, async () => {
      const { pipeline, site, browser } = stage
      const type = `theirs-${number}-page`
      const page = (script: string) => `<html><head><script>
        const options = {
          tracker: {
            url: { script: '${script}', api: '${pipeline.publicUrl}' },
            source: { id: 'my-source' },
          },
          listeners: {},
        }
        </script><script>${loaderOf(branch)}</script>
        <script>window.tracker.track('${type}', { page: 'home' })</script></head><body></body></html>`
      site.put('/liliput.min.js', fileOf(branch, 'liliput.min.js'))
      site.put('/theirs', page(site.url))
      site.put('/ours', page(`${pipeline.publicUrl}/tracker`))
      const context = await browser.newContext()
      const visit = async (path: string, visits: number) => {
        const tab: Page = await context.newPage()
        await tab.goto(site.url + path)
        await eventually(async () => (await storedOf(type).catch(() => [])).length >= visits)
        const kept = await tab.evaluate(`localStorage.getItem('tracardi-profile-id')`)
        await tab.close()
        return kept
      }
      assert.match(String(await visit('/theirs', 1)), /^"[0-9a-f-]{36}"$/)
      await visit('/theirs', 2)
      assert.match(String(await visit('/ours', 3)), /^[0-9a-f-]{36}$/)
      await visit('/theirs', 4)
      await context.close()
      const stored = await storedOf(type)
      assert.equal(stored.length, 4)
      assert.equal(new Set(stored.map(({ profile }) => profile.id)).size, 1)
      assert.equal(new Set(stored.map(({ session }) => session.id)).size, 1)
    })
  })
})
