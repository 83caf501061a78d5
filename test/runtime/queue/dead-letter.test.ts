import assert from 'node:assert/strict'
import { decodeDeadLetter, encodeDeadMessage, encodeDeadOperation } from '../../../runtime/queue/dead-letter.ts'
import { deliveryOf } from '../../support/messages.ts'

const certificate = {
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
    const letter = decodeDeadLetter(delivered(encodeDeadOperation(envelope, certificate)))
    assert.deepEqual(letter.certificate, certificate)
    assert.deepEqual(letter.message, { payload: eventLines, properties: { v: '1', n: '1', s: '0', b: '17', t: '5' } })
  })

  it('of a message keeps that message whole', () => {
    const delivery = { ...deliveryOf('m1', ['a']), properties: { v: '1', n: 'many' } }
    const letter = decodeDeadLetter(delivered(encodeDeadMessage(delivery, certificate)))
    assert.deepEqual(letter.message, { payload: delivery.payload, properties: { v: '1', n: 'many' } })
  })

  it('cuts a reason that quotes a whole document', () => {
    const long = { ...certificate, reason: 'x'.repeat(50_000) }
    const letter = decodeDeadLetter(delivered(encodeDeadMessage(deliveryOf('m1', ['a']), long)))
    assert.equal(letter.certificate.reason, 'x'.repeat(1000))
  })

  it('carries no U+0000 in its reason, at which the native client would end it', () => {
    const quoting = { ...certificate, reason: 'value [a\0b]' }
    const letter = decodeDeadLetter(delivered(encodeDeadMessage(deliveryOf('m1', ['a']), quoting)))
    assert.equal(letter.certificate.reason, 'value [a\ufffdb]')
  })

  it('that somebody else put into the topic is shown as unknown', () => {
    const letter = decodeDeadLetter(delivered({ payload: Buffer.from('?'), properties: {} }))
    assert.deepEqual(letter.certificate, { fault: 'unknown', reason: '', status: 0, messageId: '', failedAt: '' })
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
        failed_at: certificate.failedAt,
        [property]: value,
      }
      const letter = decodeDeadLetter(delivered({ payload: Buffer.from('?'), properties }))
      const { status, failedAt } = letter.certificate
      assert.deepEqual([status, failedAt], property === 'status' ? [0, certificate.failedAt] : [400, ''])
    })
  }

  it('is cut where somebody else wrote long properties', () => {
    const properties = { fault: 'f'.repeat(5000), reason: 'r'.repeat(5000), message_id: 'm'.repeat(5000) }
    const { fault, reason, messageId } = decodeDeadLetter(
      delivered({ payload: Buffer.from('?'), properties }),
    ).certificate
    assert.deepEqual([fault.length, reason.length, messageId.length], [200, 1000, 200])
  })
})
