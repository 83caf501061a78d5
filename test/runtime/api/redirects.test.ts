import assert from 'node:assert/strict'
import { profileOfSession } from '../../../runtime/api/subject.ts'
import { type Api, buildApi, closeApis, eventsOf, fixedSources } from '../../support/api.ts'

const TO = 'https://shop.example.com/sale?a=b'

describe('GET /redirect', () => {
  let api: Api
  beforeEach(async () => {
    api = await buildApi({}, fixedSources(['shop', 'closed', 'people', 'slow']))
  })
  afterEach(closeApis)

  const follow = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await api.server.inject({ url: `/redirect/${path}`, headers })
    return [answer.statusCode, answer.headers.location]
  }
  const counts = async () => {
    const found = await api.registry.getSingleMetric('tracardi_api_redirects_total')?.get()
    return Object.fromEntries(found?.values.map(({ labels, value }) => [labels['event'], value]) ?? [])
  }
  const events = () =>
    eventsOf(api.producer.messages).map(({ type, name, source, session, profile, properties }) => ({
      ...{ type, name, source, session, profile, properties },
    }))

  it('stores an event of the query, without a profile, and redirects', async () => {
    assert.deepEqual(await follow('to-shop?mail=42&tag=a&tag=b'), [302, TO])
    assert.deepEqual(events(), [
      {
        type: 'mail-link',
        name: 'Mail Link',
        source: { id: 'shop' },
        session: undefined,
        profile: undefined,
        properties: { mail: '42', tag: ['a', 'b'] },
      },
    ])
  })

  it('is not kept by caches', async () => {
    const { headers } = await api.server.inject({ url: '/redirect/to-shop' })
    assert.equal(headers['cache-control'], 'no-store')
  })

  it('takes the session of the path, or of the cookie, and the profile of it', async () => {
    await follow('to-shop/s1', { cookie: 'tracardi-session-id=s2' })
    await follow('to-shop', { cookie: 'a=b; tracardi-session-id=s2; c=d' })
    await follow('to-shop', { cookie: 'xtracardi-session-id=s3' })
    assert.deepEqual(
      events().map(({ session, profile }) => [session, profile]),
      [
        [{ id: 's1' }, { id: profileOfSession('s1') }],
        [{ id: 's2' }, { id: profileOfSession('s2') }],
        [undefined, undefined],
      ],
    )
  })

  for (const headers of [{}, { referer: 'https://mail.example.com/' }, { 'sec-fetch-site': 'cross-site' }]) {
    it(`asks for no origin: ${JSON.stringify(headers)}`, async () => {
      await follow('to-shop', headers as Record<string, string>)
      assert.equal(events().length, 1)
    })
  }

  for (const [what, path, headers] of [
    ['its source is disabled', 'to-closed', {}],
    ['its source refuses bots and a bot follows', 'to-people', { 'user-agent': 'Googlebot/2.1' }],
    ['its event cannot be stored', 'to-shop/a%01b', {}],
  ] as const) {
    it(`redirects without an event when ${what}, and counts it as refused`, async () => {
      assert.deepEqual(await follow(path, headers), [302, TO])
      assert.equal(events().length, 0)
      assert.deepEqual(await counts(), { durable: 0, limited: 0, refused: 1, unavailable: 0 })
    })
  }

  it('counts the events that are durable, and those over a limit of their source', async () => {
    for (let call = 0; call < 4; call += 1) assert.deepEqual(await follow('to-slow'), [302, TO])
    const { durable, limited } = await counts()
    assert.deepEqual([durable, limited, events().length], [2, 2, 2])
  })

  it('redirects while the broker gives no receipt, and counts the event as not durable', async () => {
    api.producer.connected = false
    assert.deepEqual(await follow('to-shop'), [302, TO])
    assert.match(await api.registry.metrics(), /events_total\{outcome="unavailable"\} 1/)
    assert.deepEqual(await counts(), { durable: 0, limited: 0, refused: 0, unavailable: 1 })
  })

  it('answers 404 for a redirect that no source has', async () => {
    const answer = await api.server.inject({ url: '/redirect/nobody' })
    assert.deepEqual([answer.statusCode, answer.json()], [404, { detail: 'There is no redirect "nobody"' }])
  })

  it('redirects a HEAD, and stores nothing', async () => {
    const answer = await api.server.inject({ method: 'HEAD', url: '/redirect/to-shop' })
    assert.deepEqual([answer.statusCode, answer.headers.location], [302, TO])
    assert.equal(events().length, 0)
  })
})
