import assert from 'node:assert/strict'
import { profileOfSession as profileInApi } from '../../../runtime/api/subject.ts'
import { idIn, profileOfSession } from '../../../runtime/tracker/identity.ts'
import { trackerOn } from '../../../runtime/tracker/tracker.ts'
import type { TrackerOptions } from '../../../runtime/tracker/types.ts'
import { FakeBrowser, FakeTab } from './fake-browser.ts'

const VISITOR = 'b441b8a4-0c5d-4f00-a1be-78d48465a2ba'
const PROFILE_KEY = 'tracardi-profile-id'
const SESSION_COOKIE = 'tracardi-session-id'
const HOUR_MS = 3600 * 1000

describe('idIn', () => {
  for (const [what, text, id] of [
    ['what Tracardi writes into storage', `"${VISITOR}"`, VISITOR],
    ['what this library writes', VISITOR, VISITOR],
    ['what both have written in turn', JSON.stringify(JSON.stringify(VISITOR)), VISITOR],
    ['an id of digits', '"42"', '42'],
    ['an id that only begins with a quote', '"42', '"42'],
    ['nothing', undefined, undefined],
    ['an empty text', '', undefined],
    ['the missing id of an answer, as Tracardi keeps it', 'undefined', undefined],
    ['null', 'null', undefined],
  ] as const) {
    it(`reads ${what}`, () => {
      assert.equal(idIn(text), id)
    })
  }
})

describe('the profile of a session', () => {
  it('is what the API says, or unknown', () => {
    for (const session of [VISITOR, '01a20578-8170-7064-b550-da9375a6cc50', `${VISITOR}.0f8fad5bd9cb`]) {
      assert.equal(profileOfSession(session), profileInApi(session))
    }
    for (const session of ['session-1', `${VISITOR}0`, `x${VISITOR}.1`]) {
      assert.equal(profileOfSession(session), undefined)
    }
  })
})

describe('the ids of the browser library', () => {
  let browser: FakeBrowser
  beforeEach(() => {
    browser = new FakeBrowser()
  })

  /** Opens a page that registers one event, and answers the ids that are sent. */
  async function visit(options: Partial<TrackerOptions> = {}) {
    const tracker = trackerOn(new FakeTab(browser), { api: 'https://events.example.com', source: 'shop', ...options })
    void tracker.track('a', {}, { fire: true })
    await browser.advance(0)
    const { session, profile } = browser.calls.at(-1)?.body ?? assert.fail('no call')
    return { session: session.id, profile: profile.id }
  }
  const stored = () => browser.storage?.entries.get(PROFILE_KEY)

  for (const kept of [`"${VISITOR}"`, VISITOR, JSON.stringify(`"${VISITOR}"`)]) {
    it(`are those of a visitor whom Tracardi knows as ${kept}, in the form that both libraries read`, async () => {
      browser.storage?.entries.set(PROFILE_KEY, kept)
      browser.cookies.set(SESSION_COOKIE, { value: 'their-session', endsMs: browser.nowMs + HOUR_MS })
      assert.deepEqual(await visit(), { session: 'their-session', profile: VISITOR })
      assert.equal(stored(), VISITOR)
    })
  }

  it('are those of Tracardi’s cookie where storage has none', async () => {
    browser.cookies.set(PROFILE_KEY, { value: encodeURIComponent(`"${VISITOR}"`), endsMs: browser.nowMs + HOUR_MS })
    assert.equal((await visit()).profile, VISITOR)
  })

  it('stay healed when the API answers the id that it was sent with quotes before', async () => {
    browser.storage?.entries.set(PROFILE_KEY, `"${VISITOR}"`)
    browser.answer = () => ({ status: 200, retryAfter: null, data: { profile: { id: `"${VISITOR}"` } } })
    await visit()
    assert.equal((await visit()).profile, VISITOR)
  })

  it('are of one profile for those who know only the session, on the first visit and on each later one', async () => {
    const first = await visit()
    assert.equal(first.profile, profileInApi(first.session))
    browser.nowMs += HOUR_MS
    const second = await visit()
    assert.notEqual(second.session, first.session)
    assert.equal(second.profile, first.profile)
    assert.equal(profileInApi(second.session), first.profile)
  })

  it('are of the profile of the session after storage was cleared', async () => {
    const { profile } = await visit()
    browser.nowMs += HOUR_MS
    const { session } = await visit()
    browser.storage?.entries.clear()
    assert.deepEqual(await visit(), { session, profile })
  })

  it('name a session after a profile that the page knows, if it is a UUID', async () => {
    const { session } = await visit({ profile: VISITOR })
    assert.equal(profileInApi(session), VISITOR)
    browser.nowMs += HOUR_MS
    const other = await visit({ profile: 'customer-7' })
    assert.deepEqual([other.profile, /^[\da-f-]{36}$/.test(other.session)], ['customer-7', true])
  })

  it('are of a new profile in a session that only the API can assign', async () => {
    browser.cookies.set(SESSION_COOKIE, { value: 'their-session', endsMs: browser.nowMs + HOUR_MS })
    const { session, profile } = await visit()
    assert.equal(session, 'their-session')
    assert.match(profile, /^[\da-f-]{36}$/)
  })
})

describe('a visitor who is identified', () => {
  let browser: FakeBrowser
  beforeEach(() => {
    browser = new FakeBrowser()
  })

  const open = (options: Partial<TrackerOptions> = {}) =>
    trackerOn(new FakeTab(browser), { api: 'https://events.example.com', source: 'shop', ...options })
  const sent = () => browser.calls.map(({ body }) => [body.profile.id, body.events.map(({ type }) => type).join(' ')])

  it('has that profile from then on, on later pages too, whatever the API answers', async () => {
    browser.answer = () => ({ status: 200, retryAfter: null, data: { profile: { id: 'answered' } } })
    const tracker = open()
    void tracker.page({ page: 'log-in' })
    await browser.advance(5000)
    void tracker.identify('customer-7', { plan: 'pro' })
    await browser.advance(5000)
    assert.deepEqual((browser.calls[1]?.body.events[0] as { properties?: unknown } | undefined)?.properties, {
      plan: 'pro',
    })
    browser.answer = () => ({ status: 200, retryAfter: null, data: {} })
    void open().page()
    await browser.advance(5000)
    const [[first] = []] = sent()
    assert.match(String(first), /^[\da-f-]{36}$/)
    assert.deepEqual(sent().slice(1), [
      ['customer-7', 'identify'],
      ['customer-7', 'page-view'],
    ])
  })

  it('is not stored before the visitor has agreed, and has that profile after', async () => {
    const tracker = open({ requireConsent: true })
    void tracker.identify('customer-7')
    await browser.advance(5000)
    assert.equal(browser.storage?.length, 0)
    tracker.consent(true)
    await browser.advance(5000)
    assert.deepEqual(sent(), [['customer-7', 'identify']])
  })

  it('is forgotten, unless the options name the profile', async () => {
    for (const [options, expected] of [
      [{}, /^[\da-f-]{36}$/],
      [{ profile: 'option' }, /^option$/],
    ] as const) {
      const tracker = open(options)
      void tracker.identify('customer-7')
      await browser.advance(5000)
      tracker.forget()
      void tracker.page()
      await browser.advance(5000)
      assert.match(String(sent().at(-1)?.[0]), expected)
    }
  })
})

describe('the campaign of a visit', () => {
  let browser: FakeBrowser
  beforeEach(() => {
    browser = new FakeBrowser()
  })

  /** The campaign that the call of a page has whose address has this one. */
  async function campaignOn(utm: Readonly<Record<string, unknown>> | undefined): Promise<unknown> {
    const tab = new FakeTab(browser)
    tab.utm = utm
    const tracker = trackerOn(tab, { api: 'https://events.example.com', source: 'shop' })
    void tracker.track('a', {}, { fire: true })
    await browser.advance(0)
    return (browser.calls.at(-1)?.body['context'] as { utm?: unknown } | undefined)?.utm
  }
  const NEWS = { source: 'news', campaign: 'may' }

  it('is on each page of the visit, and ends with it', async () => {
    assert.deepEqual(await campaignOn({}), {})
    assert.deepEqual(await campaignOn(NEWS), NEWS)
    assert.deepEqual(await campaignOn({}), NEWS)
    assert.deepEqual(await campaignOn({ source: 'other' }), { source: 'other' })
    assert.deepEqual(await campaignOn({}), { source: 'other' })
    browser.nowMs += HOUR_MS
    assert.deepEqual(await campaignOn({}), {})
  })

  it('is not sent where the page does not want it', async () => {
    await campaignOn(NEWS)
    assert.equal(await campaignOn(undefined), undefined)
  })

  it('is none where somebody else has written in its place', async () => {
    for (const text of ['', 'x', 'null', '5']) {
      browser.storage?.entries.set('tracardi-campaign', text)
      assert.deepEqual(await campaignOn({}), {})
    }
  })
})
