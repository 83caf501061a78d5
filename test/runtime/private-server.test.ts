import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import { errors } from '@elastic/elasticsearch'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../runtime/errors.ts'
import { privateServer, SIGNED_IN } from '../support/private.ts'

describe('the private listener', () => {
  let server: FastifyInstance
  let logged: readonly Record<string, unknown>[]
  let fault: Error | undefined

  beforeEach(async () => {
    fault = undefined
    const built = await privateServer((operators) => {
      operators.get('/figures/:name', async () => {
        if (fault) throw fault
        return { all: 'well' }
      })
      operators.post('/replay', async () => ({ replayed: 1 }))
    })
    server = built.server
    logged = built.logged
    server.get('/page', async () => 'a page')
  })
  afterEach(() => server.close())

  const statusAt = async (url: string, headers: Record<string, string> = {}) =>
    (await server.inject({ url, headers })).statusCode

  it('asks for the token on every route of operators, and on no other', async () => {
    assert.equal(await statusAt('/figures/a'), 401)
    assert.equal((await server.inject({ method: 'HEAD', url: '/figures/a' })).statusCode, 401)
    assert.equal((await server.inject({ method: 'POST', url: '/replay' })).statusCode, 401)
    assert.equal(await statusAt('/figures/a', SIGNED_IN), 200)
    assert.equal(await statusAt('/page'), 200)
  })

  it('answers 421 to a name that it does not know, with the token too, and on paths that it does not have', async () => {
    const host = 'evil.test:8686'
    for (const url of ['/page', '/figures/a', '/nowhere']) {
      const answer = await server.inject({ url, headers: { ...SIGNED_IN, host } })
      assert.deepEqual(
        [answer.statusCode, answer.json()],
        [
          421,
          {
            detail:
              'The host "evil.test:8686" is unknown here; allowed: IP addresses, localhost and the names in PRIVATE_ALLOWED_HOSTS',
          },
        ],
      )
    }
    assert.equal(await statusAt('/page', { host: '10.0.0.7:8686' }), 200)
  })

  it('has nothing else, events least of all', async () => {
    const nowhere = await server.inject('/nowhere?a=1')
    assert.deepEqual([nowhere.statusCode, nowhere.json()], [404, { detail: 'There is no GET /nowhere here' }])
    const track = await server.inject({ method: 'POST', url: '/track', payload: {} })
    assert.deepEqual([track.statusCode, track.json()], [404, { detail: 'There is no POST /track here' }])
    assert.deepEqual(logged, [])
  })

  for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE', 'OPTIONS', 'POST', 'QUERY', 'PROPFIND'] as const) {
    it(`answers 405 to ${method} on a path that has others, before it reads a body`, async () => {
      const headers = { 'content-type': 'text/nonsense', host: 'localhost' }
      const answer = await server.inject({ method: method as 'PUT', url: '/figures/a/', headers, payload: '{' })
      assert.deepEqual(
        [answer.statusCode, answer.headers['allow'], answer.json()],
        [405, 'GET, HEAD', { detail: `There is no ${method} /figures/a/ here` }],
      )
    })
  }

  it('says of every answer that it is neither kept, nor framed, nor treated as something else', async () => {
    for (const [url, headers] of [
      ['/page', {}],
      ['/figures/a', SIGNED_IN],
      ['/figures/a', {}],
      ['/nowhere', {}],
      ['/page', { host: 'evil.test' }],
    ] as const) {
      const answer = await server.inject({ url, headers })
      assert.partialDeepStrictEqual(
        answer.headers,
        {
          'x-content-type-options': 'nosniff',
          'cache-control': 'no-store',
          'cross-origin-resource-policy': 'same-origin',
          'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        },
        url,
      )
    }
  })

  it('reports a mistake of the caller by the status of Fastify', async () => {
    const replay = async (headers: Record<string, string>, payload: string) =>
      (await server.inject({ method: 'POST', url: '/replay', headers: { ...SIGNED_IN, ...headers }, payload }))
        .statusCode
    assert.equal(await replay({ 'content-type': 'application/json' }, '{'), 400)
    assert.equal(await replay({ 'content-type': 'application/json' }, JSON.stringify('x'.repeat(1023))), 413)
    assert.equal(await replay({ 'content-type': 'application/xml' }, '<a/>'), 415)
    assert.equal(await statusAt(`/figures/${'x'.repeat(101)}`, SIGNED_IN), 414)
    assert.equal(await statusAt('/%ff', SIGNED_IN), 400)
    assert.deepEqual(logged, [])
  })

  it('lets no status of another server through', async () => {
    const meta = {
      statusCode: 403,
      body: { error: { type: 'security_exception' } },
      headers: {},
      warnings: [],
      meta: {},
    }
    for (const [thrown, status] of [
      [new errors.ResponseError(meta as never), 500],
      [Object.assign(new Error('gone'), { statusCode: 410 }), 500],
      [Object.assign(new Error('late'), { statusCode: 404, code: 'UND_ERR_HEADERS_TIMEOUT' }), 500],
      [new AppError('topic_not_found', 'no topic'), 404],
      [new AppError('dead_letters_busy', 'busy'), 409],
      [new AppError('queue_admin', 'refused', { context: { status: 401 } }), 502],
      [new AppError('queue_unavailable', 'away'), 502],
    ] as const) {
      fault = thrown
      assert.equal(await statusAt('/figures/a', SIGNED_IN), status, thrown.message)
    }
    assert.deepEqual(
      logged.map(({ msg }) => msg),
      Array(3).fill('request failed'),
    )
  })

  describe('on a socket', () => {
    /** The status and body for these bytes, after which the connection is closed. */
    const exchange = async (head: string): Promise<[status: string, body: string]> => {
      if (!server.server.listening) await server.listen({ host: '127.0.0.1', port: 0 })
      const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1')
      let received = ''
      socket.on('data', (data) => {
        received += data
      })
      socket.write(`${head}\r\nConnection: close\r\n\r\n`)
      await new Promise((resolve) => socket.on('close', resolve))
      return [received.slice(9, 12), received.slice(received.indexOf('{'), received.lastIndexOf('}') + 1)]
    }

    it('answers 400 to no host and to several', async () => {
      const detail = (count: number) => `{"detail":"The request has ${count} Host headers; it must have one"}`
      assert.deepEqual(await exchange('GET /page HTTP/1.1'), ['400', detail(0)])
      assert.deepEqual(await exchange('GET /page HTTP/1.0'), ['400', detail(0)])
      const several = 'GET /page HTTP/1.1\r\nHost: localhost\r\nhost: evil.test'
      assert.deepEqual(await exchange(several), ['400', detail(2)])
    })

    it('answers 417 to an expectation that it does not know', async () => {
      const detail = '{"detail":"Expect \\"200-ok\\" is not supported; allowed: 100-continue"}'
      assert.deepEqual(await exchange('GET /page HTTP/1.1\r\nHost: localhost\r\nExpect: 200-ok'), ['417', detail])
    })
  })
})
