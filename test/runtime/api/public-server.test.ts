import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Api, buildApi, closeApis, goodCall, listen, trackCall } from '../../support/api.ts'

const ORIGIN = 'https://shop.example.com'

describe('the public listener', () => {
  afterEach(closeApis)

  it('starts silently', async () => {
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

  it('cuts off a request that takes 30 s, and keeps idle connections longer than any usual load balancer', async () => {
    const { server } = await buildApi()
    const { requestTimeout, headersTimeout, keepAliveTimeout } = server.server
    assert.deepEqual([requestTimeout, headersTimeout, keepAliveTimeout], [30_000, 10_000, 620_000])
  })

  it('stops with its last answer, whatever connections its clients keep', async () => {
    const { server } = await buildApi()
    const socket = connect(await listen(server), '127.0.0.1')
    let received = ''
    socket.on('data', (data) => {
      received += data
    })
    const body = JSON.stringify(goodCall())
    socket.write(
      `POST /track HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    await once(server.server, 'request')
    const closed = server.close()
    socket.write(body)
    await Promise.all([closed, once(socket, 'close')])
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(received, /\r\nconnection: close\r\n/)
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

    it('answers the preflight of any origin, so that its page can read why a call is refused', async () => {
      for (const origin of ['https://evil.example.com', 'null']) {
        const answer = await preflight({ origin, 'access-control-request-method': 'POST' })
        assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [204, origin])
      }
    })

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
          'access-control-expose-headers': 'Retry-After',
          vary: 'Origin',
          ...(status === 200 ? { 'access-control-allow-credentials': 'true' } : {}),
        })
      }
    })

    it('reports nothing about origins to a caller without one', async () => {
      const answer = await api.server.inject(trackCall(goodCall()))
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    })
  })
})
