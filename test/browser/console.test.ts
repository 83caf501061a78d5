import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type Browser, chromium, type Page } from 'playwright-core'
import { addLiveRoutes } from '../../runtime/api/live-routes.ts'
import { loadConfig } from '../../runtime/config.ts'
import { stateOf } from '../../runtime/console/console.ts'
import { addConsolePage, addConsoleRoutes, type ConsoleData } from '../../runtime/console/routes.ts'
import type { State } from '../../runtime/console/state.ts'
import type { Timeline } from '../../runtime/console/timeline.ts'
import { answers, observation, partitions, pastOf, reading, WORKER } from '../runtime/console/observations.ts'
import { type Api, buildApi, closeApis, goodCall, trackCall } from '../support/api.ts'
import { privateServer, TOKEN } from '../support/private.ts'
import { browserOptions } from './browser.ts'

const LETTER = {
  failedAt: '2026-11-22T12:00:00.123Z',
  fault: 'document_parsing_exception',
  reason: '<img src=x onerror="document.title=1"> is not a number',
  status: 400,
  operation: 'create 01a2080c-936b-72ff-96e8-2b08a61cce01 in tracardi-event-2026-11',
  ...{ id: 'i0', source: 'shop', type: 'buy', session: 's1', bytes: 2, isCut: false },
  payload: '{"create":{}}\n{"price":1e400}',
}

/** A pipeline with a worker, a backlog in two partitions, and that many dead letters. */
function running(deadLetters: number): State {
  const queue = partitions(12_345, 6)
  const seen = {
    instances: [answers(WORKER, reading('worker'))],
    queue: queue.ok ? { ...queue, value: { ...queue.value, deadLetters } } : queue,
  }
  return stateOf(pastOf(observation(0, seen), observation(2, seen)), loadConfig({}))
}

/** Ten minutes of a pipeline that stores 80 events a second, with a gap in which nobody looked. */
function withHistory(): State {
  const seen = (seconds: number) =>
    observation(seconds, {
      instances: [
        answers(
          WORKER,
          reading('worker', { counters: { 'tracardi_worker_events_total{outcome="stored"}': seconds * 80 } }),
        ),
      ],
      queue: partitions(40 + seconds, 6),
    })
  const times = Array.from({ length: 301 }, (_, at) => at * 2).filter((seconds) => seconds < 240 || seconds > 300)
  return stateOf(pastOf(...times.map(seen)), loadConfig({}))
}

function nothing(): State {
  const away = { ok: false, reason: 'connect ECONNREFUSED 10.20.30.40:8080' } as const
  const seen = { instances: [{ url: WORKER, answer: away }], queue: away, search: away, publishFault: away.reason }
  return stateOf(pastOf(observation(0, seen)), loadConfig({ CONSOLE_INSTANCES: WORKER }))
}

describe('the console in a real browser', () => {
  let server: FastifyInstance
  /** Whose calls the page shows. */
  let api: Api
  let browser: Browser
  let page: Page
  let address: string
  /** The address that signs in, as it is printed. */
  let url: string
  let state: () => State
  let timeline: () => Timeline
  let replays: number
  let asked: unknown[]
  let complaints: string[]

  before(async () => {
    // As DNS rebinding does it: the name of a stranger has the address of this machine.
    const args = ['--host-resolver-rules=MAP evil.test 127.0.0.1']
    browser = await chromium.launch({ ...(await browserOptions()), args })
  })
  after(() => browser?.close())
  beforeEach(async () => {
    replays = 0
    asked = []
    complaints = []
    state = () => running(2)
    timeline = () => ({ stepSeconds: 60, samples: [], marks: [] })
    const data: ConsoleData = {
      state: async () => state(),
      advice: async () => state(),
      history: async () => timeline(),
      desk: {
        look: async (filter) => {
          asked.push(filter)
          const deadLetters = filter?.source === 'blog' ? [] : [LETTER, { ...LETTER, id: 'i1', failedAt: '' }]
          const counts = {
            fault: [{ name: LETTER.fault, count: 2 }],
            source: ['shop', 'blog'].map((name) => ({ name, count: 1 })),
            type: [{ name: '', count: 2 }],
          }
          return { deadLetters, matching: deadLetters.length, read: 2, counts }
        },
        replay: async (filter) => {
          asked.push(filter)
          replays += 1
          return { replayed: 2, refused: 0 }
        },
        export: async (filter) => {
          asked.push(filter)
          return { ids: ['i0', 'i1'], lines: '{"a":1}\n{}\n' }
        },
        drop: async (ids) => {
          asked.push(ids)
          return ids.length
        },
      },
    }
    api = await buildApi({ apiLiveEvents: true })
    server = (
      await privateServer((operators) => {
        addConsoleRoutes(operators, data)
        addLiveRoutes(operators, api.live, api.refusals)
      })
    ).server
    addConsolePage(server)
    await server.listen({ host: '127.0.0.1', port: 0 })
    address = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/console`
    url = `${address}#token=${TOKEN}`
    page = await browser.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
  })
  afterEach(async () => {
    await page.close()
    await server.close()
    await closeApis()
  })

  for (const [what, shown] of [
    ['a pipeline that runs', () => running(2)],
    ['nothing that runs', nothing],
  ] as const) {
    for (const width of [320, 390, 1280]) {
      it(`shows ${what} ${width} pixels wide without moving sideways, and the browser has nothing to complain`, async () => {
        state = shown
        await page.setViewportSize({ width, height: 900 })
        await page.goto(url)
        await page.waitForSelector('#advice-list li')
        const scrolled = await page.evaluate<number>('document.documentElement.scrollWidth')
        assert.equal(scrolled, width)
        assert.deepEqual(complaints, [])
      })
    }
  }

  describe('its charts', () => {
    const legend = (id: string) => page.locator(`#${id} .u-legend .u-series`).allTextContents()
    /** Where the plot of a chart is, without its axes. */
    const plotOf = async (id: string) => {
      const box = await page.locator(`#${id} .u-over`).boundingBox()
      assert.ok(box, id)
      return box
    }
    beforeEach(async () => {
      state = withHistory
      await page.setViewportSize({ width: 1280, height: 900 })
      await page.goto(url)
      await page.waitForSelector('#advice-list li')
    })

    it('show the values under the pointer, in both immediately, and that nobody looked', async () => {
      const { x, y, width, height } = await plotOf('rate-chart')
      await page.mouse.move(x + width * 0.95, y + height / 2)
      const [at, stored, accepted] = await legend('rate-chart')
      assert.match(at ?? '', /^at\s*\d\d:09:\d\d$/)
      assert.match(stored ?? '', /^stored\s*80\/s$/)
      assert.match(accepted ?? '', /^in\s*–$/)
      assert.match((await legend('backlog-chart'))[1] ?? '', /^backlog\s*6\d\d messages$/)
      // From 240 to 300 of 600 seconds.
      await page.mouse.move(x + width * 0.45, y + height / 2)
      assert.match((await legend('backlog-chart'))[1] ?? '', /^backlog\s*not observed$/)
      assert.deepEqual(complaints, [])
    })

    it('zoom into the time that is dragged over, stay there, and show all of it after a double click', async () => {
      const { x, y, width, height } = await plotOf('rate-chart')
      const middle = y + height / 2
      await page.mouse.move(x + width * 0.8, middle)
      await page.mouse.down()
      await page.mouse.move(x + width * 0.9, middle, { steps: 5 })
      await page.mouse.up()
      const timesAt = async (share: number) => {
        await page.mouse.move(x + width * share, middle + 1)
        await page.mouse.move(x + width * share, middle)
        return ((await legend('rate-chart'))[0] ?? '').replace(/^at\s*/, '')
      }
      const seconds = (time: string) => time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
      const spanSeconds = async () => seconds(await timesAt(0.99)) - seconds(await timesAt(0.01))
      const zoomed = await spanSeconds()
      assert.ok(zoomed >= 45 && zoomed <= 65, String(zoomed))
      // Renewed every 2 s, and still the same.
      await page.waitForResponse(`${address}/state`)
      await page.waitForTimeout(100)
      assert.equal(await spanSeconds(), zoomed)
      await page.mouse.dblclick(x + width / 2, middle)
      const whole = await spanSeconds()
      assert.ok(whole >= 580 && whole <= 600, String(whole))
      assert.deepEqual(complaints, [])
    })
  })

  it('shows the day, where this API has observed only its end, with starts and deployments, and links', async () => {
    const end = withHistory()
    state = () => ({ ...end, links: { grafana: 'https://grafana.example.org/d/tracardi', kibana: '' } })
    const samples = Array.from({ length: 1440 }, (_, at) => ({
      atMs: end.atMs - (1440 - at) * 60_000,
      acceptedPerSecond: 80,
      storedPerSecond: 80,
      backlogMessages: at,
    }))
    const mark = { program: 'worker', version: '0.2.0', processes: 2 } as const
    const marks = [
      { ...mark, atMs: end.atMs - 12 * 3_600_000, kind: 'deployed' },
      { ...mark, atMs: end.atMs - 6 * 3_600_000, kind: 'started', processes: 1 },
    ] as const
    timeline = () => ({ stepSeconds: 60, samples, marks, reason: 'Elasticsearch is not reachable' })
    await page.setViewportSize({ width: 1280, height: 900 })
    await page.goto(url)
    await page.waitForSelector('#marks-details:not([hidden])')
    await page.locator('#span-15').focus()
    for (const expected of ['1 h', '6 h', '1 d']) {
      await page.keyboard.press('ArrowRight')
      assert.equal(await page.textContent('#rate-span'), `last ${expected}`)
    }
    const box = await page.locator('#backlog-chart .u-over').boundingBox()
    assert.ok(box)
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2)
    const [, value] = await page.locator('#backlog-chart .u-legend .u-series').allTextContents()
    assert.match(value ?? '', /^backlog\s*3\d\d messages$/)
    await page.locator('#marks-count').press('Enter')
    assert.equal(await page.textContent('#marks-count'), '2 starts and deployments in the last day')
    assert.deepEqual(await page.locator('#marks tbody td:nth-child(2)').allTextContents(), [
      '1 worker started',
      '2 workers deployed',
    ])
    assert.match((await page.textContent('#history-note')) ?? '', /Elasticsearch is not reachable/)
    assert.deepEqual(await page.locator('#links a').allTextContents(), ['Grafana'])
    assert.deepEqual(complaints, [])
  })

  it('says in words what to do, and speaks it once', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    assert.equal(await page.textContent('#state'), 'Watch')
    assert.equal(await page.textContent('#advice-spoken'), 'Watch: 2 dead letters wait')
    assert.equal(await page.getAttribute('#advice-spoken', 'aria-live'), 'polite')
  })

  describe('its live events', () => {
    const rows = () => page.locator('#live-rows > tr')
    const send = async (...calls: object[]) => {
      for (const call of calls) assert.equal((await api.server.inject(trackCall(call))).statusCode, 200)
    }
    const watch = async () => {
      await page.goto(url)
      await page.waitForSelector('#live-form:not([hidden])')
      assert.equal(api.live.isWatched, false)
      await page.focus('#live-toggle')
      await page.keyboard.press('Enter')
      await page.waitForResponse(/console\/events/)
    }

    it('are shown within a second, the latest first, with the document by keyboard', async () => {
      await watch()
      const text = '<img src=x onerror="document.title=1">'
      await send(
        goodCall({ events: [{ id: 'a', type: 'Page View', properties: { text, list: [] } }] }),
        goodCall({ events: [{ id: 'b', type: 'test', options: { saveEvent: false } }] }),
      )
      await rows().nth(1).waitFor({ timeout: 1000 })
      const [latest, first] = await rows().allTextContents()
      assert.match(latest ?? '', /^\d\d:\d\d:\d\d\.\d{3}shoptest not to be storedsession-1b\d+ B$/)
      assert.match(first ?? '', /shoppage-viewsession-1a\d+ B$/)
      assert.match((await page.textContent('#live-status')) ?? '', /:\d+: 2 events arrived, 2 shown\.$/)
      const button = rows().nth(1).locator('button')
      await button.focus()
      await page.keyboard.press('Enter')
      await page.locator('.payload', { hasText: '"list": []' }).waitFor()
      assert.equal(await button.getAttribute('aria-expanded'), 'true')
      assert.ok((await page.textContent('.payload pre'))?.includes(`    "text": ${JSON.stringify(text)},\n`))
      await page.keyboard.press('Enter')
      assert.equal(await page.locator('.payload').count(), 0)
      assert.deepEqual(complaints, [])
    })

    it('are filtered, paused, continued and cleared', async () => {
      await watch()
      await page.fill('#live-type', 'search')
      await page.keyboard.press('Tab')
      await page.waitForResponse(/type=search/)
      await send(goodCall({ events: [{ type: 'page-view' }, { id: 'c', type: 'search' }] }))
      await rows().first().waitFor()
      assert.equal(await rows().count(), 1)
      await page.click('#live-toggle')
      assert.equal(await page.textContent('#live-status'), 'Paused. Events that arrive now are not shown.')
      await page.click('#live-toggle')
      await page.waitForResponse(/console\/events/)
      assert.equal(await rows().count(), 0)
      await send(goodCall({ events: [{ id: 'd', type: 'search' }] }))
      await rows().first().waitFor()
      await page.click('#live-clear')
      assert.equal(await rows().count(), 0)
      assert.equal(await page.isVisible('#live-table'), false)
    })

    it('say under load how many of them are shown, and keep the page small', async () => {
      await watch()
      await send(goodCall({ events: Array.from({ length: 800 }, () => ({ type: 't' })) }))
      await page.locator('#live-status', { hasText: '800 events arrived, 200 shown (1 of 4: a filter' }).waitFor()
      assert.equal(await rows().count(), 100)
    })
  })

  it('says that live events are off', async () => {
    Object.assign(api.live, { isOn: false })
    await page.goto(url)
    await page.waitForSelector('#live-off:not([hidden])')
    assert.equal(await page.isVisible('#live-form'), false)
  })

  it('shows refused calls with their reason, source and origin', async () => {
    const origin = 'https://evil.example.com'
    for (const _ of ['once', 'twice']) await api.server.inject(trackCall(goodCall(), { origin }))
    await api.server.inject(trackCall(goodCall({ events: [{}] })))
    await page.goto(url)
    await page.waitForSelector('#refusals tbody tr')
    const cells = await page.locator('#refusals tbody :is(th, td)').allTextContents()
    assert.deepEqual(
      cells.filter((_, index) => index % 6 > 0),
      [
        ...['422', '1', 'shop', '127.0.0.1', '/track: body.events.0.type: Field required'],
        ...['403', '2', 'shop', origin],
        `/track: Access denied. Origin "${origin}" is not allowed for event source "shop".`,
      ],
    )
    assert.match((await page.textContent('#refusals-lead')) ?? '', /^3 calls since this API process started\./)
  })

  it('shows a reason as text, whatever a stranger has sent', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    await page.click('#dead-look')
    await page.waitForSelector('#dead-letters td')
    const { fault, source, type, session, reason } = LETTER
    assert.deepEqual(
      (await page.locator('#dead-letters tbody :is(th, td)').allTextContents()).map((text) => text.trim()),
      ['2026-11-22 12:00:00 UTC', 'unknown'].flatMap((time) => [time, '400', fault, source, type, session, reason]),
    )
    await page.locator('#dead-letters button').first().press('Enter')
    assert.equal(await page.textContent('.detail .note'), `${LETTER.operation}, 2 B`)
    assert.equal(await page.textContent('.detail pre'), '{\n  "create": {}\n}\n{\n  "price": 1e400\n}')
    await page.locator('#dead-letters button').first().press('Enter')
    assert.equal(await page.locator('.detail').count(), 0)
    assert.equal(await page.title(), 'Console · Tracardi at scale')
  })

  it('replays by keyboard, only after it was confirmed', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    await page.focus('#dead-replay')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate<string>('document.activeElement.textContent'), 'Cancel')
    await page.keyboard.press('Escape')
    assert.equal(replays, 0)
    await page.focus('#dead-replay')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('#dead-done', { hasText: '2 dead letters were published again' }).waitFor()
    assert.equal(replays, 1)
    assert.deepEqual(complaints, [])
  })

  it('asks again immediately after a question that was cancelled, and takes its answer', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    // In one task: the first end is reported when the dialog is open again.
    await page.evaluate(`new Promise((reported) => {
      const [dialog, replay] = ['dead-dialog', 'dead-replay'].map((id) => document.getElementById(id))
      dialog.addEventListener('close', reported, { once: true })
      replay.click()
      dialog.close()
      replay.click()
    }).then(() => undefined)`)
    await page.click('#dead-dialog-action')
    await page.locator('#dead-done', { hasText: '2 dead letters were published again' }).waitFor()
    assert.equal(replays, 1)
    assert.deepEqual(complaints, [])
  })

  it('filters dead letters, and replays the chosen ones', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    await page.click('#dead-look')
    await page.locator('#dead-done', { hasText: '2 shown; none is removed.' }).waitFor()
    assert.deepEqual(await page.locator('#dead-source option').allTextContents(), ['any', 'shop (1)', 'blog (1)'])
    await page.selectOption('#dead-type', { index: 1 })
    await page.selectOption('#dead-source', 'blog')
    await page.locator('#dead-done', { hasText: 'None are left.' }).waitFor()
    await page.selectOption('#dead-source', { index: 0 })
    await page.locator('#dead-done', { hasText: '2 shown' }).waitFor()
    assert.deepEqual(asked, [{}, { type: '' }, { source: 'blog', type: '' }, { type: '' }])
    await page.locator('#dead-letters input').nth(1).press('Space')
    await page.click('#dead-replay')
    assert.match((await page.textContent('#dead-dialog-text')) ?? '', /^1 dead letter that you chose will be published/)
    await page.click('#dead-dialog-action')
    await page.locator('#dead-done', { hasText: 'were published again' }).waitFor()
    assert.deepEqual(asked.at(-1), { ids: ['i1'] })
    assert.equal(await page.isVisible('#dead-letters'), false)
    assert.deepEqual(complaints, [])
  })

  it('drops dead letters only after they are confirmed and in a file', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    await page.click('#dead-drop')
    assert.equal(await page.evaluate<string>('document.activeElement.textContent'), 'Cancel')
    await page.keyboard.press('Escape')
    assert.deepEqual(asked, [])
    await page.click('#dead-drop')
    assert.match((await page.textContent('#dead-dialog-text')) ?? '', /^2 dead letters will be exported to a file/)
    const saved = page.waitForEvent('download')
    await page.click('#dead-dialog-action')
    const file = await saved
    assert.match(file.suggestedFilename(), /^dead-letters-.*\.jsonl$/)
    assert.equal(readFileSync(await file.path(), 'utf8'), '{"a":1}\n{}\n')
    await page.locator('#dead-done', { hasText: '2 dead letters were dropped.' }).waitFor()
    assert.deepEqual(asked, [{}, ['i0', 'i1']])
    assert.deepEqual(complaints, [])
  })

  it('says that the API does not answer, and from when its figures are', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    await server.close()
    await page.waitForSelector('#notice:not([hidden])')
    assert.match((await page.textContent('#notice')) ?? '', /does not answer\. The figures are from \d\d:\d\d:\d\d\.$/)
    assert.equal(await page.textContent('#state'), 'No answer')
  })

  it('takes the token out of the address, and keeps it for this tab', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    assert.equal(page.url(), address)
    await page.reload()
    await page.waitForSelector('#advice-list li')
    assert.equal(await page.isVisible('#sign-in'), false)
    assert.deepEqual(complaints, [])
  })

  it('asks for the token without one, and for another when it is refused', async () => {
    await page.goto(address)
    await page.waitForSelector('#sign-in')
    assert.equal(await page.textContent('#state'), 'Signed out')
    assert.equal(await page.isVisible('#advice'), false)
    assert.equal(await page.getAttribute('#token', 'autocomplete'), 'current-password')
    assert.equal(await page.evaluate<string>('document.activeElement.id'), 'token')
    assert.deepEqual(complaints, [])
    await page.keyboard.type('a-guess')
    await page.keyboard.press('Enter')
    await page.locator('#sign-in-fault', { hasText: 'The token does not match PRIVATE_TOKEN' }).waitFor()
    assert.equal(await page.inputValue('#token'), '')
    await page.fill('#token', TOKEN)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#advice-list li')
    assert.equal(await page.isVisible('#sign-in'), false)
    assert.equal(await page.textContent('#state'), 'Watch')
  })

  it('asks again when the token was changed', async () => {
    await page.goto(url)
    await page.waitForSelector('#advice-list li')
    await page.evaluate("sessionStorage.setItem('tracardi-operator-token', 'the-old-one')")
    await page.waitForSelector('#sign-in', { state: 'visible' })
    assert.equal(await page.isVisible('#advice'), false)
    assert.equal(await page.evaluate('sessionStorage.length'), 0)
  })

  for (const [width, colorScheme] of [
    [320, 'light'],
    [390, 'dark'],
    [1280, 'light'],
  ] as const) {
    it(`fits its form ${width} pixels wide (${colorScheme})`, async () => {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      await page.goto(address)
      await page.waitForSelector('#sign-in')
      assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth'), width)
    })
  }

  it('gives nothing to a page that has pointed its own name here', async () => {
    const { origin, port } = new URL(address)
    const foreign = `http://evil.test:${port}`
    // The stranger's own page has no policy that would keep it from calling.
    const stranger = await browser.newPage({ bypassCSP: true })
    assert.equal((await stranger.goto(`${foreign}/console`))?.status(), 421)
    const call = (url: string, init: object) =>
      stranger.evaluate<number | string>(
        `fetch('${url}', ${JSON.stringify(init)}).then((answer) => answer.status, (error) => error.name)`,
      )
    const headers = { 'x-tracardi-console': 'yes', authorization: `Bearer ${TOKEN}` }
    for (const [url, init, outcome] of [
      [`${foreign}/console/dead-letters`, { headers }, 421],
      [`${foreign}/console/dead-letters/replay`, { method: 'POST', headers }, 421],
      [`${origin}/console/dead-letters`, {}, 'TypeError'],
      [`${origin}/console/dead-letters`, { headers }, 'TypeError'],
      [`${origin}/console/dead-letters/replay`, { method: 'POST', mode: 'no-cors' }, 'TypeError'],
      [`${origin}/console/dead-letters/replay`, { method: 'POST', headers }, 'TypeError'],
    ] as const) {
      assert.equal(await call(url, init), outcome, url)
    }
    await stranger.close()
    assert.equal(replays, 0)
  })
})
