import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Api, buildApi, closeApis, goodCall, listen, trackCall } from '../../support/api.ts'
import { until } from '../../support/until.ts'

const MIB = 1024 * 1024
const CALL_BYTES = 4096
const PIECE_BYTES = 200
const DETAIL = { detail: 'Too many events are waiting; send them again' }

describe('admission', () => {
  let api: Api
  const sockets: Socket[] = []

  beforeEach(async () => {
    api = await buildApi({ apiMaxPendingBytes: MIB })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await closeApis()
  })

  /** Holds this many bytes more, for others, whether or not they fit. */
  function others(bytes: number): void {
    api.budget.add(api.budget.enter('others'), bytes)
  }

  /** Sends bytes over a connection of their own; `received` is the answer so far. */
  function connection(port: number): { send(text: string): void; end(): void; received: () => string } {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', (data) => {
      received += data
    })
    // A test that ends a call may meet a connection that is ended already.
    socket.on('error', () => undefined)
    sockets.push(socket)
    return { send: (text) => void socket.write(text), end: () => socket.destroy(), received: () => received }
  }

  function headOf(length: string): string {
    return `POST /track HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n${length}\r\n\r\n`
  }

  it('counts a call with its body until its answer, and nothing after', async () => {
    api.producer.holding = true
    const body = JSON.stringify(goodCall({ properties: { padding: 'x'.repeat(10_000) } }))
    const answer = api.server.inject(trackCall(body))
    await until('the message is in flight', () => api.producer.held === 1)
    const [message] = api.producer.messages
    assert.equal(api.budget.used, CALL_BYTES + 2 * (message?.payload.length ?? 0))
    api.producer.release()
    assert.equal((await answer).statusCode, 200)
    assert.equal(api.budget.used, 0)
  })

  it('answers 429 with Retry-After when all is used up, and takes calls again after', async () => {
    api.producer.holding = true
    const first = api.server.inject(trackCall(goodCall()))
    await until('the message is in flight', () => api.producer.held === 1)
    const rest = MIB - api.budget.used
    others(rest)
    const refused = await api.server.inject(trackCall(goodCall()))
    assert.deepEqual([refused.statusCode, refused.headers['retry-after'], refused.json()], [429, '2', DETAIL])
    assert.equal(api.budget.used, MIB)
    api.producer.holding = false
    api.producer.release()
    await first
    others(-rest)
    assert.equal((await api.server.inject(trackCall(goodCall()))).statusCode, 200)
    assert.equal(api.budget.used, 0)
  })

  it('counts the calls of a GET too', async () => {
    others(MIB - CALL_BYTES + 1)
    assert.equal(
      (await api.server.inject({ url: '/collect/t/shop?a=1', headers: { origin: 'https://shop.example.com' } }))
        .statusCode,
      429,
    )
  })

  it('answers for the library while all is used up', async () => {
    others(MIB)
    assert.equal((await api.server.inject('/tracker/tracker.js')).statusCode, 200)
  })

  it('takes nothing for a body that is only promised', async () => {
    const port = await listen(api.server)
    for (let client = 0; client < 50; client += 1) connection(port).send(headOf('Content-Length: 1000000'))
    await until('all calls are counted', () => api.budget.used === 50 * CALL_BYTES)
    assert.equal((await api.server.inject(trackCall(goodCall()))).statusCode, 200)
  })

  it('counts a body in many pieces with what each piece takes', async () => {
    const client = connection(await listen(api.server))
    client.send(`${headOf('Transfer-Encoding: chunked')}${'1\r\nx\r\n'.repeat(100)}`)
    await until('all pieces are counted', () => api.budget.used === CALL_BYTES + 100 * (1 + PIECE_BYTES))
  })

  it('refuses calls of an address beyond its limit, and takes others after an answer', async () => {
    const few = await buildApi({ apiMaxCallsPerAddress: 2 })
    few.producer.holding = true
    const open = [1, 2].map((number) => few.server.inject(trackCall(goodCall({ session: { id: `s${number}` } }))))
    await until('both are in flight', () => few.producer.held > 0)
    const refused = await few.server.inject(trackCall(goodCall()))
    assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [429, '1'])
    few.producer.holding = false
    few.producer.release()
    await Promise.all(open)
    assert.equal((await few.server.inject(trackCall(goodCall()))).statusCode, 200)
  })

  it('believes as many proxies as are stated, and no address that a client claims', async () => {
    for (const [trustedProxies, forwarded, statusCode] of [
      [0, '10.0.0.9', 429],
      [1, '10.0.0.9', 200],
      [1, '10.0.0.9, 10.0.0.1', 429],
    ] as const) {
      const few = await buildApi({ apiMaxCallsPerAddress: 1, trustedProxies })
      few.producer.holding = true
      const headers = trustedProxies === 0 ? {} : { 'x-forwarded-for': '10.0.0.1' }
      const first = few.server.inject(trackCall(goodCall(), headers as Record<string, string>))
      await until('it is in flight', () => few.producer.held === 1)
      few.producer.holding = false
      const second = await few.server.inject(trackCall(goodCall(), { 'x-forwarded-for': forwarded }))
      assert.equal(second.statusCode, statusCode)
      few.producer.release()
      await first
    }
  })

  it('takes all addresses of an IPv6 network as one, and an IPv4 address as one in any form', async () => {
    for (const [first, second, statusCode] of [
      ['2001:db8::1', '2001:db8::ffff', 429],
      ['2001:db8::1', '2001:db8:0:1::1', 200],
      ['10.0.0.1', '::ffff:10.0.0.1', 429],
      ['10.0.0.1:1111', '10.0.0.1:2222', 429],
    ] as const) {
      const few = await buildApi({ apiMaxCallsPerAddress: 1, trustedProxies: 1 })
      few.producer.holding = true
      const open = few.server.inject(trackCall(goodCall(), { 'x-forwarded-for': first }))
      await until('it is in flight', () => few.producer.held === 1)
      few.producer.holding = false
      const answer = await few.server.inject(trackCall(goodCall(), { 'x-forwarded-for': second }))
      assert.equal(answer.statusCode, statusCode, second)
      few.producer.release()
      await open
      assert.equal(few.budget.used, 0)
    }
  })

  it('lets a preflight through, which takes nothing', async () => {
    others(MIB)
    const headers = { origin: 'https://shop.example.com', 'access-control-request-method': 'POST' }
    assert.equal((await api.server.inject({ method: 'OPTIONS', url: '/track', headers })).statusCode, 204)
  })

  it('reports the origin of a page also with a 429, so that its script can read it', async () => {
    others(MIB)
    const answer = await api.server.inject(trackCall(goodCall(), { origin: 'https://shop.example.com' }))
    assert.deepEqual(
      [
        answer.statusCode,
        answer.headers['access-control-allow-origin'],
        answer.headers['access-control-expose-headers'],
      ],
      [429, 'https://shop.example.com', 'Retry-After'],
    )
  })

  it('counts a compressed body with the size that it expands to', async () => {
    const body = gzipSync(JSON.stringify(goodCall({ padding: randomBytes(150_000).toString('hex') })))
    others(MIB - 300_000)
    const answer = await api.server.inject(trackCall(body, { 'content-encoding': 'gzip' }))
    assert.deepEqual([answer.statusCode, answer.json()], [429, DETAIL])
    assert.equal(api.budget.used, MIB - 300_000)
    others(300_000 - MIB)
    assert.equal((await api.server.inject(trackCall(body, { 'content-encoding': 'gzip' }))).statusCode, 200)
  })

  it('counts what is made of a call, where that is more than its body', async () => {
    const events = Array.from({ length: 200 }, (_, index) => ({ id: `e${index}`, type: 't' }))
    const call = goodCall({ events, request: { headers: { agent: 'x'.repeat(2000) } } })
    others(MIB - 200_000)
    const answer = await api.server.inject(trackCall(call))
    assert.deepEqual([answer.statusCode, answer.json()], [429, DETAIL])
    assert.equal(api.producer.messages.length, 0)
    assert.equal(api.budget.used, MIB - 200_000)
  })

  it('returns what a refused call held, whatever the reason', async () => {
    for (const call of [
      trackCall('{'),
      trackCall({}),
      trackCall(goodCall({ source: { id: 'nobody' } })),
      trackCall(goodCall(), { origin: 'https://evil.example.com' }),
      trackCall(goodCall(), { 'content-encoding': 'lzma' }),
      trackCall(goodCall(), { 'content-type': 'text/html' }),
      trackCall(goodCall({ padding: 'x'.repeat(5 * MIB) })),
      { ...trackCall(goodCall()), url: '/nowhere' },
    ]) {
      const answer = await api.server.inject(call)
      assert.ok(answer.statusCode >= 400)
      assert.equal(api.budget.used, 0)
    }
  })

  it('counts of a body under way what has arrived, not what was announced, and returns it when the client goes away', async () => {
    const client = connection(await listen(api.server))
    client.send(headOf('Content-Length: 1000000') + 'x'.repeat(200_000))
    await until('the bytes are counted', () => api.budget.used > CALL_BYTES + 200_000)
    assert.ok(api.budget.used < CALL_BYTES + 210_000)
    client.end()
    await until('the budget is returned', () => api.budget.used === 0)
  })

  it('returns what a small half-sent body held when the client goes away', async () => {
    const client = connection(await listen(api.server))
    client.send(headOf('Content-Length: 1000') + 'x'.repeat(10))
    await until('the call is counted', () => api.budget.used === CALL_BYTES + 10 + PIECE_BYTES)
    client.end()
    await until('the budget is returned', () => api.budget.used === 0)
  })

  it('counts a body without Content-Length as it arrives, and takes it', async () => {
    const client = connection(await listen(api.server))
    const body = JSON.stringify(goodCall({ padding: 'x'.repeat(50_000) }))
    client.send(`${headOf('Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n`)
    await until('the bytes are counted', () => api.budget.used > CALL_BYTES + body.length)
    client.send('0\r\n\r\n')
    await until('the answer comes', () => client.received().includes('"task"'))
    assert.match(client.received(), /^HTTP\/1\.1 200 OK\r\n/)
    assert.equal(api.budget.used, 0)
  })

  it('answers 429 in the middle of a body that no longer fits, and gives everything back', async () => {
    others(MIB - 100_000)
    const client = connection(await listen(api.server))
    client.send(headOf('Content-Length: 1000000') + 'x'.repeat(200_000))
    await until('the answer comes', () => client.received().includes('detail'))
    assert.match(client.received(), /^HTTP\/1\.1 429 Too Many Requests\r\n/)
    client.send('x'.repeat(100_000))
    client.end()
    await until('only the other is held', () => api.budget.used === MIB - 100_000)
  })

  for (const [what, length, chunk] of [
    ['with Content-Length', 'Content-Length: 10485760', (data: string) => data],
    [
      'without Content-Length',
      'Transfer-Encoding: chunked',
      (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`,
    ],
  ] as const) {
    it(`answers 413 to 10 MB ${what}, and holds nothing for what still arrives`, async () => {
      const large = await buildApi({ apiMaxPendingBytes: 8 * MIB })
      const client = connection(await listen(large.server))
      client.send(headOf(length))
      const data = chunk('x'.repeat(64 * 1024))
      for (let sent = 0; sent < 10 * MIB; sent += 64 * 1024) client.send(data)
      await until('the answer comes', () => client.received().includes('detail'))
      assert.match(client.received(), /^HTTP\/1\.1 413 Payload Too Large\r\n/)
      assert.match(
        client.received(),
        /\{"detail":"The body is larger than 4194304 bytes; send fewer events in one call"\}$/,
      )
      client.end()
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
      assert.equal(large.budget.used, 0)
    })
  }

  it('survives a client that goes away just when its body is refused', async () => {
    api.server.addHook('onSend', async (request) => {
      request.raw.emit('error', new Error('aborted'))
    })
    const client = connection(await listen(api.server))
    client.send(headOf('Content-Length: 10485760'))
    await until('the answer comes', () => client.received().includes('detail'))
    assert.equal((await api.server.inject('/nowhere')).statusCode, 404)
  })

  it('lets the parsed body go while a call waits for its receipts', async () => {
    const bodies: (() => unknown)[] = []
    api.server.addHook('preHandler', async (request) => {
      assert.notEqual(request.body, undefined)
      bodies.push(() => request.body)
    })
    api.producer.holding = true
    const answer = api.server.inject(trackCall(goodCall()))
    await until('the message is in flight', () => api.producer.held === 1)
    assert.deepEqual(
      bodies.map((body) => body()),
      [undefined],
    )
    api.producer.release()
    assert.equal((await answer).statusCode, 200)
  })

  it('holds a call whose client went away until its receipts, for so long its lines are in memory', async () => {
    api.producer.holding = true
    const body = JSON.stringify(goodCall())
    const client = connection(await listen(api.server))
    client.send(headOf(`Content-Length: ${body.length}`) + body)
    await until('the message is in flight', () => api.producer.held === 1)
    const held = api.budget.used
    client.end()
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
    assert.equal(api.budget.used, held)
    api.producer.release()
    await until('the budget is returned', () => api.budget.used === 0)
  })

  it('keeps the connection of a faulty call that has arrived completely', async () => {
    const client = connection(await listen(api.server))
    client.send(`${headOf('Content-Length: 1')}{`)
    await until('the first answer comes', () => client.received().includes('json_invalid'))
    const body = JSON.stringify(goodCall())
    client.send(headOf(`Content-Length: ${body.length}`) + body)
    await until('the second answer comes', () => client.received().includes('"task"'))
  })
})
