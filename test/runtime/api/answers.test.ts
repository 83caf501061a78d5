import assert from 'node:assert/strict'
import { type Api, buildApi, closeApis, goodCall, listen, trackCall } from '../../support/api.ts'

const SECRET = 'a-secret-of-the-visitor'

describe('answers of the public listener', () => {
  let api: Api
  before(async () => {
    api = await buildApi()
  })
  after(closeApis)

  for (const [method, url] of [
    ['GET', '/track'],
    ['HEAD', '/track'],
    ['PUT', '/track'],
    ['DELETE', '/track'],
    ['GET', '/'],
    ['POST', '/nowhere'],
    ['GET', '/health/live'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
    ['GET', '/queue/system/functions/backlog'],
  ] as const) {
    it(`say that there is no ${method} ${url} here`, async () => {
      const answer = await api.server.inject({ method, url: `${url}?secret=${SECRET}` })
      const detail = `There is no ${method} ${url} here`
      assert.deepEqual([answer.statusCode, answer.body], [404, method === 'HEAD' ? '' : JSON.stringify({ detail })])
    })
  }

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

describe('the log of the public listener', () => {
  afterEach(closeApis)

  it('has no line for calls, taken or refused, so neither payload nor token gets into it', async () => {
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
    }
    assert.deepEqual(api.logged, [])
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

  it('has nothing of bytes that are no HTTP', async () => {
    const api = await buildApi()
    const port = await listen(api.server)
    const before = api.logged.length
    const { connect } = await import('node:net')
    const socket = connect(port, '127.0.0.1')
    socket.write(`nonsense ${SECRET}\r\n\r\n`)
    await new Promise((resolve) => socket.on('close', resolve).resume())
    assert.deepEqual(api.logged.slice(before), [])
  })
})
