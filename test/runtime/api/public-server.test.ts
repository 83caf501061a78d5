import assert from 'node:assert/strict'
import { type Api, buildApi, closeApis, fixedSources, goodCall, trackCall } from '../../support/api.ts'

const ORIGIN = 'https://shop.example.com'

describe('the public listener', () => {
  afterEach(closeApis)

  it('starts without a word', async () => {
    const warned: string[] = []
    const said: unknown[] = []
    const onWarning = (warning: Error) => warned.push(warning.message)
    const { warn } = console
    process.on('warning', onWarning)
    console.warn = (...words: unknown[]) => said.push(words)
    try {
      const api = await buildApi()
      await api.server.inject(trackCall(goodCall()))
      await new Promise(setImmediate)
      assert.deepEqual([warned, said, api.logged], [[], [], []])
    } finally {
      console.warn = warn
      process.off('warning', onWarning)
    }
  })

  it('cuts off a request that takes 30 s, and keeps idle connections longer than a load balancer does', async () => {
    const { server } = await buildApi()
    assert.deepEqual([server.server.requestTimeout, server.server.keepAliveTimeout], [30_000, 72_000])
  })

  describe('to pages of other origins', () => {
    let api: Api
    beforeEach(async () => {
      api = await buildApi()
    })

    const corsOf = (headers: Record<string, unknown>) =>
      Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
      )
    const preflight = (headers: Record<string, string>) =>
      api.server.inject({ method: 'OPTIONS', url: '/track', headers })

    it('answers the preflight of an allowed origin: its origin, credentials, the headers that it asked for', async () => {
      const answer = await preflight({
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type, x-timestamp',
      })
      assert.deepEqual([answer.statusCode, answer.body], [204, ''])
      assert.deepEqual(corsOf(answer.headers), {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type, x-timestamp',
        'access-control-expose-headers': 'Retry-After',
        'access-control-max-age': '600',
        vary: 'Origin, Access-Control-Request-Headers',
      })
    })

    it('answers an OPTIONS of an allowed origin that asks for no method', async () => {
      assert.equal((await preflight({ origin: ORIGIN })).statusCode, 204)
    })

    for (const origin of ['https://evil.example.com', 'https://closed.example.com', 'null']) {
      it(`refuses the preflight of ${origin}, which no enabled source allows`, async () => {
        const answer = await preflight({ origin, 'access-control-request-method': 'POST' })
        const detail = `Origin "${origin}" is not allowed for any event source.`
        assert.deepEqual([answer.statusCode, answer.json()], [403, { detail }])
        assert.deepEqual(corsOf(answer.headers), { vary: 'Origin' })
      })
    }

    it('reflects the origin with the answer, whether that is good or bad', async () => {
      for (const [call, status] of [
        [goodCall(), 200],
        [{}, 422],
        [goodCall({ source: { id: 'nobody' } }), 401],
      ] as const) {
        const answer = await api.server.inject(trackCall(call, { origin: ORIGIN }))
        assert.equal(answer.statusCode, status)
        assert.deepEqual(corsOf(answer.headers), {
          'access-control-allow-origin': ORIGIN,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': 'Retry-After',
          vary: 'Origin',
        })
      }
    })

    it('never answers * with credentials, not even for a source that allows any origin', async () => {
      api = await buildApi({}, fixedSources(['open']))
      const answer = await preflight({ origin: 'https://any.example.com', 'access-control-request-method': 'POST' })
      assert.equal(answer.headers['access-control-allow-origin'], 'https://any.example.com')
    })

    it('tells nothing about origins to a caller without one', async () => {
      const answer = await api.server.inject(trackCall(goodCall()))
      assert.deepEqual(corsOf(answer.headers), { vary: 'Origin' })
    })
  })
})
