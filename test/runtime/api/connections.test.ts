import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { Lingering } from '../../../runtime/api/lingering.ts'
import { type Api, buildApi, closeApis, goodCall, listen } from '../../support/api.ts'
import { eventually, until } from '../../support/until.ts'

const MIB = 1024 * 1024

describe('the connections of the public listener', () => {
  let api: Api
  let port: number
  const sockets: Socket[] = []

  const start = async (settings: Parameters<typeof buildApi>[0] = {}) => {
    api = await buildApi(settings)
    port = await listen(api.server)
  }
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await closeApis()
  })

  interface Client {
    readonly socket: Socket
    readonly received: () => string
    readonly closed: () => boolean
    readonly broke: () => string | undefined
  }

  /** A connection whose client ends its side when it wants to, not when the server does. */
  function client(bytes: string | Buffer = ''): Client {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(socket)
    let received = ''
    let broke: string | undefined
    socket.on('data', (data) => {
      received += data
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      broke = error.code
    })
    if (bytes.length > 0) socket.write(bytes)
    return { socket, received: () => received, closed: () => socket.destroyed, broke: () => broke }
  }

  const head = (more: string, path = '/track') =>
    `POST ${path} HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n${more}\r\n\r\n`
  const statusOf = ({ received }: Client) => Number(received().slice(9, 12))
  const number = async (line: string) => {
    const found = (await api.registry.metrics()).split('\n').find((one) => one.startsWith(`${line} `))
    return Number(found?.split(' ').at(-1))
  }
  const unrouted = (reason: string) => number(`tracardi_api_unrouted_total{reason="${reason}"}`)

  describe('after an answer that comes before the body', () => {
    for (const [what, bytes, status] of [
      ['413 to a length that is too large', head(`Content-Length: ${100 * MIB}`), 413],
      ['415', head(`Content-Length: ${100 * MIB}`).replace('application/json', 'image/png'), 415],
      ['401', head(`Content-Length: ${100 * MIB}`, '/collect/t/nobody'), 401],
      ['404', head('Transfer-Encoding: chunked', '/nothing'), 404],
      ['400 to a path that cannot be read', head(`Content-Length: ${100 * MIB}`, '/%zz'), 400],
      ['431', `GET / HTTP/1.1\r\nCookie: ${'x'.repeat(20_000)}`, 431],
      ['400 to what is not HTTP', 'nonsense\r\n\r\n', 400],
      ['417', head(`Expect: 200-ok\r\nContent-Length: ${100 * MIB}`), 417],
      ['405 to CONNECT', 'CONNECT api:80 HTTP/1.1\r\nHost: api\r\n\r\n', 405],
    ] as const) {
      it(`${what} continues reading, so that no reset overtakes the answer`, async () => {
        await start()
        const sender = client(bytes)
        await until('the answer exists', () => statusOf(sender) === status)
        await until('it lingers', () => api.connections().lingering === 1)
        for (let piece = 0; piece < 20; piece += 1) sender.socket.write(Buffer.alloc(MIB))
        await new Promise<void>((resolve) => sender.socket.end(() => resolve()))
        await until('it is closed', () => api.connections().open === 0)
        assert.deepEqual([sender.broke(), api.connections().lingering, api.budget.used], [undefined, 0, 0])
      })
    }

    it('takes nothing that follows as a call', async () => {
      await start()
      const body = JSON.stringify(goodCall())
      const sender = client(head(`Content-Length: ${5 * MIB}`))
      await until('the answer exists', () => statusOf(sender) === 413)
      sender.socket.write(Buffer.alloc(5 * MIB))
      sender.socket.end(head(`Content-Length: ${body.length}`) + body)
      await until('it is closed', () => api.connections().open === 0)
      assert.equal(api.producer.messages.length, 0)
    })

    it('closes when more than 64 MiB follow', async () => {
      await start()
      const sender = client(head(`Content-Length: ${1000 * MIB}`))
      await until('the answer exists', () => statusOf(sender) === 413)
      const piece = Buffer.alloc(MIB)
      for (let sent = 0; sent < 80 && !sender.closed(); sent += 1) {
        await new Promise((resolve) => sender.socket.write(piece, resolve))
      }
      await until('it is closed', () => api.connections().open === 0)
    })

    it('keeps the connection when the rest is as small as any body', async () => {
      await start()
      const sender = client(head('Content-Length: 5', '/nothing'))
      await until('the answer exists', () => statusOf(sender) === 404)
      const body = JSON.stringify(goodCall())
      sender.socket.write(`12345${head(`Content-Length: ${body.length}`)}${body}`)
      await until('the next call is taken', () => api.producer.messages.length === 1)
    })

    it('lets one client have at most 800 of 1,000 that linger, and others have some of the rest', () => {
      const lingering = new Lingering()
      const began = (client: string) => lingering.begin(new Socket(), client)
      assert.equal(Array.from({ length: 900 }, () => began('one')).filter(Boolean).length, 800)
      assert.equal(began('another'), true)
      lingering.stop()
    })

    it('does not hold up the end', async () => {
      await start()
      const sender = client(head(`Content-Length: ${5 * MIB}`))
      await until('it lingers', () => api.connections().lingering === 1)
      await api.server.close()
      await eventually(() => statusOf(sender) === 413)
    })
  })

  describe('while the listener closes', () => {
    it('are ended where no call has come, where one has not arrived whole, and not where one waits for its answer', async () => {
      await start()
      api.producer.holding = true
      const silent = client()
      const half = client('POST /tra')
      const body = JSON.stringify(goodCall())
      const called = client(head(`Content-Length: ${body.length}`) + body)
      const stuck = client(head('Content-Length: 100'))
      await until('all exist', () => api.connections().open === 4 && api.producer.held === 1)
      const closing = api.server.close()
      await eventually(() => silent.socket.readableEnded && half.socket.readableEnded)
      assert.deepEqual([stuck.socket.readableEnded, called.socket.readableEnded], [false, false])
      await eventually(() => stuck.socket.readableEnded || stuck.closed())
      assert.equal(called.socket.readableEnded, false)
      api.producer.release()
      await closing
      await eventually(() => statusOf(called) === 200)
      assert.match(called.received(), /\r\nconnection: close\r\n/)
    }).timeout(20_000)
  })

  describe('of which there may be so many', () => {
    it('are refused beyond the maximum, counted, and taken again when one is closed', async () => {
      await start({ apiMaxConnections: 3 })
      const first = client()
      client()
      client()
      await until('three are open', () => api.connections().open === 3)
      const refused = client()
      await once(refused.socket, 'end')
      assert.deepEqual([await unrouted('too_many_connections'), api.connections().open], [1, 3])
      assert.equal(await number('tracardi_api_connections{state="maximum"}'), 3)
      first.socket.destroy()
      await until('one is closed', () => api.connections().open === 2)
      const body = JSON.stringify(goodCall())
      const taken = client(head(`Content-Length: ${body.length}`) + body)
      await until('it is answered', () => statusOf(taken) === 200)
    })

    it('end with their answer above three quarters of the maximum, and are kept below', async () => {
      await start({ apiMaxConnections: 4 })
      const call = 'GET /tracker/tracker.js HTTP/1.1\r\nHost: api\r\n\r\n'
      const kept = [client(call), client(call), client(call)]
      await until('all are answered', () => kept.every((one) => statusOf(one) === 200))
      assert.ok(kept.every((one) => !/\r\nconnection: close\r\n/i.test(one.received())))
      const last = client(call)
      await until('it is answered', () => statusOf(last) === 200)
      assert.match(last.received(), /\r\nconnection: close\r\n/i)
      assert.equal(api.connections().open <= 4, true)
    })
  })

  describe('that end before a route sees a call', () => {
    it('are counted by their reason, each once', async () => {
      await start()
      for (const bytes of [
        'GET /%zz HTTP/1.1\r\nHost: api\r\n\r\n',
        'nonsense\r\n\r\n',
        `GET / HTTP/1.1\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`,
        'CONNECT api:80 HTTP/1.1\r\nHost: api\r\n\r\n',
        'POST /tr',
        head('Content-Length: 100'),
      ]) {
        const one = client(bytes)
        one.socket.end()
        await until('it is closed', () => api.connections().open === 0 && one.socket.readableEnded)
      }
      const reset = client(head('Content-Length: 100'))
      await until('the call exists', () => api.budget.used > 0)
      reset.socket.resetAndDestroy()
      await until('it is closed', () => api.connections().open === 0 && api.budget.used === 0)
      const counted = Object.fromEntries(
        await Promise.all(
          ['bad_url', 'bad_http', 'head_too_large', 'unsupported', 'aborted', 'too_slow'].map(
            async (reason) => [reason, await unrouted(reason)] as const,
          ),
        ),
      )
      assert.deepEqual(counted, { bad_url: 1, bad_http: 1, head_too_large: 1, unsupported: 1, aborted: 3, too_slow: 0 })
      assert.equal(await number('tracardi_api_requests_total{route="/track",status="400"}'), Number.NaN)
    })
  })
})
