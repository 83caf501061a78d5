import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import { apiMetrics } from '../../../runtime/api/metrics.ts'
import type { Part } from '../../../runtime/api/packer.ts'
import { Publisher } from '../../../runtime/api/publisher.ts'
import { AppError } from '../../../runtime/errors.ts'
import { WELL_QUEUE } from '../../support/api.ts'
import { FakeProducer } from '../../support/fake-producer.ts'
import { FakeTracer } from '../../support/fake-tracer.ts'
import { until } from '../../support/until.ts'

function partOf(lines: string, { events = 1, states = '', receivedAtMs = 1000 } = {}): Part {
  const bytes = Buffer.byteLength(lines + states)
  const stateLines = states === '' ? [] : [states]
  return { events, eventLines: [lines], states: stateLines.length, stateLines, bytes, receivedAtMs }
}

describe('Publisher', () => {
  let producer: FakeProducer
  let registry: Registry
  let publisher: Publisher

  beforeEach(() => {
    producer = new FakeProducer()
    registry = new Registry()
    publisher = new Publisher(
      producer,
      { bytes: 20, events: 3 },
      apiMetrics(registry, { pendingBytes: () => 0, sourcesFault: () => undefined, queue: WELL_QUEUE }),
    )
  })

  const publish = (part: Part, sourceId = 'shop') => publisher.publish(part, sourceId)

  it('serves sources in rotation: a flood of one does not keep another waiting', async () => {
    const flood = Array.from({ length: 40 }, () => publish(partOf('f\n'), 'flooding'))
    await Promise.all([...flood, publish(partOf('h\n'), 'honest')])
    assert.deepEqual(
      producer.messages.slice(0, 2).map(({ payload }) => payload.toString()),
      ['f\nh\nf\n', 'f\nf\nf\n'],
    )
  })

  it('joins what arrives together into one message: events first, then states, since the oldest', async () => {
    await Promise.all([
      publish(partOf('a\n', { states: 's\n', receivedAtMs: 1002 })),
      publish(partOf('b\n', { states: 't\n', receivedAtMs: 1001 })),
    ])
    assert.deepEqual(
      producer.messages.map(({ payload, properties }) => [payload.toString(), properties]),
      [['a\nb\ns\nt\n', { v: '1', n: '2', s: '2', b: '4', t: '1001' }]],
    )
  })

  it('names in a message the spans of the calls that it carries, and ends each with its receipt', async () => {
    const tracer = new FakeTracer()
    const [one, two] = [tracer.span('one', 'none'), tracer.span('two', 'none')]
    await publish(partOf('a\n'))
    await Promise.all([
      publisher.publish(partOf('b\n'), 'shop', one),
      publish(partOf('c\n')),
      publisher.publish(partOf('d\n'), 'shop', two),
    ])
    await publish(partOf('e\n'))
    assert.deepEqual(
      producer.messages.map(({ properties }) => properties['traceparent']),
      [undefined, 'of producer publish events,of producer publish events', undefined],
    )
    assert.deepEqual(tracer.begun.slice(2), ['producer publish events < one', 'producer publish events < two'])
    assert.deepEqual(tracer.ended, { 'producer publish events': { fault: undefined } })
  })

  it('says in the span why there is no receipt', async () => {
    const tracer = new FakeTracer()
    producer.failures.push(new Error('no receipt'))
    await assert.rejects(publisher.publish(partOf('a\n'), 'shop', tracer.span('one', 'none')))
    assert.deepEqual(tracer.ended, { 'producer publish events': { fault: 'no receipt' } })
  })

  it('puts at most the limit of events into a message, in the order of arrival', async () => {
    await Promise.all(['a\n', 'b\n', 'c\n', 'd\n'].map((lines) => publish(partOf(lines))))
    assert.deepEqual(
      producer.messages.map(({ payload }) => payload.toString()),
      ['a\nb\nc\n', 'd\n'],
    )
  })

  it('puts at most the limit of bytes into a message, states counted', async () => {
    const ten = '123456789\n'
    await Promise.all([ten, ten, ten].map((states) => publish(partOf('', { events: 0, states }))))
    assert.deepEqual(
      producer.messages.map(({ payload }) => payload.length),
      [20, 10],
    )
  })

  it('joins across a part that alone is as large as a message may be', async () => {
    await Promise.all([partOf('a\n'), partOf('b\n', { events: 3 }), partOf('c\n')].map((part) => publish(part)))
    assert.deepEqual(
      producer.messages.map(({ payload }) => payload.toString()),
      ['a\n', 'b\n', 'c\n'],
    )
  })

  it('sends a part that is over the limits alone, rather than never', async () => {
    await Promise.all([partOf('a\n', { events: 4 }), partOf('b\n')].map((part) => publish(part)))
    assert.deepEqual(
      producer.messages.map(({ payload }) => payload.toString()),
      ['a\n', 'b\n'],
    )
  })

  it('has at most 8 messages in flight, and joins what arrives meanwhile', async () => {
    producer.holding = true
    const published: Promise<void>[] = []
    for (let message = 1; message <= 8; message += 1) {
      published.push(publish(partOf(`${message}\n`)))
      await until(`message ${message} is in flight`, () => producer.messages.length === message)
    }
    published.push(publish(partOf('x\n')), publish(partOf('y\n')))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    assert.equal(producer.messages.length, 8)
    producer.release()
    await until('the next message is in flight', () => producer.messages.length === 9)
    assert.equal(producer.messages[8]?.payload.toString(), 'x\ny\n')
    producer.release(8)
    await until('the last receipt is awaited', () => producer.held === 0)
    await Promise.all(published)
  })

  it('resolves only on the receipt of its own message', async () => {
    producer.holding = true
    const settled: string[] = []
    const first = publish(partOf('a\n')).then(() => settled.push('a'))
    await until('the first message is in flight', () => producer.held === 1)
    const second = publish(partOf('b\n')).then(() => settled.push('b'))
    await until('the second message is in flight', () => producer.held === 2)
    assert.deepEqual(settled, [])
    producer.release()
    await first
    assert.deepEqual(settled, ['a'])
    producer.release()
    await second
  })

  it('rejects every part of a message that failed, and continues with the next', async () => {
    producer.failures.push(new AppError('queue_unavailable', 'gone'))
    const outcomes = await Promise.allSettled([publish(partOf('a\n')), publish(partOf('b\n'))])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
      ['gone', 'gone'],
    )
    await publish(partOf('c\n'))
    assert.equal(producer.messages.length, 1)
  })

  it('uses the memory of a message again after its receipt, and never that of one without a receipt', async () => {
    for (const lines of ['a\n', 'b\n']) await publish(partOf(lines))
    producer.failures.push(new AppError('queue_unavailable', 'gone'))
    await assert.rejects(publish(partOf('c\n')))
    await publish(partOf('d\n'))
    const [a, b, c, d] = producer.memory
    assert.ok(a === b && b === c && c !== d)
    assert.deepEqual(
      producer.messages.map(({ payload }) => payload.toString()),
      ['a\n', 'b\n', 'd\n'],
    )
  })

  it('measures receipts and the events of messages, of those that succeeded', async () => {
    producer.failures.push(new AppError('queue_unavailable', 'gone'))
    await assert.rejects(publish(partOf('a\n')))
    await Promise.all([publish(partOf('b\n')), publish(partOf('c\n'))])
    const text = await registry.metrics()
    assert.match(text, /^tracardi_api_receipt_seconds_count 1$/m)
    assert.match(text, /^tracardi_api_message_events_sum 2$/m)
  })
})
