import assert from 'node:assert/strict'
import { derivedOf, hitOf, sessionStart } from '../../../runtime/api/derived.ts'
import { Verbatim } from '../../../runtime/search/documents.ts'
import { buildApi, closeApis, eventsOf, fixedSources, goodCall, trackCall } from '../../support/api.ts'

const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15'
const BOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'

describe('the fields that Tracardi derives', () => {
  it('are device, system and program of a user agent', () => {
    assert.deepEqual(derivedOf({}, WINDOWS), {
      device: { type: 'pc', touch: false },
      os: { name: 'Windows', version: '10' },
      app: { type: 'browser', name: 'Chrome', version: '142.0.0.0', bot: false },
    })
    assert.deepEqual(derivedOf({}, IPHONE), {
      device: { brand: 'Apple', model: 'iPhone', type: 'mobile', touch: true },
      os: { name: 'iOS', version: '18.5' },
      app: { type: 'browser', name: 'Safari', version: '18.5', bot: false },
    })
    assert.deepEqual(derivedOf({}, MAC).os, { name: 'Mac OS X', version: '10.15.7' })
    assert.equal(derivedOf({}, BOT).app?.['bot'], true)
  })

  it('are those of the context before those of the request', () => {
    const browser = { local: { browser: { userAgent: IPHONE, language: 'pl-PL' } } }
    const { os, app } = derivedOf({ context: { browser } }, WINDOWS)
    assert.deepEqual([os?.['name'], app?.['language']], ['iOS', 'pl-PL'])
  })

  it('have the screen of the context', () => {
    const local = { width: 390, height: 844, colorDepth: 24, orientation: 'portrait-primary' }
    assert.deepEqual(derivedOf({ context: { screen: { local } } }, undefined), {
      device: { resolution: '390x844', color_depth: 24, orientation: 'portrait-primary' },
    })
  })

  it('are missing if nothing says them, or what says them is none', () => {
    for (const agent of [undefined, '', 'x'.repeat(513)]) assert.deepEqual(derivedOf({}, agent), {})
    const contexts: Record<string, unknown>[] = [
      { browser: 'x', screen: [] },
      { browser: { local: null }, screen: { local: 7 } },
      { browser: { local: { browser: { language: '\ud800', userAgent: 7 } } } },
      { screen: { local: { width: '390', height: 844, colorDepth: 1.5, orientation: '' } } },
      { screen: { local: { width: -1, height: 1e9, colorDepth: -3 } } },
    ]
    for (const context of contexts) assert.deepEqual(derivedOf({ context }, undefined), {}, JSON.stringify(context))
  })

  it('stay the same for more user agents than are kept', () => {
    const first = derivedOf({}, WINDOWS)
    for (let number = 0; number < 1100; number += 1) derivedOf({}, `${WINDOWS} ${number}`)
    assert.deepEqual(derivedOf({}, WINDOWS), first)
  })

  it('are title, address and referring host of the page of an event, from an object or its text', () => {
    const page = { title: 'Garden', url: 'https://shop.example.com/garden', referer: { host: 'search.example.com' } }
    const hit = { name: 'Garden', url: 'https://shop.example.com/garden', referer: 'search.example.com' }
    assert.deepEqual(hitOf({ page }), hit)
    assert.deepEqual(hitOf(new Verbatim(JSON.stringify({ a: 1, page }))), hit)
    for (const none of [undefined, null, {}, { page: 'x' }, { page: { title: '', referer: 7 } }])
      assert.equal(hitOf(none), undefined)
    assert.equal(hitOf(new Verbatim('{"a":1}')), undefined)
    assert.equal(hitOf(new Verbatim('{"page":7}')), undefined)
  })

  it('have the beginning of a session: as an import says it, or of the time in its id', () => {
    const nowMs = Date.parse('2026-11-22T10:00:00.000Z')
    const idAt = (ms: number) => {
      const hex = ms.toString(16).padStart(12, '0')
      return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-0123456789ab`
    }
    const insert = '2023-01-01T00:00:00.000Z'
    assert.equal(sessionStart({ insert }, idAt(nowMs), nowMs), insert)
    assert.equal(sessionStart({ create: insert }, 's', nowMs), insert)
    assert.equal(sessionStart({}, idAt(nowMs - 60_000), nowMs), '2026-11-22T09:59:00.000Z')
    for (const id of ['s', idAt(nowMs + 1), idAt(nowMs - 86_400_001)])
      assert.equal(sessionStart({}, id, nowMs), undefined, id)
  })

  describe('of a source', () => {
    afterEach(closeApis)
    const call = (source: string) => ({
      ...goodCall(),
      source: { id: source },
      session: { id: 's1', metadata: { time: { insert: '2023-01-01' } } },
      events: [{ type: 't', context: { page: { url: 'https://shop.example.com/' } } }],
    })

    it('are in its events if it asks for them', async () => {
      const api = await buildApi({}, fixedSources(['derived']))
      await api.server.inject(trackCall(call('derived'), { 'user-agent': WINDOWS }))
      const [event] = eventsOf(api.producer.messages) as Record<string, unknown>[]
      assert.deepEqual(event?.['hit'], { url: 'https://shop.example.com/' })
      assert.deepEqual(event?.['os'], { name: 'Windows', version: '10' })
      assert.deepEqual(event?.['session'], { id: 's1', start: '2023-01-01T00:00:00.000Z' })
    })

    it('are in no document if it does not', async () => {
      const api = await buildApi({}, fixedSources(['shop']))
      await api.server.inject(trackCall(call('shop'), { 'user-agent': WINDOWS }))
      const [event] = eventsOf(api.producer.messages) as Record<string, unknown>[]
      const found = ['hit', 'os', 'device', 'app'].filter((key) => key in (event ?? {}))
      assert.deepEqual([found, event?.['session']], [[], { id: 's1' }])
    })
  })
})
