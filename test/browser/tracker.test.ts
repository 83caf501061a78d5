import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { PublishedFile } from '../../runtime/tracker/build.ts'
import type { Pipeline } from '../contract/pipeline.ts'
import { eventually } from '../support/until.ts'
import { type BrowserOptions, browserOptions } from './browser.ts'
import { Gate } from './gate.ts'
import { NEVER, type Site } from './site.ts'
import { openStage, type Stage } from './stage.ts'

const OFFLINE_MS = 10_000

/** What a page may do before the library exists. */
const STUB = 'window.tracker ||= { queue: [], track(...call) { this.queue.push(call) } }'

/** For a browser without settings, the headless shell: what the others do themselves. */
const BLOCK_STORAGE = `try {
  localStorage.length
  Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('Blocked', 'SecurityError') } })
} catch {}`

describe('the library in a real browser, against the real pipeline', () => {
  let stage: Stage
  let pipeline: Pipeline
  let gate: Gate
  let site: Site
  let options: BrowserOptions
  let browser: Browser
  let context: BrowserContext
  let test = 0

  before(async () => {
    options = await browserOptions()
    stage = await openStage('browser')
    ;({ pipeline, site, browser } = stage)
    gate = await Gate.open(pipeline.publicUrl)
  })
  after(async () => {
    gate?.close()
    await stage?.close()
  })
  beforeEach(async () => {
    test += 1
    gate.reset()
    context = await browser.newContext()
  })
  afterEach(() => context.close())

  /** Names of events that no other test has. */
  const names = (count: number) => Array.from({ length: count }, (_, index) => `t${test}-${index + 1}`)
  const script = (attributes = '') =>
    `<script async src="${gate.url}/tracker/tracker.js" data-source="my-source" ${attributes}></script>`
  const settings = (options: object) => `data-options='${JSON.stringify(options)}'`
  const trackAll = (types: readonly string[], options = '{}') =>
    types.map((type) => `window.tracker.track('${type}', { number: 1 }, ${options})`).join(';')
  const call = (page: Page, code: string) => page.evaluate(`{ ${code} } undefined`)

  /** What Elasticsearch has of the events of this test: each name as often as it is stored. */
  async function stored(): Promise<string[]> {
    await pipeline.count()
    const found = await pipeline.search.search<{ type: string }>({
      index: pipeline.eventAlias,
      size: 1000,
      query: { prefix: { type: `t${test}-` } },
    })
    return found.hits.hits.map(({ _source }) => _source?.type ?? '').sort()
  }

  /** Waits until everything is stored, and nothing more is on its way. */
  async function assertStoredOnce(types: readonly string[]): Promise<void> {
    await eventually(async () => (await stored().catch(() => [])).length >= types.length)
    await eventually(async () => (await pipeline.backlog()) === 0)
    assert.deepEqual(await stored(), [...types].sort())
    assert.equal(gate.preflights, 0)
  }

  const queueLength = (page: Page) =>
    page.evaluate<number>(`Object.keys(localStorage).filter((key) => key.startsWith('tracardi-queue:')).length`)

  it('sends the 12 events of a page in one call at the end of loading, without a preflight', async () => {
    const types = names(12)
    const page = await context.newPage()
    await page.goto(
      site.put(
        '/',
        `<script>${STUB};${trackAll(types.slice(0, 6))}</script>${script()}<script>${trackAll(types.slice(6))}</script>`,
      ),
    )
    await assertStoredOnce(types)
    assert.equal(gate.calls.length, 1)
    assert.equal(gate.calls[0]?.contentType, 'text/plain;charset=UTF-8')
    await eventually(async () => (await queueLength(page)) === 0)
  })

  it('reports the page with each event, and browser, screen and campaign with the call, as Tracardi does', async () => {
    const types = names(1)
    site.put('/', `<title>Home</title><script>${STUB};${trackAll(types)}</script>${script()}`)
    const page = await context.newPage()
    const address = `${site.url}/?utm_source=news&utm_campaign=may#top`
    await page.goto(address, { referer: 'http://search.example.com/?q=chairs' })
    await assertStoredOnce(types)
    const found = await pipeline.search.search<{ context: unknown }>({
      index: pipeline.eventAlias,
      query: { term: { type: types[0] as string } },
    })
    const referer = { host: 'search.example.com' }
    const history = { length: await page.evaluate<number>('history.length') }
    assert.deepEqual(found.hits.hits[0]?._source?.context, {
      page: { url: address, path: '/', hash: '#top', title: 'Home', referer, history },
    })
    const {
      time,
      browser: told,
      screen,
      utm,
    } = (gate.calls[0]?.context ?? {}) as Record<string, Record<string, unknown>>
    assert.deepEqual(utm, { source: 'news', campaign: 'may' })
    assert.equal(time?.['tz'], await page.evaluate('Intl.DateTimeFormat().resolvedOptions().timeZone'))
    assert.partialDeepStrictEqual(told, {
      local: { browser: { userAgent: await page.evaluate('navigator.userAgent'), onLine: true } },
    })
    assert.partialDeepStrictEqual(screen, { local: { width: 1280, height: 720, innerWidth: 1280, innerHeight: 720 } })
  })

  it('gives a visit of three pages in three tabs one profile, one session and its campaign, for a server that knows the session too', async () => {
    const types = names(7)
    const [landing, second, third, byServer] = [
      types.slice(0, 2),
      types.slice(2, 4),
      types.slice(4, 6),
      types[6] as string,
    ]
    let calls = 0
    gate.treat = () => {
      calls += 1
      return calls <= 3 ? { kind: 'refuse', status: 503, retryAfter: '0' } : { kind: 'pass' }
    }
    site.put('/', `<script>${STUB};${trackAll(landing)}</script>${script()}`)
    site.put('/second', `<script>${STUB};${trackAll(second)}</script>${script()}`)
    site.put('/third', `<script>${STUB};${trackAll(third)}</script>${script()}`)
    for (const path of ['/?utm_source=news&utm_campaign=may', '/second', '/third']) {
      await (await context.newPage()).goto(site.url + path)
      if (path === '/second') await eventually(async () => (await stored().catch(() => [])).length === 4)
    }
    await eventually(async () => (await stored().catch(() => [])).length === 6)
    const session = gate.calls[0]?.sessionId ?? ''
    const call = { source: { id: 'my-source' }, session: { id: session }, context: {}, events: [{ type: byServer }] }
    assert.equal((await pipeline.track(call)).status, 200)
    // Late repetitions, the first call last.
    for (const { text } of [...gate.calls].reverse()) {
      assert.equal((await fetch(`${pipeline.publicUrl}/track`, { method: 'POST', body: text })).status, 200)
    }
    await assertStoredOnce(types)
    const found = await pipeline.search.search<{ profile: unknown; session: unknown }>({
      index: pipeline.eventAlias,
      size: 10,
      query: { prefix: { type: `t${test}-` } },
    })
    const withCampaign = { bool: { filter: [{ prefix: { type: `t${test}-` } }, { term: { 'utm.campaign': 'may' } }] } }
    assert.equal((await pipeline.search.count({ index: pipeline.eventAlias, query: withCampaign })).count, 6)
    const profile = { id: gate.calls[0]?.profileId }
    assert.deepEqual(
      found.hits.hits.map(({ _source }) => [_source?.session, _source?.profile]),
      Array(7).fill([{ id: session }, profile]),
    )
    const state = `${pipeline.config.indexPrefix}-session`
    await pipeline.search.indices.refresh({ index: state })
    const kept = await pipeline.search.get<{ utm: unknown; profile: unknown }>({ index: state, id: session })
    assert.deepEqual([kept._source?.utm, kept._source?.profile], [{ source: 'news', campaign: 'may' }, profile])
  })

  it('continues with the visitor that the library of Tracardi has left in storage, and leaves what that can read', async () => {
    const types = names(2)
    const visitor = crypto.randomUUID()
    const left = `localStorage.setItem('tracardi-profile-id', JSON.stringify('${visitor}'))`
    const page = await context.newPage()
    await page.goto(site.put('/', `<script>${left};${STUB};${trackAll(types.slice(0, 1))}</script>${script()}`))
    await eventually(async () => gate.calls.length === 1 && (await queueLength(page)) === 0)
    assert.equal(await page.evaluate(`localStorage.getItem('tracardi-profile-id')`), visitor)
    await call(page, trackAll(types.slice(1), '{ fire: true }'))
    await assertStoredOnce(types)
    assert.deepEqual(
      gate.calls.map(({ profileId }) => profileId),
      [visitor, visitor],
    )
  })

  it('takes over the profile that a link from another site passes on', async () => {
    const types = names(2)
    site.put('/', `<script>${STUB};${trackAll(types.slice(0, 1))}</script>${script()}`)
    const page = await context.newPage()
    await page.goto(`${site.url}/?__tr_pid=passed-${test}&__tr_src=other-source`)
    await eventually(
      async () => (await page.evaluate(`localStorage.getItem('tracardi-profile-id')`)) === `passed-${test}`,
    )
    await page.goto(site.put('/next', `<script>${STUB};${trackAll(types.slice(1))}</script>${script()}`))
    await assertStoredOnce(types)
    assert.equal(gate.calls.at(-1)?.profileId, `passed-${test}`)
  })

  it('calls onTracardiReady, an assigned function, while the API does not answer, and binds elements by a selector', async () => {
    const types = names(2)
    let isDown = true
    gate.treat = () => (isDown ? { kind: 'refuse', status: 503, retryAfter: '1' } : { kind: 'pass' })
    const ready = `window.onTracardiReady = ({ helpers, context }) => {
      window.known = context
      helpers.onClick('.buy', () => helpers.track('${types[1]}'))
    }`
    const page = await context.newPage()
    await page.goto(
      site.put(
        '/',
        `<button class=buy>Buy</button><script>${ready};${STUB};${trackAll(types.slice(0, 1))}</script>
        ${script().replace('tracker.js', 'liliput.min.js')}`,
      ),
    )
    await page.waitForFunction('window.known')
    const { profileId, sessionId } = gate.calls[0] ?? assert.fail()
    assert.deepEqual(await page.evaluate('window.known'), { profile: { id: profileId }, session: { id: sessionId } })
    isDown = false
    await page.click('.buy')
    await assertStoredOnce(types)
  })

  it('stores and sends nothing where Do Not Track or Global Privacy Control is on, and respected', async () => {
    for (const [signal, value, option] of [
      ['doNotTrack', "'1'", 'respectDoNotTrack'],
      ['globalPrivacyControl', 'true', 'respectGlobalPrivacyControl'],
    ] as const) {
      const page = await context.newPage()
      await page.addInitScript(`Object.defineProperty(Navigator.prototype, '${signal}', { get: () => ${value} })`)
      await page.goto(site.put('/', script(settings({ [option]: true }))))
      await page.waitForFunction('window.tracker?.helpers')
      assert.equal(await page.evaluate(`window.tracker.track('${names(1)}', {}, { fire: true })`), undefined)
      assert.equal(await page.evaluate('localStorage.length'), 0)
    }
    assert.deepEqual(await context.cookies(), [])
    assert.deepEqual(gate.calls, [])
  })

  it('works on a page that is written for the snippet of Tracardi', async () => {
    const [early, second, fired, helped] = names(4) as [string, string, string, string]
    // What Tracardi's loader does, in short: it holds calls in a queue of its own, and repeats them on what it has loaded.
    const loader = `
      window.response = { context: {} }
      const bound = []
      window.onTracardiReady = { bind: (listener) => bound.push(listener), call: (ready) => bound.forEach((one) => one(ready)) }
      const calls = []
      window.tracker = { track: (...call) => { calls.push(call); return window.tracker } }
      document.addEventListener('DOMContentLoaded', () => {
        const script = document.createElement('script')
        script.async = true
        script.src = options.tracker.url.script + '/liliput.min.js'
        script.addEventListener('load', () => {
          if (!window.tracardi.default.getState().plugins.tracardi.initialized) return
          window.tracker = window.tracardi.default
          for (const call of calls) window.tracker.track(...call)
        })
        document.head.append(script)
      })`
    const page = await context.newPage()
    await page.goto(
      site.put(
        '/',
        `<script>
          const options = {
            tracker: { url: { script: '${gate.url}/tracker', api: '${gate.url}' }, source: { id: 'my-source' }, settings: { bulkMs: 100 } },
            listeners: { onContextReady: ({ context, helpers }) => {
              window.answered = context
              helpers.track('${helped}').then((result) => { window.helped = result })
            } },
          }
          ${loader}
        </script>
        <script>
          window.tracker.track('${early}', { price: 13.45 })
          window.tracker.track('${second}', {})
          window.onTracardiReady.bind(({ context, tracker }) => { window.ready = [context.profile.id, typeof tracker.track] })
        </script>`,
      ),
    )
    await page.waitForFunction('window.ready && window.helped')
    await call(page, `window.tracker.track('${fired}', {}, { fire: true })`)
    await assertStoredOnce([early, second, fired, helped])
    assert.deepEqual(
      gate.calls[0]?.events.map(({ type }) => type),
      [early, second],
    )
    assert.equal(gate.calls.length, 3)
    const profileId = gate.calls[0]?.profileId
    assert.deepEqual(await page.evaluate('window.ready'), [profileId, 'function'])
    assert.equal(await page.evaluate('window.answered.profile.id'), profileId)
    assert.equal(await page.evaluate('window.helped.data.profile.id'), profileId)
    assert.equal(await page.evaluate(`localStorage.getItem('tracardi-profile-id')`), profileId)
    const cookies = await context.cookies()
    assert.deepEqual(
      cookies.map(({ name, value }) => [name, value]),
      [['tracardi-session-id', gate.calls[0]?.sessionId]],
    )
  })

  it('is imported as a module from another origin', async () => {
    const types = names(3)
    const page = await context.newPage()
    await page.goto(
      site.put(
        '/',
        `<script type="module">
          import { createTracker } from '${gate.url}/tracker/tracker.mjs'
          window.tracker = createTracker({ api: '${gate.url}', source: 'my-source' })
          ${trackAll(types)}
        </script>`,
      ),
    )
    await assertStoredOnce(types)
    assert.equal(gate.calls.length, 1)
  })

  it('stores what was registered just before the tab was closed', async () => {
    const types = names(5)
    const page = await context.newPage()
    await page.goto(site.put('/', `<script>${STUB}</script>${script()}`))
    await page.waitForFunction('window.tracker.helpers')
    await call(page, trackAll(types))
    await page.close({ runBeforeUnload: true })
    await assertStoredOnce(types)
    assert.equal(gate.calls.length, 1)
  })

  /** A page that has registered its events, and is still loading. */
  async function openLoading(types: readonly string[]): Promise<Page> {
    const page = await context.newPage()
    const html = `<script>${STUB};${trackAll(types)}</script>${script()}<img src="${NEVER}">`
    await page.goto(site.put('/', html), { waitUntil: 'commit' })
    await page.waitForFunction('window.tracker?.helpers')
    assert.deepEqual(gate.calls, [])
    return page
  }

  it('stores what was registered on a page that was left before it was loaded', async () => {
    const types = names(3)
    const page = await openLoading(types)
    await page.goto('about:blank')
    await assertStoredOnce(types)
    assert.equal(gate.calls.length, 1)
  })

  it('sends with the next page what was registered in a tab that was closed before it was loaded', async () => {
    const types = names(4)
    const page = await openLoading(types.slice(0, 3))
    // Chromium runs no code of a page that it closes so early.
    await page.close({ runBeforeUnload: true })
    const next = await context.newPage()
    await next.goto(site.put('/', `<script>${STUB};${trackAll(types.slice(3))}</script>${script()}`))
    await assertStoredOnce(types)
    await eventually(async () => (await queueLength(next)) === 0)
  })

  it('stores once what was being sent when the page was reloaded', async () => {
    const types = names(4)
    const reloaded = Promise.withResolvers<void>()
    gate.treat = () => (gate.calls.length === 1 ? { kind: 'hold', until: reloaded.promise } : { kind: 'pass' })
    const page = await context.newPage()
    await page.goto(site.put('/', `<script>${STUB}</script>${script()}`))
    await page.waitForFunction('window.tracker.helpers')
    await call(page, trackAll(types, '{ fire: true }'))
    await eventually(() => gate.calls.length === 1)
    await page.reload()
    await eventually(() => gate.calls.length === 2)
    reloaded.resolve()
    await assertStoredOnce(types)
    // The page that came after did not know, and repeated the very same events.
    const [first, second] = gate.calls.map(({ events }) => events.map(({ id }) => id))
    assert.deepEqual(second, first)
    await eventually(async () => (await queueLength(page)) === 0)
  })

  it('sends from one of two tabs at a time, and each event once', async () => {
    const types = names(40)
    gate.treat = () => ({ kind: 'hold', until: sleep(100) })
    const address = site.put('/', `<script>${STUB}</script>${script(settings({ bulkMs: 50 }))}`)
    const pages = [await context.newPage(), await context.newPage()]
    for (const page of pages) {
      await page.goto(address)
      await page.waitForFunction('window.tracker.helpers')
    }
    for (const [index, type] of types.entries()) {
      await call(pages[index % 2] as Page, trackAll([type], index % 5 === 0 ? '{ fire: true }' : '{}'))
    }
    await assertStoredOnce(types)
    assert.equal(gate.atATime, 1)
    assert.ok(gate.calls.length < types.length, `${gate.calls.length} calls`)
    assert.equal(new Set(gate.calls.map(({ profileId }) => profileId)).size, 1)
    assert.equal(new Set(gate.calls.map(({ sessionId }) => sessionId)).size, 1)
  })

  it('sends the events of a tab that has crashed from the next one', async () => {
    const types = names(3)
    const address = site.put('/', `<script>${STUB}</script>${script()}`)
    const [page, other] = [await context.newPage(), await context.newPage()]
    await page.goto(address)
    await page.waitForFunction('window.tracker.helpers')
    await call(page, trackAll(types))
    await Promise.all([page.waitForEvent('crash'), page.goto('chrome://crash').catch(() => undefined)])
    assert.deepEqual(gate.calls, [])
    await other.goto(address)
    await assertStoredOnce(types)
    assert.equal(gate.calls.length, 1)
  })

  it('waits the two seconds that a 503 asks for, and stores everything then', async () => {
    const types = names(12)
    gate.treat = () => (gate.calls.length === 1 ? { kind: 'refuse', status: 503, retryAfter: '2' } : { kind: 'pass' })
    const page = await context.newPage()
    await page.goto(site.put('/', `<script>${STUB};${trackAll(types)}</script>${script()}`))
    await assertStoredOnce(types)
    const [first, second, ...others] = gate.calls
    assert.deepEqual(others, [])
    assert.ok(first && second)
    assert.deepEqual(second.events, first.events)
    assert.ok(second.atMs - first.atMs >= 2000, `${second.atMs - first.atMs} ms`)
  })

  it(`stores what was registered while the browser was offline for ${OFFLINE_MS / 1000} s`, async () => {
    const types = names(6)
    const page = await context.newPage()
    await page.goto(site.put('/', `<script>${STUB}</script>${script(settings({ bulkMs: 100 }))}`))
    await page.waitForFunction('window.tracker.helpers')
    await call(page, trackAll(types.slice(0, 2), '{ fire: true }'))
    await assertStoredOnce(types.slice(0, 2))
    await context.setOffline(true)
    await call(page, trackAll(types.slice(2)))
    await sleep(OFFLINE_MS)
    assert.equal(gate.calls.length, 1)
    await context.setOffline(false)
    await assertStoredOnce(types)
    assert.equal(gate.calls.length, 2)
  })

  it('keeps a refusal, and the visitor, where the storage of the site is full', async () => {
    const fill = `for (let size = 1 << 20, n = 0; size >= 1; size >>= 1)
      try { for (;;) localStorage['full-' + n++] = 'x'.repeat(size) } catch {}
      try { for (let n = 0; ; n += 1) localStorage['f' + n] = '' } catch {}`
    const types = names(2)
    const page = await context.newPage()
    const address = site.put('/', `<script>${STUB}</script>${script()}`)
    const track = async (type: string) => {
      await page.goto(address)
      await page.waitForFunction('window.tracker.helpers')
      return page.evaluate(`window.tracker.track('${type}', {}, { fire: true })`)
    }
    await page.goto(address)
    await page.evaluate(fill)
    for (const type of types) await track(type)
    await assertStoredOnce(types)
    assert.equal(new Set(gate.calls.map(({ profileId }) => profileId)).size, 1)
    assert.equal(new Set(gate.calls.map(({ sessionId }) => sessionId)).size, 1)
    await call(page, 'window.tracker.consent(false)')
    await page.evaluate(fill)
    assert.equal(await track('refused'), undefined)
    assert.equal(gate.calls.length, 2)
  })

  it('counts a prerendered page when it is shown, and not before', async () => {
    const [pageView = '', other = ''] = names(2)
    const said =
      'addEventListener("load", () => setTimeout(() => { localStorage.prerendered = document.prerendering }, 100))'
    site.put('/target', `${script(settings({ autoEvents: [[pageView]], bulkMs: 100 }))}<script>${said}</script>`)
    // Once the prerendered page is loaded, this one sends the events in the storage of the site, and then goes there.
    site.put(
      '/host.js',
      `import { createTracker } from '${gate.url}/tracker/tracker.mjs'
      const tracker = createTracker({ api: '${gate.url}', source: 'my-source' })
      addEventListener('storage', async ({ key, newValue }) => {
        if (key !== 'prerendered' || newValue !== 'true') return
        await tracker.track('${other}', {}, { fire: true })
        location.href = '/target'
      })`,
    )
    const rules = '{"prerender":[{"source":"list","urls":["/target"],"eagerness":"immediate"}]}'
    const address = site.put(
      '/',
      `<script type="module" src="/host.js"></script><script type="speculationrules">${rules}</script>`,
    )
    const folder = mkdtempSync(join(tmpdir(), 'tracker-browser-'))
    // A browser that a debugger drives prerenders nothing.
    const alone = spawn(
      options.executablePath,
      ['--headless=new', '--no-sandbox', '--no-first-run', `--user-data-dir=${folder}`, address],
      { env: options.env, stdio: 'ignore' },
    )
    try {
      await assertStoredOnce([pageView, other])
      assert.deepEqual(
        gate.calls.map(({ events }) => events.length),
        [1, 1],
      )
    } finally {
      const ended = once(alone, 'exit')
      alone.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('makes one library for each source of a page, and says so where a second script has another source', async () => {
    const types = names(2)
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => {
      if (message.text().startsWith('[tracker]')) said.push(message.text())
    })
    const second = `<script src="${gate.url}/tracker/tracker.js" data-source="other-source"></script>`
    await page.goto(site.put('/', `<script>${STUB}</script>${script().replace('async ', '')}${script()}${second}`))
    await page.waitForFunction('window.tracker.helpers')
    assert.deepEqual(said, ['[tracker] ignored: a second script, for other-source'])
    // The library of the script shares the queue, and may send these events: then they have no result here.
    const isOne = await page.evaluate(`import('${gate.url}/tracker/tracker.mjs').then(async ({ createTracker }) => {
      const options = { api: '${gate.url}', source: 'my-source', bulkMs: 100 }
      const [one, two] = [createTracker(options), createTracker(options)]
      await Promise.all([one.track('${types[0]}'), two.track('${types[1]}')])
      return one === two
    })`)
    assert.equal(isOne, true)
    await assertStoredOnce(types)
  })

  it('counts the pages of an application, the first one once, by its addresses', async () => {
    const [done = ''] = names(1)
    const pages = `<script async src="${gate.url}/tracker/pages.js"></script>`
    site.put('/app', `${script()}${pages}<script>history.replaceState({}, '', '/app/home')</script>`)
    const page = await context.newPage()
    await page.goto(`${site.url}/app`)
    await eventually(() => gate.calls.length === 1)
    await call(page, `history.pushState({}, '', '/app/login'); history.replaceState({}, '', '/app/chairs?page=1')`)
    await call(page, `history.replaceState({}, '', '/app/chairs?page=1#top')`)
    await call(page, `location.hash = '#end'`)
    await call(page, `history.pushState({}, '', '/app/chairs?page=2')`)
    await page.goBack()
    await page.waitForFunction(`location.search === '?page=1'`)
    await sleep(50)
    await call(page, `window.tracker.track('${done}', {}, { fire: true })`)
    await assertStoredOnce([done])
    const found = await pipeline.search.search<{ context: { page: { url: string } } }>({
      index: pipeline.eventAlias,
      query: {
        bool: { filter: [{ term: { type: 'page-view' } }, { term: { 'session.id': gate.calls[0]?.sessionId ?? '' } }] },
      },
      sort: [{ 'metadata.time.create': 'asc' }],
    })
    assert.deepEqual(
      found.hits.hits.map(({ _source }) => _source?.context.page.url.slice(site.url.length)),
      ['/app/home', '/app/chairs?page=1', '/app/chairs?page=2', '/app/chairs?page=1#end'],
    )
  })

  it('is pinned by its hash: the browser takes that content, and no other', async () => {
    const [pinned = '', other = ''] = names(2)
    const published = (await (await fetch(`${gate.url}/tracker/published.json`)).json()) as PublishedFile[]
    const [tracker] = published
    const element = (integrity = '') =>
      `<script src="${gate.url}/tracker/${tracker?.file}" data-source="my-source" crossorigin="anonymous" integrity="${integrity}"></script>`
    const page = await context.newPage()
    await page.goto(site.put('/', `<script>${STUB};${trackAll([pinned])}</script>${element(tracker?.integrity)}`))
    await assertStoredOnce([pinned])
    const wrong = published[1]?.integrity
    await page.goto(site.put('/wrong', `<script>${STUB};${trackAll([other])}</script>${element(wrong)}`))
    assert.equal(await page.evaluate('window.tracker.helpers === undefined'), true)
    await assertStoredOnce([pinned])
  })

  it('says once that its source is unknown, and track() resolves with that', async () => {
    const said: string[] = []
    const page = await context.newPage()
    page.on('console', (message) => said.push(message.text()))
    const unknown = script().replace('my-source', 'nobody')
    await page.goto(site.put('/', `<script>${STUB}</script>${unknown}`))
    await page.waitForFunction('window.tracker.helpers !== undefined')
    const result = await page.evaluate(`window.tracker.track('never', {}, { fire: true }).then(({ status }) => status)`)
    assert.equal(result, 401)
    assert.equal(said.filter((text) => text.startsWith('[tracker] refused (401)')).length, 1)
  })

  it('works under a strict content security policy', async () => {
    const types = names(3)
    site.put(
      '/page.js',
      `${STUB};${trackAll(types)};
      window.violations = []
      document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => window.violations.push(violatedDirective))`,
    )
    const policy = `default-src 'none'; script-src 'self' ${gate.url}; connect-src ${gate.url}; require-trusted-types-for 'script'`
    const page = await context.newPage()
    await page.goto(site.put('/', `<script src="/page.js"></script>${script()}`, { 'content-security-policy': policy }))
    await assertStoredOnce(types)
    assert.deepEqual(await page.evaluate('window.violations'), [])
  })

  it('works in a sandbox, where there is neither storage nor cookie nor lock', async () => {
    const types = names(3)
    site.put('/frame', `<script>${STUB};${trackAll(types.slice(0, 2))}</script>${script()}`)
    const page = await context.newPage()
    await page.goto(site.put('/', '<iframe sandbox="allow-scripts" src="/frame"></iframe>'))
    await eventually(() => gate.calls.length === 1)
    const frame = page.frames()[1]
    assert.equal(await frame?.evaluate(`try { localStorage.length } catch (error) { error.name }`), 'SecurityError')
    await frame?.evaluate(`{ ${trackAll(types.slice(2))} } undefined`)
    await page.close({ runBeforeUnload: true })
    await assertStoredOnce(types)
    assert.equal(new Set(gate.calls.map(({ sessionId }) => sessionId)).size, 1)
    assert.equal(new Set(gate.calls.map(({ profileId }) => profileId)).size, 1)
  })

  describe('that blocks', () => {
    let folder: string
    let blocking: BrowserContext
    afterEach(async () => {
      await blocking.close()
      rmSync(folder, { recursive: true, force: true })
    })

    async function launch(preferences: object): Promise<void> {
      folder = mkdtempSync(join(tmpdir(), 'tracker-browser-'))
      mkdirSync(join(folder, 'Default'))
      writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences))
      blocking = await chromium.launchPersistentContext(folder, options)
    }

    it('cookies of third parties: a page inside of another site’s page stores everything', async () => {
      await launch({ profile: { cookie_controls_mode: 1, block_third_party_cookies: true } })
      const types = names(4)
      site.put('/frame', `<script>${STUB};${trackAll(types.slice(0, 2))}</script>${script()}`)
      const page = await blocking.newPage()
      await page.goto(site.put('/', `<iframe src="http://127.0.0.1:${site.port}/frame"></iframe>`))
      await eventually(() => gate.calls.length === 1)
      const frame = page.frames()[1]
      assert.equal(await frame?.evaluate('document.cookie'), '')
      await frame?.evaluate(`{ ${trackAll(types.slice(2))} } undefined`)
      await page.close({ runBeforeUnload: true })
      await assertStoredOnce(types)
    })

    it('all cookies and storage: everything is stored, also at the end of the page', async () => {
      await launch({ profile: { default_content_setting_values: { cookies: 2 } } })
      await blocking.addInitScript(BLOCK_STORAGE)
      const types = names(5)
      const page = await blocking.newPage()
      await page.goto(site.put('/', `<script>${STUB};${trackAll(types.slice(0, 3))}</script>${script()}`))
      assert.equal(await page.evaluate(`try { localStorage.length } catch (error) { error.name }`), 'SecurityError')
      await eventually(() => gate.calls.length === 1)
      await call(page, trackAll(types.slice(3)))
      await page.close({ runBeforeUnload: true })
      await assertStoredOnce(types)
      assert.equal(gate.calls.length, 2)
    })
  })
})
