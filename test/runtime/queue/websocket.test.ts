import assert from 'node:assert/strict'
import { handshakeRefusal } from '../../../runtime/queue/websocket.ts'

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
})
