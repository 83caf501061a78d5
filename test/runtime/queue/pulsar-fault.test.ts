import assert from 'node:assert/strict'
import { errorCodes } from '../../../runtime/errors.ts'
import { pulsarFault } from '../../../runtime/queue/pulsar-fault.ts'

/** Names of `pulsar::Result` and texts of brokers of Pulsar 4.0.6. */
const TEXTS: readonly (readonly [string, ReturnType<typeof pulsarFault>])[] = [
  ['Failed to create producer: ProducerBlockedQuotaExceededException', 'queue_quota'],
  ['BacklogQuotaExceeded', 'queue_quota'],
  ['Cannot create producer on topic with backlog quota exceeded', 'queue_quota'],
  ['ConsumerBusy', 'queue_exclusive'],
  ['ProducerBusy', 'queue_exclusive'],
  ['ProducerFenced', 'queue_exclusive'],
  ['TopicNotFound', 'set_up_missing'],
  ['SubscriptionNotFound', 'set_up_missing'],
  ['AuthorizationError', 'queue_refused'],
  ['AuthenticationError', 'queue_refused'],
  ['MessageTooBig', 'queue_refused'],
  ['NotAllowedError', 'queue_refused'],
  ['The message is too large', 'queue_refused'],
  ['Message size 6000000 exceeds 5242880', 'queue_refused'],
  ['InvalidMessage', 'queue_refused'],
  ['Failed to deserialize the message', 'queue_refused'],
  ['Timeout', 'queue_unavailable'],
  ['ServiceUnitNotReady', 'queue_unavailable'],
  ['Topic was already terminated', 'queue_unavailable'],
  ['', 'queue_unavailable'],
]

describe('a fault of Pulsar', () => {
  for (const [text, code] of TEXTS) {
    it(`"${text}" is ${code}, from either client`, () => assert.equal(pulsarFault(text), code))
  }

  it('is judged by the status of a handshake before the text', () => {
    const codes = [401, 403, 404, 409].map((status) => pulsarFault('backlog quota exceeded', status))
    assert.deepEqual(codes, ['queue_refused', 'queue_refused', 'set_up_missing', 'queue_exclusive'])
    assert.equal(pulsarFault('Cannot create producer on topic with backlog quota exceeded', 503), 'queue_quota')
    assert.equal(pulsarFault('', 503), 'queue_unavailable')
  })

  it('is permanent only where the message or the rights are at fault', () => {
    const permanent = new Set(TEXTS.map(([, code]) => code).filter((code) => !errorCodes[code].retryable))
    assert.deepEqual([...permanent], ['queue_refused'])
  })
})
