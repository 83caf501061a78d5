import assert from 'node:assert/strict'
import { profileOfSession } from '../../../runtime/api/subject.ts'
import { AppError } from '../../../runtime/errors.ts'
import { type Api, buildApi, closeApis, eventsOf, fixedSources, goodCall, trackCall } from '../../support/api.ts'
import { until } from '../../support/until.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Sends without waiting; `status` is that of the answer, once there is one. */
function sent(api: Api, body: unknown): { status(): number | undefined } {
  let status: number | undefined
  void api.server.inject(trackCall(body)).then((answer) => {
    status = answer.statusCode
  })
  return { status: () => status }
}

function eventsNamed(prefix: string, count: number) {
  return Array.from({ length: count }, (_, index) => ({ id: `${prefix}${index}`, type: 't' }))
}

describe('POST /track', () => {
  afterEach(closeApis)

  it('answers as Tracardi does, with the ids of profile and session', async () => {
    const api = await buildApi()
    const answer = await api.server.inject(trackCall(goodCall()))
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    const { task, ...rest } = answer.json()
    assert.equal(task.length, 1)
    assert.match(task[0], UUID)
    assert.deepEqual(rest, {
      ux: [],
      response: {},
      events: [],
      profile: { id: 'profile-1' },
      session: { id: 'session-1' },
      errors: [],
      warnings: [],
    })
  })

  it('makes and reports the ids of a profile and session that are null', async () => {
    const api = await buildApi()
    const answer = await api.server.inject(trackCall(goodCall({ profile: null, session: null, context: null })))
    const { profile, session } = answer.json()
    assert.match(session.id, UUID)
    assert.equal(profile.id, profileOfSession(session.id))
    const [event] = eventsOf(api.producer.messages)
    assert.deepEqual([event?.['profile'], event?.['session']], [profile, session])
  })

  describe('who sends', () => {
    for (const [what, source] of [
      ['an unknown source', 'nobody'],
      ['a source named like a property of every object', '__proto__'],
      ['a disabled source', 'closed'],
      ['a source whose secret is missing', 'backend'],
    ] as const) {
      it(`refuses ${what}, with the same words, and publishes nothing`, async () => {
        const api = await buildApi({}, fixedSources(['shop', 'closed', 'backend']))
        const answer = await api.server.inject(trackCall(goodCall({ source: { id: source } })))
        const detail = `Access denied. Event source "${source}" is unknown or disabled, or its secret is missing or wrong.`
        assert.deepEqual([answer.statusCode, answer.json()], [401, { detail }])
        assert.equal(api.producer.messages.length, 0)
      })
    }

    it('refuses an unknown source before it parses the body', async () => {
      const api = await buildApi()
      const answer = await api.server.inject(trackCall('{"source":{"id":"nobody"},"events":[this is not JSON'))
      assert.equal(answer.statusCode, 401)
    })

    it('judges the source that the parser sees, where a body names two', async () => {
      const api = await buildApi()
      const body = '{"source":{"id":"nobody"},"source":{"id":"sh\\u006fp"},"events":[]}'
      assert.equal((await api.server.inject(trackCall(body))).statusCode, 200)
      const other = '{"source":{"id":"shop"},"source":{"id":"nob\\u006fdy"},"events":[]}'
      assert.equal((await api.server.inject(trackCall(other))).statusCode, 401)
    })

    it('takes any secret of a source that is valid, and no other', async () => {
      const api = await buildApi({}, fixedSources(['backend']))
      const call = goodCall({ source: { id: 'backend' } })
      const status = async (authorization: string) =>
        (await api.server.inject(trackCall(call, { authorization }))).statusCode
      assert.equal(await status('Bearer the first long secret'), 200)
      assert.equal(await status('bearer the second long secret'), 200)
      for (const wrong of [
        'Bearer the third long secret',
        'Basic the first long secret',
        'the first long secret',
        '',
      ]) {
        assert.equal(await status(wrong), 401)
      }
    })

    it('takes no page for a source with a secret, even with the secret', async () => {
      const api = await buildApi({}, fixedSources(['backend']))
      const headers = { authorization: 'Bearer the first long secret', origin: 'https://shop.example.com' }
      const answer = await api.server.inject(trackCall(goodCall({ source: { id: 'backend' } }), headers))
      assert.equal(answer.statusCode, 403)
    })

    it('lets a page read why it is refused, but not with the credentials of its browser', async () => {
      const api = await buildApi()
      const origin = 'https://evil.example.com'
      const { headers } = await api.server.inject(trackCall(goodCall(), { origin }))
      assert.equal(headers['access-control-allow-origin'], origin)
      assert.equal(headers['access-control-allow-credentials'], undefined)
    })

    it('allows credentials to the origins that the source names, and to no other', async () => {
      const api = await buildApi({}, fixedSources(['shop', 'open']))
      const credentials = async (id: string, origin: string) =>
        (await api.server.inject(trackCall(goodCall({ source: { id } }), { origin }))).headers[
          'access-control-allow-credentials'
        ]
      assert.equal(await credentials('shop', 'https://shop.example.com'), 'true')
      assert.equal(await credentials('open', 'https://shop.example.com'), undefined)
    })
  })

  describe('how much a source sends', () => {
    /** No debt is paid meanwhile, however slow the machine is. */
    const still = () => 0

    it('is limited in calls: more get 429 with Retry-After, other sources none', async () => {
      const api = await buildApi({}, fixedSources(['slow', 'shop']), still)
      const send = (id: string) => api.server.inject(trackCall(goodCall({ source: { id } })))
      const answers = [await send('slow'), await send('slow'), await send('slow')]
      assert.deepEqual(
        answers.map(({ statusCode, headers }) => [statusCode, headers['retry-after']]),
        [
          [200, undefined],
          [200, undefined],
          [429, '1'],
        ],
      )
      assert.equal((await send('shop')).statusCode, 200)
    })

    it('is limited in events: who sent more than the limit waits until that is paid', async () => {
      const api = await buildApi({}, fixedSources(['slow']), still)
      const send = (events: object[]) => api.server.inject(trackCall(goodCall({ source: { id: 'slow' }, events })))
      assert.equal((await send(eventsNamed('a', 600))).statusCode, 200)
      const refused = await send(eventsNamed('b', 1))
      assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [429, '6'])
    })

    it('is limited by the settings where the source states nothing', async () => {
      const api = await buildApi({ sourceMaxBytesPerSecond: 10 }, fixedSources(), still)
      assert.equal((await api.server.inject(trackCall(goodCall()))).statusCode, 200)
      assert.equal((await api.server.inject(trackCall(goodCall()))).statusCode, 429)
    })
  })

  describe('a page', () => {
    it('strips the id of the source', async () => {
      const api = await buildApi()
      const answer = await api.server.inject(trackCall(goodCall({ source: { id: ' shop\n' } })))
      assert.equal(answer.statusCode, 200)
    })

    for (const origin of [
      'https://evil.example.com',
      'http://shop.example.com',
      'https://shop.example.com:8443',
      'null',
    ]) {
      it(`refuses a page of ${origin} for a source that does not allow it`, async () => {
        const api = await buildApi()
        const answer = await api.server.inject(trackCall(goodCall(), { origin }))
        const detail = `Access denied. Origin "${origin}" is not allowed for event source "shop".`
        assert.deepEqual([answer.statusCode, answer.json()], [403, { detail }])
        assert.equal(api.producer.messages.length, 0)
      })
    }

    it('takes a page of an allowed origin, and a server, which has none', async () => {
      const api = await buildApi()
      for (const headers of [{ origin: 'https://shop.example.com' }, {}]) {
        assert.equal(
          (await api.server.inject(trackCall(goodCall(), headers as Record<string, string>))).statusCode,
          200,
        )
      }
    })

    it('takes any page, one without a name too, for a source that allows *', async () => {
      const api = await buildApi({}, fixedSources(['open']))
      for (const origin of ['https://any.example.com', 'null']) {
        const answer = await api.server.inject(trackCall(goodCall({ source: { id: 'open' } }), { origin }))
        assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [200, origin])
      }
    })
  })

  describe('the receipt', () => {
    it('comes before the answer', async () => {
      const api = await buildApi()
      api.producer.holding = true
      const call = sent(api, goodCall())
      await until('the message is in flight', () => api.producer.held === 1)
      await new Promise(setImmediate)
      assert.equal(call.status(), undefined)
      api.producer.release()
      await until('the answer comes', () => call.status() !== undefined)
      assert.equal(call.status(), 200)
    })

    it('of every message of a call comes before its answer', async () => {
      const api = await buildApi({ messageMaxEvents: 10 })
      api.producer.holding = true
      const call = sent(api, goodCall({ events: eventsNamed('e', 25) }))
      await until('all messages are in flight', () => api.producer.held === 3)
      api.producer.release(2)
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
      assert.equal(call.status(), undefined)
      api.producer.release()
      await until('the answer comes', () => call.status() !== undefined)
      assert.equal(call.status(), 200)
      assert.deepEqual(
        eventsOf(api.producer.messages).map((event) => event['id']),
        eventsNamed('e', 25).map((event) => event.id),
      )
    })

    it('that fails for one message of a call fails the call, after the others are settled', async () => {
      const api = await buildApi({ messageMaxEvents: 10 })
      api.producer.holding = true
      api.producer.failures.push(new AppError('queue_unavailable', 'no receipt'))
      const call = sent(api, goodCall({ events: eventsNamed('e', 25) }))
      await until('the other messages are in flight', () => api.producer.held === 2)
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
      assert.equal(call.status(), undefined)
      api.producer.release(2)
      await until('the answer comes', () => call.status() !== undefined)
      assert.equal(call.status(), 503)
    })

    it('is one for single-event calls that arrive together: they travel in one message', async () => {
      const api = await buildApi()
      const ids = Array.from({ length: 40 }, (_, index) => `e${index}`)
      const answers = await Promise.all(
        ids.map((id) => api.server.inject(trackCall(goodCall({ events: [{ id, type: 't' }] })))),
      )
      assert.deepEqual(new Set(answers.map((answer) => answer.statusCode)), new Set([200]))
      assert.equal(api.producer.messages.length, 1)
      assert.deepEqual(
        [api.producer.messages[0]?.properties['n'], api.producer.messages[0]?.properties['s']],
        ['40', '80'],
      )
      assert.deepEqual(
        eventsOf(api.producer.messages)
          .map((event) => event['id'])
          .toSorted(),
        ids.toSorted(),
      )
    })

    it('is one for as many calls as a message may have events', async () => {
      const api = await buildApi({ messageMaxEvents: 15 })
      const calls = eventsNamed('e', 40).map((event) => api.server.inject(trackCall(goodCall({ events: [event] }))))
      await Promise.all(calls)
      assert.deepEqual(
        api.producer.messages.map(({ properties }) => properties['n']),
        ['15', '15', '10'],
      )
    })
  })

  describe('without the broker', () => {
    const DETAIL = { detail: 'The events could not be made durable; send them again' }

    it('answers 503 immediately, says when to retry, and keeps nothing in memory', async () => {
      const api = await buildApi()
      api.producer.connected = false
      const answer = await api.server.inject(trackCall(goodCall()))
      assert.deepEqual([answer.statusCode, answer.headers['retry-after'], answer.json()], [503, '2', DETAIL])
      assert.equal(api.budget.used, 0)
      assert.deepEqual(
        api.logged.map(({ msg, status }) => [msg, status]),
        [['calls were refused', 503]],
      )
    })

    it('answers 503 when the receipt fails, and 200 to the next call', async () => {
      const api = await buildApi()
      api.producer.failures.push(new AppError('queue_unavailable', 'no receipt within 3 s'))
      const first = await api.server.inject(trackCall(goodCall()))
      assert.deepEqual([first.statusCode, first.headers['retry-after'], first.json()], [503, '2', DETAIL])
      assert.equal((await api.server.inject(trackCall(goodCall()))).statusCode, 200)
    })

    it('answers 503 without the reason when the broker refuses permanently, and logs the reason once a minute', async () => {
      let now = 0
      const api = await buildApi({}, fixedSources(), () => now)
      const refused = async () => {
        api.producer.failures.push(new AppError('queue_refused', 'not authorised'))
        const answer = await api.server.inject(trackCall(goodCall()))
        assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '30'])
        assert.doesNotMatch(answer.body, /not authorised/)
      }
      await refused()
      await refused()
      now = 60_000
      await refused()
      assert.deepEqual(
        api.logged.flatMap(({ err, count }) => (err === undefined ? [] : [[(err as AppError).code, count]])),
        [
          ['queue_refused', 1],
          ['queue_refused', 2],
        ],
      )
      assert.equal(api.budget.used, 0)
      assert.equal((await api.server.inject(trackCall(goodCall()))).statusCode, 200)
    })
  })

  it('answers a call without events, or with none to store, without a message', async () => {
    const api = await buildApi()
    const options = { saveEvents: false, saveSession: false, saveProfile: false }
    assert.equal((await api.server.inject(trackCall(goodCall({ options })))).statusCode, 200)
    assert.equal(api.producer.messages.length, 0)
    assert.equal((await api.server.inject(trackCall(goodCall({ events: [] })))).statusCode, 200)
    assert.deepEqual(eventsOf(api.producer.messages), [])
  })
})
