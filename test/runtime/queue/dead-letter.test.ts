import assert from 'node:assert/strict'
import { decodeDeadLetter, encodeDeadMessage, encodeDeadOperation } from '../../../runtime/queue/dead-letter.ts'
import { deliveryOf } from '../../support/messages.ts'

const metadata = {
  fault: 'document_parsing_exception',
  reason: 'no number',
  status: 400,
  messageId: 'm1',
  failedAt: '2026-11-22T10:00:00.000Z',
}
const delivered = (message: { payload: Buffer; properties: Readonly<Record<string, string>> }) => ({
  id: 'd1',
  publishedAtMs: 0,
  ...message,
})

describe('a dead letter', () => {
  it('of an operation holds the message to publish again, and why it could not be stored', () => {
    const eventLines = Buffer.from('{"create":{}}\n{}\n')
    const envelope = { events: 1, eventLines, states: 0, stateLines: Buffer.alloc(0), receivedAtMs: 5 }
    const letter = decodeDeadLetter(delivered(encodeDeadOperation(envelope, metadata)))
    assert.deepEqual(letter.metadata, metadata)
    assert.deepEqual(letter.message, { payload: eventLines, properties: { v: '1', n: '1', s: '0', b: '17', t: '5' } })
  })

  it('of a message keeps that message whole', () => {
    const delivery = { ...deliveryOf('m1', ['a']), properties: { v: '1', n: 'many' } }
    const letter = decodeDeadLetter(delivered(encodeDeadMessage(delivery, metadata)))
    assert.deepEqual(letter.message, { payload: delivery.payload, properties: { v: '1', n: 'many' } })
  })

  it('cuts a reason that quotes a whole document', () => {
    const long = { ...metadata, reason: 'x'.repeat(50_000) }
    const letter = decodeDeadLetter(delivered(encodeDeadMessage(deliveryOf('m1', ['a']), long)))
    assert.equal(letter.metadata.reason, 'x'.repeat(1000))
  })

  it('carries no U+0000 in its reason, at which the native client would end it', () => {
    const quoting = { ...metadata, reason: 'value [a\0b]' }
    const letter = decodeDeadLetter(delivered(encodeDeadMessage(deliveryOf('m1', ['a']), quoting)))
    assert.equal(letter.metadata.reason, 'value [a\ufffdb]')
  })

  it('that somebody else put into the topic is shown as unknown', () => {
    const letter = decodeDeadLetter(delivered({ payload: Buffer.from('?'), properties: {} }))
    assert.deepEqual(letter.metadata, { fault: 'unknown', reason: '', status: 0, messageId: '', failedAt: '' })
  })

  for (const [property, value] of [
    ['status', 'NaN'],
    ['status', ''],
    ['status', '4e2'],
    ['status', '400.5'],
    ['status', '-400'],
    ['status', '99999999999999999999'],
    ['status', '999'],
    ['failed_at', 'yesterday'],
    ['failed_at', '2026-11-22'],
    ['failed_at', `2026-11-22T10:00:00.000Z${' '.repeat(1000)}`],
  ] as const) {
    it(`with the ${property} "${value.slice(0, 30)}" has none`, () => {
      const properties = {
        fault: 'mapping',
        reason: 'no',
        status: '400',
        failed_at: metadata.failedAt,
        [property]: value,
      }
      const letter = decodeDeadLetter(delivered({ payload: Buffer.from('?'), properties }))
      const { status, failedAt } = letter.metadata
      assert.deepEqual([status, failedAt], property === 'status' ? [0, metadata.failedAt] : [400, ''])
    })
  }

  it('is cut where somebody else wrote long properties', () => {
    const properties = { fault: 'f'.repeat(5000), reason: 'r'.repeat(5000), message_id: 'm'.repeat(5000) }
    const { fault, reason, messageId } = decodeDeadLetter(delivered({ payload: Buffer.from('?'), properties })).metadata
    assert.deepEqual([fault.length, reason.length, messageId.length], [200, 1000, 200])
  })
})
