import assert from 'node:assert/strict'
import { type Api, buildApi, closeApis, goodCall, listen, trackCall } from '../../support/api.ts'
import { exchange } from '../../support/exchange.ts'

const SECRET = 'a-secret-of-the-visitor'

describe('answers of the public listener', () => {
  let api: Api
  before(async () => {
    api = await buildApi()
  })
  after(closeApis)

  for (const [method, url, status, allow] of [
    ['GET', '/track', 405, 'POST'],
    ['HEAD', '/track', 405, 'POST'],
    ['PUT', '/track/', 405, 'POST'],
    ['DELETE', '/track', 405, 'POST'],
    ['HEAD', '/collect/t/shop', 405, 'GET, POST'],
    ['TRACE', '/collect/t/shop/s', 405, 'GET, POST'],
    ['POST', '/tracker/tracker.js', 405, 'GET, HEAD'],
    ['GET', '/', 404, undefined],
    ['POST', '/nowhere', 404, undefined],
    ['GET', '/health/live', 404, undefined],
    ['GET', '/metrics', 404, undefined],
    ['GET', '/openapi.json', 404, undefined],
    ['GET', '/queue/system/functions/backlog', 404, undefined],
  ] as const) {
    it(`say that there is no ${method} ${url} here: ${status}`, async () => {
      const answer = await api.server.inject({ method: method as 'GET', url: `${url}?secret=${SECRET}` })
      const detail = `There is no ${method} ${url} here`
      assert.deepEqual(
        [answer.statusCode, answer.headers.allow, answer.body],
        [status, allow, method === 'HEAD' ? '' : JSON.stringify({ detail })],
      )
    })
  }

  it('are never what a client of another server was answered', async () => {
    for (const statusCode of [400, 401, 404, 409]) {
      api.producer.failures.push(Object.assign(new Error('not found'), { statusCode }))
      assert.equal((await api.server.inject(trackCall(goodCall()))).statusCode, 500)
    }
  })

  it('say not to guess their type', async () => {
    for (const call of [trackCall(goodCall()), trackCall('{'), { url: '/nowhere' }]) {
      assert.equal((await api.server.inject(call)).headers['x-content-type-options'], 'nosniff')
    }
  })

  describe('on a real connection', () => {
    let port: number
    before(async () => {
      port = await listen((await buildApi()).server)
    })

    const body = JSON.stringify(goodCall())
    const rest = `Connection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const chunked = `Connection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

    for (const [what, bytes, status] of [
      ['one Host', `POST /track HTTP/1.1\r\nHost: api\r\n${rest}`, '200'],
      ['no Host', `POST /track HTTP/1.1\r\n${rest}`, '400'],
      ['two Hosts', `POST /track HTTP/1.1\r\nHost: api\r\nHOST: api\r\n${rest}`, '400'],
      [
        'an unknown transfer coding',
        `POST /track HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: gzip, chunked\r\n${chunked}`,
        '501',
      ],
      ['an unknown expectation', `POST /track HTTP/1.1\r\nHost: api\r\nExpect: 200-ok\r\n${rest}`, '417'],
      ['a CONNECT', 'CONNECT api:443 HTTP/1.1\r\nHost: api\r\n\r\n', '405'],
    ] as const) {
      it(`answers ${status} to ${what}, as {detail} unless it is 200`, async () => {
        const [head, text] = await exchange(port, bytes)
        assert.equal(head.split(' ')[1], status)
        assert.deepEqual(Object.keys(JSON.parse(text)), status === '200' ? Object.keys(JSON.parse(text)) : ['detail'])
      })
    }
  })

  it('refuse a path that cannot be decoded', async () => {
    const answer = await api.server.inject('/collect/%ff/shop')
    assert.deepEqual(
      [answer.statusCode, answer.json()],
      [400, { detail: "'/collect/%ff/shop' is not a valid url component" }],
    )
  })

  it('refuse a part of a path that is longer than any id', async () => {
    const url = `/collect/t/${'x'.repeat(1537)}`
    const answer = await api.server.inject(url)
    assert.deepEqual(
      [answer.statusCode, answer.json()],
      [414, { detail: `'${url}' is exceeding the max param length` }],
    )
  })
})

describe('a DELETE with a type and without a body', () => {
  afterEach(closeApis)

  for (const [url, statusCode] of [
    ['/nothing', 404],
    ['/track', 405],
  ] as const) {
    it(`of ${url} is answered ${statusCode}`, async () => {
      const { server } = await buildApi()
      const headers = { 'content-type': 'application/json' }
      assert.equal((await server.inject({ method: 'DELETE', url, headers })).statusCode, statusCode)
    })
  }
})

describe('the log of the public listener', () => {
  afterEach(closeApis)

  it('has one line for refused calls of each status and reason, and neither payload nor token in it', async () => {
    const api = await buildApi()
    const headers = { authorization: `Bearer ${SECRET}`, cookie: SECRET, 'x-timestamp': SECRET }
    const call = goodCall({ properties: { a: SECRET } })
    for (const options of [
      trackCall(call, headers),
      trackCall(goodCall({ events: [{ type: 5, properties: SECRET }] }), headers),
      trackCall(`{"a":"${SECRET}"`, headers),
      trackCall(goodCall({ source: { id: SECRET } }), headers),
      trackCall(call, { ...headers, 'content-encoding': SECRET }),
      { ...trackCall(call, headers), url: `/nowhere?${SECRET}` },
      { url: `/collect/t/shop?a=${SECRET}`, headers },
      { url: `/collect/%ff/${SECRET}`, headers },
    ]) {
      await api.server.inject(options)
      await api.server.inject(options)
    }
    assert.deepEqual(
      api.logged.map(({ status, reason, count, client }) => [status ?? reason, count, client]),
      [422, 401, 415, 404, 'bad_url'].map((what) => [what, 1, '127.0.0.1']),
    )
    assert.equal(JSON.stringify(api.logged).includes(SECRET), false)
  })

  it('names the failure of a call that failed, and nothing of the call', async () => {
    const api = await buildApi()
    api.producer.failures.push(new Error('out of luck'))
    await api.server.inject(trackCall(goodCall({ properties: { a: SECRET } }), { authorization: SECRET }))
    assert.deepEqual(
      api.logged.map(({ msg }) => msg),
      ['request failed'],
    )
    assert.equal(JSON.stringify(api.logged).includes(SECRET), false)
  })

  it('reports bytes that are not HTTP, and has none of them', async () => {
    const api = await buildApi()
    const port = await listen(api.server)
    const before = api.logged.length
    await exchange(port, `nonsense ${SECRET}\r\n\r\n`)
    const lines = api.logged.slice(before)
    assert.deepEqual(
      lines.map(({ reason }) => reason),
      ['bad_http'],
    )
    assert.equal(JSON.stringify(lines).includes(SECRET), false)
  })
})
