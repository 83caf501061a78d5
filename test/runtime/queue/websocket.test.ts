import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { loadConfig } from '../../../runtime/config.ts'
import { handshakeRefusal, webSocketTransport } from '../../../runtime/queue/websocket.ts'

describe('a broker that does not open a connection', () => {
  const page = (text: string) =>
    `<html><body><h2>HTTP ERROR</h2>Failed to create producer/consumer: ${text}</body></html>`
  const code = (status: number, text = '') => handshakeRefusal(status, page(text), '/ws/v2/consumer/a').code

  it('is classified by its status, as temporary or permanent', () => {
    const codes = [401, 403, 404, 409, 500, 504].map((status) => code(status))
    assert.deepEqual(codes, [
      'queue_refused',
      'queue_refused',
      'set_up_missing',
      'queue_exclusive',
      'queue_unavailable',
      'queue_unavailable',
    ])
  })

  it('distinguishes a quota from a topic that was terminated, which have one status', () => {
    assert.equal(code(503, 'Cannot create producer on topic with backlog quota exceeded'), 'queue_quota')
    assert.equal(code(503, 'Topic was already terminated'), 'queue_unavailable')
  })

  it('passes on what the broker says', () => {
    assert.match(
      handshakeRefusal(409, page('Exclusive consumer is already connected'), '/ws').message,
      /already connected/,
    )
  })

  it('keeps no connection after it has refused', async () => {
    const server = createServer((_request, response) => response.writeHead(500).end(page('busy')))
    server.keepAliveTimeout = 0
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const connected = once(server, 'connection')
    const transport = webSocketTransport(loadConfig({ PULSAR_API: `http://127.0.0.1:${port}` }))
    const options = { topic: 'persistent://a/b/c', subscription: 's', prefetchMessages: 1 }
    await assert.rejects(transport.openConsumer(options, assert.fail), { code: 'queue_unavailable' })
    const [connection] = (await connected) as [Socket]
    if (!connection.closed) await once(connection, 'close')
    server.close()
    await once(server, 'close')
  })
})
