import assert from 'node:assert/strict'
import { type PageTracker, trackerOn } from '../../../runtime/tracker/tracker.ts'
import type { Result, TrackerOptions } from '../../../runtime/tracker/types.ts'
import { FakeBrowser, FakeStorage, FakeTab, STORED } from './fake-browser.ts'

const OPTIONS = { api: 'https://events.example.com', source: 'shop' }
const DAY_MS = 24 * 3600 * 1000

describe('the browser library', () => {
  let browser: FakeBrowser
  beforeEach(() => {
    browser = new FakeBrowser()
  })

  function open(options: Partial<TrackerOptions> = {}, tab = new FakeTab(browser)): PageTracker {
    return trackerOn(tab, { ...OPTIONS, ...options })
  }
  async function opened(options: Partial<TrackerOptions> = {}, tab = new FakeTab(browser)): Promise<PageTracker> {
    const tracker = open(options, tab)
    await browser.advance(0)
    return tracker
  }
  const types = () => browser.calls.map(({ body }) => body.events.map(({ type }) => type).join(' '))
  const times = () => browser.calls.map(({ atMs }) => atMs)
  const storedIds = () => browser.calls.flatMap(({ body }) => body.events.map(({ id }) => id))
  const queued = () => [...(browser.storage?.entries.keys() ?? [])].filter((key) => key.startsWith('tracardi-queue:'))

  describe('while the page loads', () => {
    it('holds all events for one call at the end of loading, after the listeners of the page', async () => {
      const tab = new FakeTab(browser, false)
      const tracker = open({}, tab)
      for (let number = 1; number <= 11; number += 1) void tracker.track(`e${number}`)
      await browser.advance(4000)
      assert.deepEqual(types(), [])
      tab.finishLoading()
      void tracker.track('e12')
      await browser.advance(0)
      assert.deepEqual(types(), ['e1 e2 e3 e4 e5 e6 e7 e8 e9 e10 e11 e12'])
    })

    it('sends what it has after 10 s, when loading does not end', async () => {
      const tracker = open({}, new FakeTab(browser, false))
      void tracker.track('a')
      await browser.advance(9999)
      assert.deepEqual(types(), [])
      await browser.advance(1)
      assert.deepEqual(types(), ['a'])
    })

    it('sends nothing when there is nothing', async () => {
      await opened()
      assert.deepEqual(browser.calls, [])
    })

    it('registers the events that the options name, at its end', async () => {
      await opened({ autoEvents: [['page-view', { page: 'home' }], ['visit']] })
      await browser.advance(60_000)
      assert.deepEqual(types(), ['page-view visit'])
    })
  })

  describe('after loading', () => {
    it('sends a bulk 5 s after its first event', async () => {
      const tracker = await opened()
      void tracker.track('a')
      await browser.advance(3000)
      void tracker.track('b')
      await browser.advance(1000)
      void tracker.track('c')
      await browser.advance(999)
      assert.deepEqual(types(), [])
      await browser.advance(2001)
      void tracker.track('d')
      await browser.advance(10_000)
      assert.deepEqual(
        [types(), times()],
        [
          ['a b c', 'd'],
          [5000, 12_000],
        ],
      )
    })

    it('lets the next bulk wait again when one was sent before its time', async () => {
      const tracker = await opened()
      void tracker.track('a')
      await browser.advance(1000)
      await tracker.flush()
      await browser.advance(1000)
      void tracker.track('b')
      await browser.advance(10_000)
      assert.deepEqual(times(), [1000, 7000])
    })

    it('sends a bulk immediately when it has as many events, or bytes, as it may', async () => {
      const tracker = await opened({ bulkEvents: 3, bulkBytes: 2000 })
      for (const type of ['a', 'b', 'c', 'd']) void tracker.track(type)
      await browser.advance(0)
      assert.deepEqual(types(), ['a b c', 'd'])
      void tracker.track('large', { text: 'x'.repeat(2000) })
      await browser.advance(0)
      assert.deepEqual(types(), ['a b c', 'd', 'large'])
      void tracker.track('small')
      await browser.advance(0)
      assert.equal(browser.calls.length, 3)
    })

    it('sends an event with fire immediately, and waiting events with it', async () => {
      const tracker = await opened()
      void tracker.track('a')
      void tracker.track('b', {}, { fire: true })
      await browser.advance(0)
      void tracker.track('c', {}, { asBeacon: true })
      await browser.advance(0)
      assert.deepEqual(
        [types(), times()],
        [
          ['a b', 'c'],
          [0, 0],
        ],
      )
    })

    it('sends waiting events when the page asks for it', async () => {
      const tracker = await opened()
      void tracker.track('a')
      await tracker.flush()
      assert.deepEqual(types(), ['a'])
      await browser.advance(60_000)
      assert.equal(browser.calls.length, 1)
    })
  })

  describe('a call', () => {
    it('is what Tracardi takes, with an id for each event', async () => {
      const tab = new FakeTab(browser)
      tab.options = { profile: true }
      const tracker = open({}, tab)
      const more = { context: { shop: 1 }, fire: true, saveEvent: true }
      const result = tracker.track('Page View', { page: 'home' }, more)
      await browser.advance(0)
      const [call] = browser.calls
      const id = call?.body.events[0]?.id
      assert.deepEqual(call, {
        url: 'https://events.example.com/track',
        keepalive: true,
        atMs: 0,
        body: {
          source: { id: 'shop' },
          sentAt: '2026-11-23T12:00:00.000Z',
          session: { id: browser.cookies.get('tracardi-session-id')?.value },
          profile: { id: browser.storage?.getItem('tracardi-profile-id') },
          context: { time: { tz: 'Europe/Berlin' } },
          options: { profile: true },
          events: [
            {
              id,
              type: 'Page View',
              time: { create: '2026-11-23T12:00:00.000Z' },
              properties: { page: 'home' },
              options: { saveEvent: true },
              context: { page: { url: 'https://shop.example.com/' }, shop: 1 },
            },
          ],
        },
      })
      assert.match(id ?? '', /^01a20846-fe00-7\d{3}-8/)
      assert.deepEqual(await result, { status: 200, data: {} })
    })

    it('is never larger than its limits: a full queue goes in several, one after the other', async () => {
      const tracker = await opened({ bulkEvents: 2 })
      browser.answer = () => new Promise((resolve) => browser.addTimer(100, () => resolve(STORED)))
      for (const type of ['a', 'b', 'c', 'd', 'e']) void tracker.track(type, {}, { fire: true })
      await browser.advance(1000)
      assert.deepEqual(
        [types(), times()],
        [
          ['a b', 'c d', 'e'],
          [0, 100, 200],
        ],
      )
    })

    it('takes null for properties and options, as Tracardi does', async () => {
      const tracker = await opened()
      void tracker.track('a', null, null)
      await tracker.flush()
      assert.deepEqual(types(), ['a'])
    })

    it('omits an event that is not JSON, and reports it', async () => {
      const tracker = await opened()
      assert.equal(await tracker.track('a', { n: 1n }), undefined)
      assert.deepEqual(browser.warnings, ['dropped a: TypeError: Do not know how to serialize a BigInt'])
    })
  })

  describe('session and profile', () => {
    it('keeps a session for 30 minutes after its last event, in the cookie of Tracardi', async () => {
      const tracker = await opened()
      const next = async (afterMs: number) => {
        await browser.advance(afterMs)
        void tracker.track('a', {}, { fire: true })
        await browser.advance(0)
        return browser.calls.at(-1)?.body.session.id
      }
      const first = await next(0)
      assert.equal(await next(29 * 60_000), first)
      assert.equal(await next(29 * 60_000), first)
      assert.notEqual(await next(30 * 60_000), first)
    })

    it('sends the events of two sessions in two calls', async () => {
      const tracker = await opened()
      browser.answer = () => undefined
      void tracker.track('a', {}, { fire: true })
      await browser.advance(0)
      browser.cookies.clear()
      browser.answer = () => STORED
      browser.nowMs += 31 * 60_000
      void tracker.track('b')
      void tracker.track('c')
      await browser.advance(5000)
      assert.deepEqual(types(), ['a', 'a', 'b c'])
    })

    it('makes a profile id once, so that a first call which is repeated makes no second profile', async () => {
      browser.answer = ({ atMs }) => (atMs < 1000 ? undefined : STORED)
      const tracker = await opened()
      void tracker.track('a', {}, { fire: true })
      await browser.advance(2000)
      assert.ok(browser.calls.length >= 2)
      assert.equal(new Set(browser.calls.map(({ body }) => body.profile.id)).size, 1)
    })

    it('takes over the profile that the API answers, for this page and the next', async () => {
      browser.answer = () => ({ ...STORED, data: { profile: { id: 'p-1' } } })
      const tracker = await opened()
      for (const page of [tracker, tracker, await opened()]) {
        void page.track('a', {}, { fire: true })
        await browser.advance(0)
      }
      assert.deepEqual(
        browser.calls.slice(1).map(({ body }) => body.profile.id),
        ['p-1', 'p-1'],
      )
    })

    it('sends the profile that the page knows, whatever the API answers', async () => {
      browser.answer = () => ({ ...STORED, data: { profile: { id: 'other' } } })
      const tracker = await opened({ profile: 'customer-7' })
      for (const type of ['a', 'b']) {
        void tracker.track(type, {}, { fire: true })
        await browser.advance(0)
      }
      const next = await opened()
      void next.track('c', {}, { fire: true })
      await browser.advance(0)
      assert.deepEqual(
        browser.calls.map(({ body }) => body.profile.id),
        ['customer-7', 'customer-7', 'customer-7'],
      )
    })
  })

  describe('when the API does not take a call', () => {
    const failing = (until: number, status: number, retryAfter: string | null = null) => {
      browser.answer = () => (browser.calls.length <= until ? { status, retryAfter, data: {} } : STORED)
    }

    it('repeats it with the same ids after a random wait', async () => {
      failing(2, 500)
      const tracker = await opened()
      void tracker.track('a', {}, { fire: true })
      await browser.advance(60_000)
      // Halves of 1 s and of 2 s.
      assert.deepEqual(times(), [0, 500, 1500])
      // By the clock of the browser, which the API corrects by it.
      const sentAt = ['00.000', '00.500', '01.500'].map((seconds) => `2026-11-23T12:00:${seconds}Z`)
      assert.deepEqual(
        browser.calls.map(({ body }) => body['sentAt']),
        sentAt,
      )
      assert.equal(new Set(storedIds()).size, 1)
      assert.deepEqual(queued(), [])
    })

    it('begins with small waits again after a success', async () => {
      failing(3, 500)
      const tracker = await opened()
      void tracker.track('a', {}, { fire: true })
      await browser.advance(10_000)
      assert.deepEqual(times(), [0, 500, 1500, 3500])
      failing(5, 500)
      void tracker.track('b', {}, { fire: true })
      await browser.advance(10_000)
      assert.deepEqual(times().slice(4), [10_000, 10_500])
    })

    it('repeats it together with what was registered since', async () => {
      failing(1, 503, '20')
      const tracker = await opened()
      void tracker.track('a', {}, { fire: true })
      await browser.advance(1000)
      void tracker.track('b')
      await browser.advance(60_000)
      assert.deepEqual(types(), ['a', 'a b'])
    })

    it('honours Retry-After, and adds what keeps clients from coming back together', async () => {
      failing(1, 503, '2')
      const tracker = await opened()
      void tracker.track('a', {}, { fire: true })
      await browser.advance(60_000)
      assert.deepEqual(times(), [0, 2500])
    })

    it('honours it also for new events, for fire, after a reload and at the end of the page', async () => {
      failing(1, 503, '10')
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      void tracker.track('a', {}, { fire: true })
      await browser.advance(100)
      void tracker.track('b', {}, { fire: true })
      await browser.advance(100)
      tab.close()
      await opened()
      await browser.advance(60_000)
      assert.deepEqual(
        [types(), times()],
        [
          ['a', 'a b'],
          [0, 10_500],
        ],
      )
    })

    it('continues immediately when the network is back', async () => {
      browser.answer = () => undefined
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      void tracker.track('a', {}, { fire: true })
      await browser.advance(10_000)
      browser.answer = () => STORED
      const before = browser.calls.length
      tab.fire('online')
      await browser.advance(0)
      assert.equal(browser.calls.length, before + 1)
      assert.deepEqual(queued(), [])
    })

    it('finds the one event that is refused, drops it, reports it, and stores the others', async () => {
      browser.answer = ({ body }) =>
        body.events.some(({ type }) => type === 'bad')
          ? { status: 422, retryAfter: null, data: { detail: [] } }
          : STORED
      const tracker = await opened()
      const good = ['a', 'b', 'c', 'd', 'e', 'f'].map((type) => tracker.track(type))
      const bad = tracker.track('bad')
      await browser.advance(5000)
      assert.deepEqual(await bad, { status: 422, data: { detail: [] } })
      for (const result of await Promise.all(good)) assert.equal(result?.status, 200)
      assert.deepEqual(queued(), [])
      assert.equal(browser.warnings.length, 1)
      assert.match(browser.warnings[0] ?? '', /^refused \(422\): \{"id":"[-0-9a-f]+","type":"bad"/)
      // Halved until it is alone, then doubled again.
      assert.deepEqual(types(), ['a b c d e f bad', 'a b c d', 'e f bad', 'e f', 'bad'])
      for (const type of ['bad', 'g', 'h', 'i', 'j', 'k']) void tracker.track(type)
      await browser.advance(5000)
      assert.deepEqual(types().slice(5), ['bad g h i j k', 'bad g h', 'bad g', 'bad', 'g', 'h i', 'j k'])
    })

    it('drops what could not be sent for six days, and reports it', async () => {
      browser.answer = () => undefined
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      void tracker.track('a')
      tab.close()
      await browser.advance(0)
      browser.answer = () => STORED
      browser.nowMs += 6 * DAY_MS + 1
      await opened()
      assert.deepEqual(browser.warnings, ['dropped 1 events after 144 hours'])
      assert.deepEqual(queued(), [])
      assert.equal(browser.calls.length, 1)
    })

    it('keeps no more events than it may, and reports what it drops', async () => {
      browser.answer = () => undefined
      const tracker = await opened({ queueEvents: 3 })
      for (const type of ['a', 'b', 'c']) void tracker.track(type)
      assert.equal(await tracker.track('one too many'), undefined)
      assert.deepEqual(browser.warnings, ['dropped one too many: Error: 3 events wait'])
    })
  })

  for (const status of [401, 403]) {
    it(`says once that it is answered ${status}, to track() as well, keeps the events, and sends them once the source is fixed`, async () => {
      const data = { detail: 'Access denied.' }
      browser.answer = () => ({ status, retryAfter: null, data })
      const tracker = await opened()
      const results: (Result | undefined)[] = []
      void tracker.track('a').then((answer) => results.push(answer))
      await browser.advance(5000)
      assert.equal(results.length, 1)
      void tracker.track('b').then((answer) => results.push(answer))
      await browser.advance(20_000)
      assert.deepEqual(results, Array(2).fill({ status, data }))
      assert.ok(browser.calls.length > 2)
      assert.equal(browser.warnings.length, 1)
      assert.match(browser.warnings[0] ?? '', new RegExp(`^refused \\(${status}\\): .*"type":"a".*"Access denied\\."`))
      browser.answer = () => STORED
      await browser.advance(120_000)
      assert.deepEqual([queued(), browser.warnings.length, browser.calls.at(-1)?.body.events.length], [[], 1, 2])
    })
  }

  describe('at the end of a page', () => {
    it('sends waiting events in a call that outlives it, when the page is hidden, and not again when it is left', async () => {
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      void tracker.track('a')
      void tracker.track('b')
      tab.hidden = true
      tab.fire('visibilitychange')
      tab.close()
      assert.deepEqual(types(), ['a b'])
      assert.equal(browser.calls[0]?.keepalive, true)
    })

    it('repeats what failed when the page was hidden, as soon as it may', async () => {
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      browser.answer = () => (browser.calls.length === 1 ? undefined : STORED)
      void tracker.track('a')
      void tracker.track('b')
      tab.hidden = true
      tab.fire('visibilitychange')
      await browser.advance(1000)
      assert.deepEqual(types(), ['a b', 'a b'])
      assert.deepEqual(queued(), [])
    })

    it('counts what is under way only while it is', async () => {
      const tracker = await opened()
      for (let number = 0; number < 3; number += 1) {
        void tracker.track('a', { text: 'x'.repeat(30_000) }, { fire: true })
        await browser.advance(0)
      }
      assert.deepEqual(
        browser.calls.map(({ keepalive }) => keepalive),
        [true, true, true],
      )
    })

    it('sends nothing when the page is shown', async () => {
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      void tracker.track('a')
      tab.fire('visibilitychange')
      tab.fire('pageshow')
      await browser.advance(0)
      assert.deepEqual(types(), [])
    })

    it('stays within 60 KiB; the rest is sent by the next page', async () => {
      const tab = new FakeTab(browser)
      const tracker = await opened({ bulkEvents: 1000, bulkBytes: 1_000_000 }, tab)
      for (let number = 0; number < 100; number += 1) void tracker.track('a', { text: '€'.repeat(300) })
      tab.close()
      const sizes = browser.calls.map(({ body }) => Buffer.byteLength(JSON.stringify(body)))
      assert.ok(
        sizes.every((bytes) => bytes <= 61_440 && bytes > 59_000),
        String(sizes),
      )
      assert.equal(sizes.length, 1)
      assert.ok(browser.calls.every(({ keepalive }) => keepalive))
      await opened()
      await browser.advance(0)
      // What nobody has seen an answer to is sent again; its ids make that harmless.
      assert.equal(new Set(storedIds()).size, 100)
      assert.deepEqual(queued(), [])
    })

    it('sends a call that is too large for that without keepalive', async () => {
      const tracker = await opened()
      void tracker.track('a', { text: 'x'.repeat(70_000) }, { fire: true })
      await browser.advance(0)
      assert.deepEqual(
        browser.calls.map(({ keepalive }) => keepalive),
        [false],
      )
    })

    it('sends no event of another tab: that one does', async () => {
      const [tab, other] = [new FakeTab(browser), new FakeTab(browser)]
      const [tracker, otherTracker] = [await opened({}, tab), await opened({}, other)]
      void tracker.track('mine')
      void otherTracker.track('theirs')
      tab.close()
      assert.deepEqual(types(), ['mine'])
    })

    it('continues where it was when the page comes back', async () => {
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      browser.answer = () => undefined
      void tracker.track('a', {}, { fire: true })
      await browser.advance(100)
      tab.fire('pagehide')
      await browser.advance(10_000)
      const before = browser.calls.length
      browser.answer = () => STORED
      tab.fire('pageshow')
      await browser.advance(0)
      assert.deepEqual(types().slice(before), ['a'])
      assert.deepEqual(queued(), [])
    })

    it('registers the events that the options name again when the page comes back', async () => {
      const tab = new FakeTab(browser)
      await opened({ autoEvents: [['page-view']] }, tab)
      await browser.advance(5000)
      tab.fire('pagehide')
      tab.fire('pageshow')
      await browser.advance(5000)
      assert.deepEqual(types(), ['page-view', 'page-view'])
    })
  })

  describe('after a reload', () => {
    it('sends what the page before it left, with its own events, in one call', async () => {
      const tab = new FakeTab(browser)
      const before = await opened({}, tab)
      browser.answer = () => undefined
      void before.track('a')
      tab.close()
      browser.answer = () => STORED
      await browser.advance(1)
      const loading = new FakeTab(browser, false)
      const tracker = open({}, loading)
      void tracker.track('b')
      loading.finishLoading()
      await browser.advance(0)
      assert.deepEqual(types(), ['a', 'a b'])
      assert.equal(storedIds()[0], storedIds()[1])
    })
  })

  describe('in two tabs', () => {
    it('one sends at a time; the other one’s events go with it', async () => {
      browser.answer = () => new Promise((resolve) => browser.addTimer(100, () => resolve(STORED)))
      const [one, two] = [await opened(), await opened()]
      const results: (Result | undefined)[] = []
      void one.track('a', {}, { fire: true })
      await browser.advance(10)
      void two.track('b', {}, { fire: true })
      void one.track('c').then((result) => results.push(result))
      await browser.advance(10_000)
      assert.deepEqual(
        [types(), times()],
        [
          ['a', 'b c'],
          // The storage of the second tab may not know yet what the first one has removed.
          [0, 150],
        ],
      )
      assert.deepEqual(results, [undefined])
    })

    it('the next one takes over when the one that sends is closed', async () => {
      const tab = new FakeTab(browser)
      const one = await opened({}, tab)
      const two = await opened()
      browser.answer = () => undefined
      void one.track('a', {}, { fire: true })
      await browser.advance(100)
      void two.track('b', {}, { fire: true })
      await browser.advance(100)
      assert.deepEqual(types(), ['a'])
      browser.answer = () => STORED
      tab.fire('pagehide')
      await browser.advance(50)
      assert.deepEqual(types(), ['a', 'a b'])
      assert.deepEqual(queued(), [])
    })

    it('the one that waits for the other can be left, and comes back', async () => {
      const tab = new FakeTab(browser)
      const [one, two] = [await opened(), await opened({}, tab)]
      browser.answer = () => new Promise((resolve) => browser.addTimer(1000, () => resolve(STORED)))
      void one.track('a', {}, { fire: true })
      await browser.advance(10)
      void two.track('b')
      const flushed = two.flush()
      await browser.advance(10)
      tab.fire('pagehide')
      await browser.advance(2000)
      assert.equal(await flushed, undefined)
      assert.deepEqual(types(), ['a', 'b'])
      tab.fire('pageshow')
      await browser.advance(2000)
      assert.deepEqual([types(), queued()], [['a', 'b'], []])
    })

    it('sends without locks where the browser has none', async () => {
      browser.hasLocks = false
      const tracker = await opened()
      void tracker.track('a', {}, { fire: true })
      await browser.advance(0)
      assert.deepEqual([types(), queued()], [['a'], []])
    })
  })

  describe('where the browser keeps nothing', () => {
    beforeEach(() => {
      browser.storage = undefined
    })

    it('sends from memory, in one session, and touches neither cookies nor locks', async () => {
      const tab = new FakeTab(browser)
      Object.assign(tab, { locks: { request: () => assert.fail('a lock') } })
      const tracker = await opened({}, tab)
      for (const type of ['a', 'b']) {
        void tracker.track(type, {}, { fire: true })
        await browser.advance(0)
      }
      assert.deepEqual(types(), ['a', 'b'])
      assert.equal(new Set(browser.calls.map(({ body }) => body.session.id)).size, 1)
      assert.equal(new Set(browser.calls.map(({ body }) => body.profile.id)).size, 1)
      assert.equal(browser.cookies.size, 0)
    })

    it('sends waiting events at the end of the page, even in a pause: they would be lost otherwise', async () => {
      browser.answer = () => ({ status: 503, retryAfter: '10', data: {} })
      const tab = new FakeTab(browser)
      const tracker = await opened({}, tab)
      void tracker.track('a', {}, { fire: true })
      await browser.advance(100)
      tab.close()
      assert.deepEqual(
        [types(), times()],
        [
          ['a', 'a'],
          [0, 100],
        ],
      )
    })

    it('loses nothing when storage is full', async () => {
      browser.storage = new FakeStorage()
      const tracker = await opened()
      browser.storage.quota = browser.storage.length
      void tracker.track('a', {}, { fire: true })
      await browser.advance(0)
      assert.deepEqual(types(), ['a'])
    })
  })

  describe('where storage is full', () => {
    const fill = () => {
      if (browser.storage) browser.storage.quota = browser.storage.length
    }
    const sendOne = async (options: Partial<TrackerOptions> = {}) => {
      const tracker = await opened(options)
      void tracker.track('page-view', {}, { fire: true })
      await browser.advance(0)
    }
    const visitors = () => browser.calls.map(({ body }) => `${body.profile.id} ${body.session.id}`)

    it('keeps the refusal that is in it', async () => {
      open().consent(false)
      fill()
      await sendOne()
      assert.deepEqual(browser.calls, [])
    })

    it('keeps the consent that is in it', async () => {
      open({ requireConsent: true }).consent(true)
      fill()
      await sendOne({ requireConsent: true })
      assert.deepEqual(types(), ['page-view'])
    })

    it('keeps a refusal that it does not take', async () => {
      await sendOne()
      browser.storage?.setItem('theirs', 'x')
      open().consent(true)
      // Others fill what is left, and what the library removes is not enough.
      browser.storage?.removeItem('tracardi-consent')
      if (browser.storage) browser.storage.quota = 0
      open().consent(false)
      browser.calls.length = 0
      await sendOne()
      assert.deepEqual(browser.calls, [])
    })

    it('replaces a refusal by a consent that it does not take', async () => {
      open({ requireConsent: true }).consent(false)
      if (browser.storage) browser.storage.setItem = () => assert.fail('QuotaExceededError')
      open({ requireConsent: true }).consent(true)
      await sendOne({ requireConsent: true })
      assert.deepEqual(types(), ['page-view'])
    })

    it('removes a refusal from the cookie when storage takes the consent', async () => {
      const setItem = browser.storage?.setItem
      if (browser.storage) browser.storage.setItem = () => assert.fail('QuotaExceededError')
      open({ requireConsent: true }).consent(false)
      if (browser.storage && setItem) browser.storage.setItem = setItem
      open({ requireConsent: true }).consent(true)
      assert.equal(browser.cookies.has('tracardi-consent'), false)
      await sendOne({ requireConsent: true })
      assert.deepEqual(types(), ['page-view'])
    })

    it('keeps profile and session from page to page, those that are in it and new ones', async () => {
      await sendOne()
      fill()
      await sendOne()
      browser.storage?.entries.clear()
      browser.cookies.clear()
      fill()
      await sendOne()
      await sendOne()
      const [first, second, third, fourth] = visitors()
      assert.equal(second, first)
      assert.notEqual(third, first)
      assert.equal(fourth, third)
    })

    it('forgets a profile that it did not take when the visitor refuses', async () => {
      fill()
      await sendOne()
      assert.equal(browser.cookies.has('tracardi-profile-id'), true)
      open().consent(false)
      assert.deepEqual([...browser.cookies.keys()], ['tracardi-consent'])
    })

    it('sends what an earlier page left in it', async () => {
      browser.answer = () => undefined
      const tab = new FakeTab(browser)
      void (await opened({}, tab)).track('a', {}, { fire: true })
      await browser.advance(0)
      tab.close()
      fill()
      browser.answer = () => STORED
      browser.calls.length = 0
      await opened()
      assert.deepEqual([types(), queued()], [['a'], []])
    })
  })

  describe('in a page that is prerendered', () => {
    async function prerendered(options: Partial<TrackerOptions> = {}): Promise<[FakeTab, PageTracker]> {
      const tab = new FakeTab(browser)
      tab.prerendering = true
      return [tab, await opened(options, tab)]
    }

    it('registers, keeps and sends nothing until the page is shown', async () => {
      const [, tracker] = await prerendered({ autoEvents: [['page-view']] })
      void tracker.track('a', {}, { fire: true })
      await tracker.flush()
      await browser.advance(60_000)
      assert.deepEqual([browser.calls, [...(browser.storage?.entries ?? [])], browser.cookies.size], [[], [], 0])
    })

    it('registers what happened when it is shown, with that time', async () => {
      const [tab, tracker] = await prerendered({ autoEvents: [['page-view']] })
      void tracker.track('a', {}, { fire: true })
      await browser.advance(60_000)
      tab.activate()
      await browser.advance(0)
      assert.deepEqual(types(), ['page-view a'])
      const [event] = browser.calls[0]?.body.events ?? []
      assert.deepEqual((event as unknown as { time: unknown }).time, { create: '2026-11-23T12:01:00.000Z' })
    })

    it('notifies the page when it is ready when it is shown', async () => {
      let ready = 0
      const [tab] = await prerendered({ listeners: { onInit: () => (ready += 1) } })
      assert.equal(ready, 0)
      tab.activate()
      await browser.advance(0)
      assert.equal(ready, 1)
    })
  })

  describe('privacy', () => {
    const traces = () => [...(browser.storage?.entries.keys() ?? []), ...browser.cookies.keys()]

    it('tracks and stores nothing where Do Not Track or Global Privacy Control is on and respected', async () => {
      browser.signals = { doNotTrack: true, globalPrivacyControl: true }
      for (const setting of ['respectDoNotTrack', 'respectGlobalPrivacyControl']) {
        const tracker = await opened({ [setting]: true, autoEvents: [['page-view']] })
        assert.equal(await tracker.track('a', {}, { fire: true }), undefined)
        await browser.advance(60_000)
      }
      assert.deepEqual([browser.calls, traces()], [[], []])
    })

    it('holds events until the visitor agrees, in memory, and then sends them with the time they happened', async () => {
      const tracker = await opened({ requireConsent: true, autoEvents: [['page-view']] })
      void tracker.track('a', {}, { fire: true })
      await browser.advance(7000)
      assert.deepEqual([browser.calls, traces()], [[], []])
      tracker.consent(true)
      await browser.advance(0)
      assert.deepEqual(types(), ['page-view a'])
      const [event] = browser.calls[0]?.body.events ?? []
      assert.deepEqual((event as unknown as { time: unknown }).time, { create: '2026-11-23T12:00:00.000Z' })
    })

    it('remembers what the visitor has said', async () => {
      const tracker = await opened({ requireConsent: true })
      tracker.consent(true)
      const next = await opened({ requireConsent: true })
      void next.track('a', {}, { fire: true })
      await browser.advance(0)
      assert.deepEqual(types(), ['a'])
    })

    it('forgets everything when the visitor refuses, and keeps only that', async () => {
      browser.answer = () => ({ status: 503, retryAfter: '10', data: {} })
      const tracker = await opened()
      const waiting = tracker.track('a', {}, { fire: true })
      await browser.advance(0)
      tracker.consent(false)
      assert.equal(await waiting, undefined)
      assert.equal(await tracker.track('b', {}, { fire: true }), undefined)
      await browser.advance(60_000)
      assert.equal(browser.calls.length, 1)
      assert.deepEqual([...(browser.storage?.entries ?? [])], [['tracardi-consent', 'no']])
      assert.deepEqual(
        [...browser.cookies.values()].filter(({ endsMs }) => endsMs > browser.nowMs),
        [],
      )
    })

    it('sends what was held once, however often the visitor agrees', async () => {
      const told: string[] = []
      const listeners = { onInit: () => told.push('init') }
      const tracker = await opened({ requireConsent: true, listeners })
      void tracker.track('a')
      for (let times = 0; times < 2; times += 1) {
        tracker.consent(true)
        await browser.advance(60_000)
      }
      assert.deepEqual([types(), told], [['a'], ['init']])
    })

    it('begins a new session and a new profile when a visitor who has refused agrees', async () => {
      const tracker = await opened()
      for (const consent of [true, false, true]) {
        tracker.consent(consent)
        void tracker.track('a', {}, { fire: true })
        await browser.advance(0)
      }
      assert.equal(browser.calls.length, 2)
      assert.equal(new Set(browser.calls.map(({ body }) => body.session.id)).size, 2)
      assert.equal(new Set(browser.calls.map(({ body }) => body.profile.id)).size, 2)
    })

    it('holds no more events than it may', async () => {
      const tracker = await opened({ requireConsent: true, queueEvents: 2 })
      void tracker.track('a')
      void tracker.track('b')
      assert.equal(await tracker.track('c'), undefined)
      assert.deepEqual(browser.warnings, ['dropped c: Error: 2 events wait'])
    })

    it('forgets the visitor when the page asks for it, and waiting events, and keeps what the visitor has said', async () => {
      const tracker = await opened({ requireConsent: true })
      tracker.consent(true)
      browser.answer = () => undefined
      let settled = 0
      void tracker.track('a', {}, { fire: true }).then(() => (settled += 1))
      await browser.advance(0)
      const before = browser.calls[0]?.body
      tracker.forget()
      await browser.advance(0)
      assert.deepEqual(
        [[...(browser.storage?.entries ?? [])], browser.cookies.size],
        [[['tracardi-consent', 'yes']], 0],
      )
      browser.answer = () => STORED
      void tracker.track('b', {}, { fire: true })
      await browser.advance(60_000)
      const after = browser.calls.at(-1)?.body
      assert.deepEqual([settled, after?.events.map(({ type }) => type)], [1, ['b']])
      assert.notEqual(after?.profile.id, before?.profile.id)
      assert.notEqual(after?.session.id, before?.session.id)
    })

    it('drops what was held when the visitor refuses', async () => {
      const tracker = await opened({ requireConsent: true })
      const held = tracker.track('a')
      tracker.consent(false)
      assert.equal(await held, undefined)
      await browser.advance(60_000)
      assert.deepEqual(browser.calls, [])
    })

    it('takes nothing over from an answer that comes after the visitor has refused', async () => {
      browser.answer = () =>
        new Promise((resolve) => browser.addTimer(100, () => resolve({ ...STORED, data: { profile: { id: 'p-1' } } })))
      const tracker = await opened()
      void tracker.track('a', {}, { fire: true })
      await browser.advance(10)
      tracker.consent(false)
      await browser.advance(1000)
      assert.deepEqual([...(browser.storage?.entries ?? [])], [['tracardi-consent', 'no']])
    })
  })

  describe('listeners', () => {
    it('are reported once that the library is ready, and once of the first answer', async () => {
      browser.answer = () => ({ ...STORED, data: { profile: { id: 'p-1' } } })
      const told: unknown[] = []
      const listeners = {
        onInit: ({ session }: { session: unknown }) => told.push(session),
        onContextReady: ({ context }: { context: unknown }) => told.push(context),
      }
      const tracker = await opened({ listeners })
      for (const type of ['a', 'b']) {
        void tracker.track(type, {}, { fire: true })
        await browser.advance(0)
      }
      const session = { id: browser.calls[0]?.body.session.id }
      assert.deepEqual(told, [session, { profile: { id: 'p-1' } }])
    })

    const readyOf = () => {
      const contexts: unknown[] = []
      return { contexts, listeners: { onContextReady: ({ context }: { context: unknown }) => contexts.push(context) } }
    }

    it('are notified a second after the end of loading, with the ids, while the API does not answer', async () => {
      const { contexts, listeners } = readyOf()
      browser.answer = () => ({ status: 503, retryAfter: '30', data: { detail: 'later' } })
      const tab = new FakeTab(browser, false)
      void open({ listeners }, tab).track('a')
      await browser.advance(3000)
      tab.finishLoading()
      await browser.advance(999)
      assert.deepEqual(contexts, [])
      await browser.advance(1)
      const { session, profile } = browser.calls[0]?.body ?? assert.fail()
      assert.deepEqual(contexts, [{ profile, session }])
      browser.answer = () => STORED
      await browser.advance(60_000)
      assert.equal(contexts.length, 1)
    })

    it('are notified in a tab whose events another tab has sent, and in one without events', async () => {
      const { contexts, listeners } = readyOf()
      let finish = () => {}
      browser.answer = () => new Promise((resolve) => (finish = () => resolve(STORED)))
      const first = await opened()
      void first.track('a', {}, { fire: true })
      await browser.advance(0)
      const second = await opened({ listeners })
      void second.track('b')
      await opened({ listeners })
      await browser.advance(1000)
      finish()
      await browser.advance(60_000)
      assert.equal(contexts.length, 2)
    })

    it('are notified when the visitor has agreed, not before', async () => {
      const { contexts, listeners } = readyOf()
      const tracker = await opened({ listeners, requireConsent: true })
      await browser.advance(60_000)
      assert.deepEqual(contexts, [])
      tracker.consent(true)
      await browser.advance(1000)
      assert.equal(contexts.length, 1)
    })

    it('send with the helpers immediately, and get the answer', async () => {
      const results: (Result | undefined)[] = []
      await opened({
        listeners: {
          onInit: ({ helpers }) => void helpers.track('clicked').then((result) => results.push(result)),
        },
      })
      await browser.advance(0)
      assert.deepEqual(types(), ['clicked'])
      assert.deepEqual(results, [{ status: 200, data: {} }])
    })

    it('are bound to elements by the helpers', async () => {
      const { helpers } = await opened()
      const button = new EventTarget()
      const heard: string[] = []
      helpers.onClick(button, () => heard.push('click'))
      helpers.addListener(button, 'mouseover', () => heard.push('mouseover'))
      for (const type of ['click', 'mouseover']) button.dispatchEvent(new Event(type))
      assert.deepEqual(heard, ['click', 'mouseover'])
      const others = [new EventTarget(), new EventTarget()]
      helpers.onClick(others, () => heard.push('one of two'))
      for (const other of others) other.dispatchEvent(new Event('click'))
      assert.deepEqual(heard.slice(2), ['one of two', 'one of two'])
    })
  })
})
