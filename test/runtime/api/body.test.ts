import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type Api, buildApi, closeApis, eventsOf, goodCall, trackCall } from '../../support/api.ts'

const MAX_BYTES = 1024 * 1024
const encoders = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
}
const TOO_LARGE = { detail: 'The body is larger than 1048576 bytes; send fewer events in one call' }

describe('the body of a call', () => {
  let api: Api
  before(async () => {
    api = await buildApi({ apiMaxBodyBytes: MAX_BYTES })
  })
  beforeEach(() => {
    api.producer.messages.length = 0
  })
  afterEach(() => assert.equal(api.budget.used, 0))
  after(closeApis)

  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/cloudevents+json',
  ]) {
    it(`is JSON as ${type}`, async () => {
      const answer = await api.server.inject(trackCall(goodCall(), { 'content-type': type }))
      assert.equal(answer.statusCode, 200)
    })
  }

  for (const type of [
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'text/html',
    'application/jsonish',
  ]) {
    it(`is refused as ${type}`, async () => {
      const answer = await api.server.inject(trackCall(goodCall(), { 'content-type': type }))
      const detail = `Content-Type "${type}" is not known; send application/json or text/plain`
      assert.deepEqual([answer.statusCode, answer.json()], [415, { detail }])
    })
  }

  it('is JSON without a Content-Type, and with an empty one', async () => {
    const payload = Buffer.from(JSON.stringify(goodCall()))
    for (const headers of [{}, { 'content-type': '' }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await api.server.inject({ method: 'POST', url: '/track', headers, payload })
      assert.equal(answer.statusCode, 200)
    }
    assert.equal(eventsOf(api.producer.messages).length, 3)
  })

  it('is refused with a Content-Type that is none', async () => {
    const odd = await api.server.inject(trackCall(goodCall(), { 'content-type': ';;;' }))
    assert.equal(odd.statusCode, 415)
  })

  for (const [name, encode] of Object.entries(encoders)) {
    it(`may come as ${name}, in letters of any case`, async () => {
      const body = encode(Buffer.from(JSON.stringify(goodCall())))
      for (const encoding of [name, ` ${name.toUpperCase()} `]) {
        const answer = await api.server.inject(trackCall(body, { 'content-encoding': encoding }))
        assert.equal(answer.statusCode, 200)
      }
      assert.deepEqual(
        eventsOf(api.producer.messages).map((event) => event['id']),
        ['event-1', 'event-1'],
      )
    })

    it(`is refused as ${name} that expands beyond the limit`, async () => {
      const bomb = encode(Buffer.from(randomBytes(MAX_BYTES).toString('hex')))
      assert.ok(bomb.length > MAX_BYTES / 100)
      const answer = await api.server.inject(trackCall(bomb, { 'content-encoding': name }))
      assert.deepEqual([answer.statusCode, answer.json()], [413, TOO_LARGE])
    })

    it(`is refused as ${name} that expands to more than a hundred times its size`, async () => {
      const bomb = encode(Buffer.alloc(MAX_BYTES - 1, ' '))
      assert.ok(bomb.length < MAX_BYTES / 100)
      const answer = await api.server.inject(trackCall(bomb, { 'content-encoding': name }))
      assert.equal(answer.statusCode, 413)
      assert.match(answer.json().detail, /^The body expands to more than 100 times its size;/)
    })

    it(`is taken as ${name} that expands by any ratio to 64 KiB`, async () => {
      const padding = ' '.repeat(60_000)
      const body = encode(Buffer.from(JSON.stringify(goodCall()) + padding))
      assert.ok(body.length < 600)
      assert.equal((await api.server.inject(trackCall(body, { 'content-encoding': name }))).statusCode, 200)
    })

    it(`is refused as ${name} that is cut off`, async () => {
      const body = encode(Buffer.from(JSON.stringify(goodCall())))
      const answer = await api.server.inject(trackCall(body.subarray(0, body.length - 9), { 'content-encoding': name }))
      const detail = [
        { loc: ['body'], msg: `The body is not valid ${name}: unexpected end of file`, type: 'encoding_invalid' },
      ]
      assert.deepEqual([answer.statusCode, answer.json()], [422, { detail }])
    })

    it(`is refused as ${name} that is none`, async () => {
      const answer = await api.server.inject(trackCall(goodCall(), { 'content-encoding': name }))
      assert.equal(answer.statusCode, 422)
      assert.equal(answer.json().detail[0].type, 'encoding_invalid')
    })
  }

  for (const name of ['compress', 'gzip, gzip', 'constructor']) {
    it(`is refused with the Content-Encoding ${name}`, async () => {
      const answer = await api.server.inject(trackCall(goodCall(), { 'content-encoding': name }))
      const detail = `Content-Encoding "${name}" is not known; known are gzip, x-gzip, deflate, br, zstd`
      assert.deepEqual([answer.statusCode, answer.json()], [415, { detail }])
    })
  }

  it('is taken as it is with the Content-Encoding identity, or an empty one', async () => {
    for (const name of ['identity', '']) {
      assert.equal((await api.server.inject(trackCall(goodCall(), { 'content-encoding': name }))).statusCode, 200)
    }
  })

  for (const [what, body, msg] of [
    ['nothing', '', 'JSON decode error: Unexpected end of JSON input'],
    ['half of JSON', '{"source":', 'JSON decode error: Unexpected end of JSON input'],
    ['a form', 'a=b', `JSON decode error: Unexpected token 'a', "a=b" is not valid JSON`],
    ['bytes that are no UTF-8', Buffer.from('{"source":{"id":"sh\xf6p"}}', 'latin1'), 'The body is not valid UTF-8'],
  ] as const) {
    it(`is refused when it is ${what}`, async () => {
      const answer = await api.server.inject(trackCall(body))
      assert.deepEqual(
        [answer.statusCode, answer.json()],
        [422, { detail: [{ loc: ['body'], msg, type: 'json_invalid' }] }],
      )
    })
  }

  it('may be as large as the limit, and not a byte larger', async () => {
    const call = (padding: number) => JSON.stringify(goodCall({ padding: 'x'.repeat(padding) }))
    const fits = MAX_BYTES - call(0).length
    assert.equal((await api.server.inject(trackCall(call(fits)))).statusCode, 200)
    const answer = await api.server.inject(trackCall(call(fits + 1)))
    assert.deepEqual([answer.statusCode, answer.json()], [413, TOO_LARGE])
  })
})
