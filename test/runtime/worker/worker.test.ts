import assert from 'node:assert/strict'
import { errors } from '@elastic/elasticsearch'
import { Registry } from 'prom-client'
import { encode } from '../../../runtime/queue/message.ts'
import type { OutgoingMessage } from '../../../runtime/queue/port.ts'
import type { ItemResult } from '../../../runtime/search/bulk.ts'
import { lineGuard } from '../../../runtime/search/line-guard.ts'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'
import { workerMetrics } from '../../../runtime/worker/metrics.ts'
import type { RoutingOf } from '../../../runtime/worker/operations.ts'
import type { PoolLimits } from '../../../runtime/worker/pool.ts'
import { Worker } from '../../../runtime/worker/worker.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeConsumer } from '../../support/fake-consumer.ts'
import { FakeTracer } from '../../support/fake-tracer.ts'
import { recordingLog } from '../../support/log.ts'
import { deliveryOf, sessionOf } from '../../support/messages.ts'
import { until } from '../../support/until.ts'

const STORED: ItemResult = { outcome: 'stored' }
const BLOCKED: ItemResult = {
  outcome: 'retry',
  status: 403,
  fault: { type: 'cluster_block_exception', reason: 'read-only' },
}
const NEVER_MS = 3_600_000
const GRACE_MS = 20_000

interface Setup extends Partial<PoolLimits> {
  readonly concurrency?: number
  readonly routingOf?: RoutingOf
}

/** A bulk that Elasticsearch has not answered yet. */
interface Pending {
  readonly operations: readonly string[]
  answer(result: ItemResult | Error): void
}

describe('Worker', () => {
  let clock: FakeClock
  let consumer: FakeConsumer
  /** Operations of each bulk. */
  let bulks: number[]
  /** What Elasticsearch answers of an operation; an `Error` for the whole request; `undefined` when the test answers itself. */
  let answerOf: (operation: string) => ItemResult | Error | undefined
  let pending: Pending[]
  let deadLetters: OutgoingMessage[]
  let deadLettersFail: boolean
  let registry: Registry
  let logged: ReturnType<typeof recordingLog>
  let worker: Worker
  let tracer: FakeTracer | undefined

  beforeEach(() => {
    clock = new FakeClock()
    consumer = new FakeConsumer()
    bulks = []
    pending = []
    answerOf = () => STORED
    deadLetters = []
    deadLettersFail = false
    tracer = undefined
    registry = new Registry()
    logged = recordingLog()
  })
  afterEach(async () => {
    answerOf = () => STORED
    for (const bulk of pending) bulk.answer(STORED)
    const stopping = worker.stop(GRACE_MS)
    await eventually('the taking to end', () => consumer.closed, GRACE_MS)
    await stopping
  })

  function start({
    concurrency = 1,
    routingOf = () => ({ shards: 1, routingShards: 1 }),
    ...limits
  }: Setup = {}): void {
    const adaptive = new AdaptiveConcurrency(concurrency)
    worker = new Worker({
      consumer,
      sendBulk: async (lines) => {
        const operations = lines.toString().match(/[^\n]+\n[^\n]+\n/g) ?? []
        bulks.push(operations.length)
        const answers = operations.map(answerOf)
        const failure = answers.find((answer) => answer instanceof Error)
        if (failure) throw failure
        if (!answers.includes(undefined)) return answers as ItemResult[]
        return await new Promise<ItemResult[]>((resolve, reject) =>
          pending.push({
            operations,
            answer: (result) => (result instanceof Error ? reject(result) : resolve(operations.map(() => result))),
          }),
        )
      },
      findConflicts: async () => [],
      guard: lineGuard({ indexPrefix: 'tracardi' }),
      routingOf,
      sendDeadLetter: async (message) => {
        if (deadLettersFail) throw new Error('no receipt')
        deadLetters.push(message)
      },
      limits: { events: 4, bytes: 1_000_000, maxEvents: 4, timeoutMs: NEVER_MS, capacityBytes: 10_000_000, ...limits },
      concurrency: adaptive,
      metrics: workerMetrics(registry, adaptive, clock.wallMs),
      tracer,
      log: logged.log,
      clock,
      random: () => 0.5,
    })
    worker.start()
  }

  /** Lets time pass until the condition holds. */
  async function eventually(what: string, holds: () => boolean, stepMs: number): Promise<void> {
    await until(what, () => {
      if (holds()) return true
      clock.advance(stepMs)
      return false
    })
  }

  async function valuesOf(name: string): Promise<Record<string, number>> {
    const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === name)
    const values = (metric?.values ?? []) as { value: number; labels: Record<string, string> }[]
    return Object.fromEntries(
      values.filter(({ value }) => value > 0).map(({ value, labels }) => [Object.values(labels).join(' '), value]),
    )
  }
  const flushes = () => valuesOf('tracardi_worker_flushes_total')

  it('sends a bulk as soon as it is full, and acknowledges its messages', async () => {
    start()
    consumer.push(deliveryOf('m1', ['a', 'b']), deliveryOf('m2', ['c', 'd']))
    await until('the acknowledgements', () => consumer.acknowledged.length === 2)
    assert.deepEqual([bulks, await flushes()], [[4], { size: 1 }])
  })

  it('sends waiting events once the first event has waited for the timeout', async () => {
    start({ timeoutMs: 30_000 })
    consumer.push(deliveryOf('m1', ['a']))
    await consumer.emptied()
    clock.advance(20_000)
    consumer.push(deliveryOf('m2', ['b']))
    await consumer.emptied()
    clock.advance(9_999)
    assert.deepEqual(bulks, [])
    clock.advance(1)
    await until('the acknowledgements', () => consumer.acknowledged.length === 2)
    assert.deepEqual([bulks, await flushes()], [[2], { timeout: 1 }])
  })

  it('stores many messages of many shards, each once, and each is acknowledged once', async () => {
    start({ concurrency: 2, maxEvents: 16, routingOf: () => ({ shards: 12, routingShards: 768 }), timeoutMs: 100 })
    const ids = Array.from({ length: 600 }, (_, number) => `e${number}`)
    const seen: string[] = []
    answerOf = (operation) => {
      seen.push(/"id":"(e\d+)"/.exec(operation)?.[1] as string)
      return STORED
    }
    for (let first = 0; first < ids.length; first += 5)
      consumer.push(deliveryOf(`m${first}`, ids.slice(first, first + 5)))
    await eventually('all to be acknowledged', () => consumer.acknowledged.length === 120, 1)
    assert.deepEqual(seen.sort(), [...ids].sort())
    assert.equal(new Set(consumer.acknowledged).size, 120)
  })

  it('takes no more while Elasticsearch is down, and continues by itself', async () => {
    answerOf = () => new errors.ConnectionError('refused')
    start({ events: 2, maxEvents: 2, concurrency: 2 })
    consumer.push(...Array.from({ length: 100 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    await until('the taking to stop', () => consumer.received === 7)
    answerOf = () => STORED
    await eventually('all to be stored', () => consumer.acknowledged.length === 100, 100)
    assert.equal(consumer.received, 100)
  })

  it('takes no more while a pool that grows is full', async () => {
    answerOf = () => undefined
    start({ events: 2, maxEvents: 6 })
    consumer.push(...Array.from({ length: 20 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    // One more than fits is taken, and waits.
    for (const [received, operations] of [
      [9, 2],
      [15, 6],
      [20, 6],
      [20, 6],
    ]) {
      await until('the taking to stop', () => consumer.received === received && pending.length === 1)
      assert.equal(pending[0]?.operations.length, operations)
      pending.shift()?.answer(STORED)
    }
    await until('all to be stored', () => consumer.acknowledged.length === 20)
    assert.deepEqual(bulks, [2, 6, 6, 6])
  })

  it('gives a message back when its shard refuses every write, names the lane, and continues with others', async () => {
    answerOf = (operation) => (operation.includes('-10"') ? BLOCKED : STORED)
    start({ events: 1, maxEvents: 1 })
    const old = { ...deliveryOf('m1', ['a']) }
    const payload = Buffer.from(old.payload.toString().replace('tracardi-event-2026-11', 'tracardi-event-2026-10'))
    consumer.push({ ...old, payload })
    await until('the refusal', () => bulks.length === 1)
    await until('the closed lane', () => logged.lines.length > 0)
    assert.deepEqual(await valuesOf('tracardi_worker_lane_closed'), {
      'tracardi-event-2026-10 0 cluster_block_exception': 1,
    })
    consumer.push(deliveryOf('m2', ['b']))
    await until('the next', () => consumer.acknowledged.length === 1)
    await eventually('the message to be returned', () => consumer.released.length === 1, 100)
    assert.deepEqual([consumer.acknowledged, consumer.released], [['m2'], ['m1']])
    answerOf = () => STORED
    consumer.push({ ...old, payload })
    await eventually('its events', () => consumer.acknowledged.length === 2, 100)
    assert.deepEqual(await valuesOf('tracardi_worker_lane_closed'), {})
    assert.deepEqual(
      logged.lines.map(({ msg }) => msg),
      [
        'lane closed: Elasticsearch refuses every write to this shard',
        'Elasticsearch keeps refusing operations: their messages are returned to Pulsar',
        'lane reopened',
      ],
    )
  })

  it('logs at most every 10 s that messages are returned', async () => {
    answerOf = () => BLOCKED
    start({ events: 1, maxEvents: 1 })
    consumer.push(deliveryOf('m1', ['a']))
    await consumer.emptied()
    clock.advance(1000)
    consumer.push(deliveryOf('m2', ['b']))
    await consumer.emptied()
    await eventually('both to be returned', () => consumer.released.length === 2, 100)
    assert.equal(logged.lines.filter(({ msg }) => String(msg).includes('returned')).length, 1)
  })

  it('dead-letters an event that Elasticsearch refuses, with the time, and acknowledges its message', async () => {
    answerOf = () => ({
      outcome: 'rejected',
      status: 400,
      fault: { type: 'document_parsing_exception', reason: 'why' },
    })
    start({ events: 1 })
    consumer.push(deliveryOf('m1', ['a']))
    await until('the acknowledgement', () => consumer.acknowledged.length === 1)
    assert.deepEqual(
      deadLetters.map(({ properties: { fault, failed_at: at } }) => [fault, at]),
      [['document_parsing_exception', '2026-11-22T10:00:00.000Z']],
    )
  })

  it('stores only the returned operations of a redelivered message', async () => {
    const seen: string[] = []
    let isBlocked = true
    answerOf = (operation) => {
      const id = /"id":"(\w+)"/.exec(operation)?.[1] as string
      seen.push(id)
      return isBlocked && id === 'b' ? BLOCKED : STORED
    }
    start({ events: 3 })
    const delivery = deliveryOf('m1', ['a', 'b', 'c'], [sessionOf('s', 1)])
    consumer.push(delivery)
    await eventually('it to be returned', () => consumer.released.length === 1, 100)
    isBlocked = false
    seen.length = 0
    consumer.push(delivery)
    await consumer.emptied()
    await eventually('the acknowledgement', () => consumer.acknowledged.length === 1, NEVER_MS)
    assert.deepEqual(seen, ['b'])
    assert.deepEqual(await valuesOf('tracardi_worker_events_total'), { stored: 3 })
  })

  it('gathers states while bulks go, and sends them 1 s after the first bulk without them', async () => {
    start({ events: 2, maxEvents: 2 })
    consumer.push(deliveryOf('m1', ['a', 'b'], [sessionOf('s', 1)]))
    await until('the first bulk', () => bulks.length === 1)
    consumer.push(deliveryOf('m2', ['c', 'd'], [sessionOf('s', 2)]))
    await until('the second bulk', () => bulks.length === 2)
    assert.deepEqual(consumer.acknowledged, [])
    clock.advance(1000)
    await until('the acknowledgements', () => consumer.acknowledged.length === 2)
    assert.deepEqual([bulks, await flushes()], [[2, 2, 1], { size: 2 }])
  })

  it('has no more bulks in flight than it may', async () => {
    answerOf = () => undefined
    start({ events: 1, maxEvents: 1, concurrency: 3 })
    consumer.push(...Array.from({ length: 4 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    await consumer.emptied()
    assert.equal(pending.length, 3)
  })

  it('stores on a stop what it has taken, takes nothing more, and then closes the consumer', async () => {
    start({ events: 100 })
    consumer.push(deliveryOf('m1', ['a'], [sessionOf('s', 1)]), deliveryOf('m2', ['b']))
    await consumer.emptied()
    assert.deepEqual(await valuesOf('tracardi_worker_filling_events'), { '': 2 })
    assert.deepEqual(await valuesOf('tracardi_worker_bulk_size'), { '': 100 })
    assert.deepEqual(await valuesOf('tracardi_worker_lanes'), { '': 2 })
    await worker.stop(GRACE_MS)
    assert.deepEqual([bulks, await flushes()], [[3], { drain: 1 }])
    assert.deepEqual([consumer.acknowledged, consumer.closed], [['m2', 'm1'], true])
    consumer.push(deliveryOf('m3', ['c']))
    assert.equal(consumer.waiting, 1)
  })

  it('leaves on a stop what arrives at that moment to be delivered again', async () => {
    start({ events: 100 })
    const stopping = worker.stop(GRACE_MS)
    consumer.push(deliveryOf('m1', ['a']))
    await stopping
    assert.deepEqual([consumer.received, consumer.acknowledged, consumer.closed], [1, [], true])
  })

  it('gives up at the end of the grace period, and leaves what is not stored unacknowledged', async () => {
    answerOf = () => new errors.ConnectionError('refused')
    start({ events: 1, maxEvents: 1 })
    consumer.push(deliveryOf('m1', ['a']), deliveryOf('m2', ['b']), deliveryOf('m3', ['c']))
    await until('the taking', () => consumer.received >= 2)
    const stopping = worker.stop(20)
    clock.advance(20)
    await stopping
    assert.deepEqual([consumer.acknowledged, consumer.closed], [[], true])
    await until('the word about it', () =>
      logged.lines.some(({ msg }) => msg === 'bulk abandoned: Pulsar redelivers its messages'),
    )
  })

  const tracedDelivery = (id: string, event: string, traceparent: string) => {
    const delivery = deliveryOf(id, [event])
    return { ...delivery, properties: { ...delivery.properties, traceparent } }
  }

  it('has a span for a bulk with the calls of its messages, each once, and none for a bulk of untraced ones', async () => {
    tracer = new FakeTracer()
    start()
    consumer.push(tracedDelivery('m1', 'a', 'one'), tracedDelivery('m2', 'b', 'two'), tracedDelivery('m3', 'c', 'one'))
    consumer.push(deliveryOf('m4', ['d']))
    await until('the acknowledgements', () => consumer.acknowledged.length === 4)
    consumer.push(deliveryOf('m5', ['e', 'f', 'g', 'h']))
    await until('the acknowledgements', () => consumer.acknowledged.length === 5)
    assert.deepEqual(tracer.begun, ['process < one two', 'client POST /_bulk < process'])
    await until('the ends', () => Object.keys(tracer?.ended ?? {}).length === 2)
    assert.deepEqual(tracer.ended, { 'client POST /_bulk': {}, process: {} })
  })

  it('says in both spans of a bulk that it was abandoned', async () => {
    tracer = new FakeTracer()
    answerOf = () => new errors.ConnectionError('refused')
    start({ events: 1, maxEvents: 1 })
    consumer.push(tracedDelivery('m1', 'a', 'one'))
    await until('the taking', () => consumer.received >= 1)
    const stopping = worker.stop(20)
    clock.advance(20)
    await stopping
    await until('the ends', () => Object.keys(tracer?.ended ?? {}).length === 2)
    const fault = 'the time for shutting down is over; Pulsar redelivers what is not stored'
    assert.deepEqual(tracer.ended, { 'client POST /_bulk': { fault }, process: { fault } })
  })

  it('gives a message of a newer format back, for a newer worker', async () => {
    start()
    const delivery = deliveryOf('m1', ['a'])
    consumer.push({ ...delivery, properties: { ...delivery.properties, v: '2' } })
    await until('the release', () => consumer.released.length === 1)
    assert.deepEqual([consumer.released, consumer.acknowledged, bulks], [['m1'], [], []])
  })

  it('dead-letters a message that cannot be read, whole', async () => {
    start()
    const delivery = deliveryOf('m1', ['a'])
    consumer.push({ ...delivery, properties: { ...delivery.properties, b: '99999' } })
    await until('the acknowledgement', () => consumer.acknowledged.length === 1)
    assert.deepEqual(
      deadLetters.map(({ payload, properties: { fault, b } }) => [fault, b, payload]),
      [['message_malformed', '99999', delivery.payload]],
    )
  })

  it('dead-letters a message whose lines the API does not write, whole, and sends nothing of it', async () => {
    start()
    const foreign = encode({
      events: 1,
      eventLines: '{"delete":{"_index":"tracardi-event-2026-11","_id":"a"}}\n{}\n',
      states: 0,
      stateLines: '',
      receivedAtMs: 1,
    })
    consumer.push(
      { id: 'm1', ...foreign, publishedAtMs: 1 },
      { id: 'm2', ...foreign, properties: {}, publishedAtMs: 1 },
    )
    await until('the acknowledgements', () => consumer.acknowledged.length === 2)
    assert.deepEqual(
      deadLetters.map(({ properties, payload }) => [properties['fault'], payload]),
      [
        ['message_malformed', foreign.payload],
        ['message_malformed', foreign.payload],
      ],
    )
    assert.deepEqual(bulks, [])
  })

  it('returns it when the dead letter gets no receipt', async () => {
    deadLettersFail = true
    start()
    const delivery = deliveryOf('m1', ['a'])
    consumer.push({ ...delivery, properties: { v: '1' } })
    await until('the release', () => consumer.released.length === 1)
    assert.deepEqual(consumer.acknowledged, [])
  })

  it('continues 1 s after receiving has failed', async () => {
    consumer.failReceive = new Error('connection lost')
    start({ events: 1 })
    consumer.push(deliveryOf('m1', ['a']))
    await until('the failure', () => logged.lines.length === 1)
    clock.advance(999)
    assert.equal(consumer.received, 0)
    clock.advance(1)
    await until('the next', () => consumer.acknowledged.length === 1)
  })
})
