import assert from 'node:assert/strict'
import type { AddressInfo, Socket } from 'node:net'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { loadConfig } from '../../runtime/config.ts'
import { listenAt, listenerOptions } from '../../runtime/listener.ts'
import { exchange } from '../support/exchange.ts'
import { recordingLog } from '../support/log.ts'

const CONFIG = loadConfig({ KEEP_ALIVE_SECONDS: '5' })

describe('a listener', () => {
  let server: FastifyInstance
  let port: number
  let logged: Record<string, unknown>[]

  beforeEach(async () => {
    const { log, lines } = recordingLog()
    logged = lines
    server = Fastify({ ...listenerOptions(CONFIG), loggerInstance: log as FastifyBaseLogger })
    server.get('/:name', async () => ({}))
    await server.listen({ host: '127.0.0.1', port: 0 })
    port = (server.server.address() as AddressInfo).port
    logged.length = 0
  })
  afterEach(() => server.close())

  for (const [what, bytes] of [
    ['what is not HTTP', 'nonsense with a-secret\r\n\r\n'],
    ['a negative length', 'POST /a HTTP/1.1\r\nHost: api\r\nContent-Length: -5\r\n\r\na-secret'],
    ['two lengths', 'POST /a HTTP/1.1\r\nHost: api\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\na-secret'],
  ] as const) {
    it(`answers 400 to ${what}, closes, and logs nothing of it`, async () => {
      const body = '{"detail":"The request is not valid HTTP"}'
      assert.deepEqual(await exchange(port, bytes), [
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nx-content-type-options: nosniff\r\nconnection: close`,
        body,
      ])
      assert.deepEqual(logged, [])
    })
  }

  it('answers 431 to a head that is too large', async () => {
    const [head, body] = await exchange(port, `GET /a HTTP/1.1\r\nHost: api\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`)
    assert.match(head, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
    assert.equal(body, '{"detail":"The head of the request is too large"}')
    assert.deepEqual(logged, [])
  })

  it('keeps idle connections for the configured time', () => {
    assert.equal(server.server.keepAliveTimeout, 5000)
  })

  it('takes connections of both families on ::', async () => {
    await server.close()
    server = Fastify(listenerOptions(CONFIG))
    server.get('/', async () => ({}))
    await listenAt(server, { host: '::', port: 0 })
    const at = (server.server.address() as AddressInfo).port
    for (const host of ['[::1]', '127.0.0.1']) assert.equal((await fetch(`http://${host}:${at}/`)).status, 200, host)
  })

  it('listens on all of IPv4 where there is no IPv6, and fails for any other fault', async () => {
    const listened = async (host: string, code: string): Promise<readonly string[]> => {
      const hosts: string[] = []
      const listen = async (at?: { host?: string }) => {
        hosts.push(`${at?.host}`)
        if (hosts.length === 1) throw Object.assign(new Error('cannot listen'), { code })
        return ''
      }
      const server = { listen } as unknown as Parameters<typeof listenAt>[0]
      await listenAt(server, { host, port: 1 }).catch((error) => hosts.push(error.code))
      return hosts
    }
    assert.deepEqual(await listened('::', 'EAFNOSUPPORT'), ['::', '0.0.0.0'])
    assert.deepEqual(await listened('::', 'EADDRNOTAVAIL'), ['::', '0.0.0.0'])
    assert.deepEqual(await listened('::', 'EADDRINUSE'), ['::', 'EADDRINUSE'])
    assert.deepEqual(await listened('::1', 'EADDRNOTAVAIL'), ['::1', 'EADDRNOTAVAIL'])
  })

  it('answers 408 to a request that took too long', () => {
    const written: string[] = []
    const socket = {
      writable: true,
      write: (text: string) => written.push(text),
      destroySoon: () => written.push('closed'),
    }
    const error = Object.assign(new Error('timeout'), {
      code: 'ERR_HTTP_REQUEST_TIMEOUT',
      bytesParsed: 0,
      rawPacket: {},
    })
    listenerOptions(CONFIG).clientErrorHandler(error as never, socket as unknown as Socket)
    assert.match(written[0] ?? '', /^HTTP\/1\.1 408 Request Timeout\r\n/)
    assert.match(written[0] ?? '', /\{"detail":"The request took too long to arrive"\}$/)
    assert.equal(written[1], 'closed')
  })

  it('writes nothing to a connection that is gone', () => {
    const done: string[] = []
    const socket = { writable: true, write: (text: string) => done.push(text), destroy: () => done.push('closed') }
    const error = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    listenerOptions(CONFIG).clientErrorHandler(error as never, socket as unknown as Socket)
    assert.deepEqual(done, ['closed'])
  })

  it('answers {detail} to a path that it cannot read', async () => {
    const { headers, body } = await server.inject('/%ff')
    assert.deepEqual(JSON.parse(body), { detail: "'/%ff' is not a valid url component" })
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal((await server.inject(`/${'x'.repeat(101)}`)).statusCode, 414)
  })

  it('has no line in the log for a request', async () => {
    await server.inject('/a?secret=1')
    assert.deepEqual(logged, [])
  })
})
