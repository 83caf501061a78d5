import assert from 'node:assert/strict'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { errors } from '@elastic/elasticsearch'
import { Registry } from 'prom-client'
import { encode } from '../../../runtime/queue/message.ts'
import type { OutgoingMessage } from '../../../runtime/queue/port.ts'
import { lineGuard } from '../../../runtime/search/line-guard.ts'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'
import { workerMetrics } from '../../../runtime/worker/metrics.ts'
import { Worker } from '../../../runtime/worker/worker.ts'
import { FakeConsumer } from '../../support/fake-consumer.ts'
import { recordingLog } from '../../support/log.ts'
import { deliveryOf, sessionOf } from '../../support/messages.ts'
import { until } from '../../support/until.ts'

const NEVER_MS = 3_600_000
const REFUSED = {
  outcome: 'throttled',
  status: 429,
  fault: { type: 'es_rejected_execution_exception', reason: 'busy' },
} as const

interface Setup {
  readonly size?: number
  readonly bytes?: number
  readonly timeoutMs?: number
  readonly mostEvents?: number
  readonly concurrency?: number
}

describe('Worker', () => {
  let consumer: FakeConsumer
  let bulks: number[]
  let down: boolean
  let blocked: boolean
  let refusing: boolean
  let held: (() => void)[]
  let holding: boolean
  let buried: OutgoingMessage[]
  let refuseBurial: boolean
  let registry: Registry
  let logged: ReturnType<typeof recordingLog>
  let worker: Worker

  beforeEach(() => {
    consumer = new FakeConsumer()
    bulks = []
    down = false
    blocked = false
    refusing = false
    held = []
    holding = false
    buried = []
    refuseBurial = false
    registry = new Registry()
    logged = recordingLog()
  })
  afterEach(async () => {
    down = false
    holding = false
    for (const release of held) release()
    await worker.stop(1000)
  })

  function start({
    size = 4,
    bytes = 1_000_000,
    timeoutMs = NEVER_MS,
    mostEvents = 0,
    concurrency = 1,
  }: Setup = {}): void {
    const adaptive = new AdaptiveConcurrency(concurrency)
    worker = new Worker({
      consumer,
      sendBulk: async (lines) => {
        if (down) throw new errors.ConnectionError('refused')
        const operations = lines.toString().split('\n').length >> 1
        bulks.push(operations)
        if (holding) await new Promise<void>((resolve) => held.push(resolve))
        if (refusing) return Array.from({ length: operations }, () => REFUSED)
        const fault = { type: 'cluster_block_exception', reason: 'read-only' }
        return Array.from({ length: operations }, () =>
          blocked ? ({ outcome: 'retry', status: 403, fault } as const) : ({ outcome: 'stored' } as const),
        )
      },
      findConflicts: async () => [],
      guard: lineGuard({ indexPrefix: 'tracardi' }),
      sendDeadLetter: async (message) => {
        if (refuseBurial) throw new Error('no receipt')
        buried.push(message)
      },
      limits: { events: size, bytes },
      mostEvents,
      timeoutMs,
      concurrency: adaptive,
      metrics: workerMetrics(registry, adaptive),
      log: logged.log,
      // No wait between attempts.
      random: () => 0,
    })
    worker.start()
  }

  async function flushes(): Promise<Record<string, number>> {
    const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === 'tracardi_worker_flushes_total')
    const values = (metric?.values ?? []) as { value: number; labels: { reason: string } }[]
    return Object.fromEntries(
      values.filter(({ value }) => value > 0).map(({ value, labels }) => [labels.reason, value]),
    )
  }

  it('sends a bulk as soon as it is full, and acknowledges its messages', async () => {
    start({ size: 4 })
    consumer.push(deliveryOf('m1', ['a', 'b']), deliveryOf('m2', ['c', 'd']))
    await until('the acknowledgement', () => consumer.acknowledged.length === 2)
    assert.deepEqual(bulks, [4])
    assert.deepEqual(await flushes(), { size: 1 })
  })

  it('sends a bulk before a message that would make it too large', async () => {
    start({ size: 4, mostEvents: 100 })
    consumer.push(deliveryOf('m1', ['a', 'b', 'c']), deliveryOf('m2', ['d', 'e']), deliveryOf('m3', ['f', 'g']))
    await until('all to be stored', () => consumer.acknowledged.length === 3)
    assert.deepEqual(bulks, [3, 4])
    assert.deepEqual(await flushes(), { size: 2 })
  })

  it('goes by bytes as well', async () => {
    const bytes = deliveryOf('m1', ['a']).payload.length * 2
    start({ size: 100, bytes })
    consumer.push(deliveryOf('m1', ['a']), deliveryOf('m2', ['b']), deliveryOf('m3', ['c']))
    await until('the first bulk', () => consumer.acknowledged.length === 2)
    assert.deepEqual(bulks, [2])
    assert.deepEqual(await flushes(), { bytes: 1 })
  })

  it('sends what there is when the first event has waited for the timeout, although others keep arriving', async () => {
    start({ size: 1_000_000, timeoutMs: 5 })
    for (let number = 0; consumer.acknowledged.length === 0; number += 1) {
      consumer.push(deliveryOf(`m${number}`, [`e${number}`]))
      await turn()
      assert.ok(number < 100_000, 'no bulk although the timeout has long passed')
    }
    assert.deepEqual(Object.keys(await flushes()), ['timeout'])
  })

  it('stops taking while Elasticsearch is away, and goes on by itself', async () => {
    down = true
    start({ size: 2, concurrency: 2 })
    consumer.push(...Array.from({ length: 100 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    await until('the taking to stop', () => consumer.received >= 6)
    for (let turns = 0; turns < 200; turns += 1) await turn()
    // Two bulks in flight and one that is full.
    assert.equal(consumer.received, 6)
    assert.equal(consumer.waiting, 94)
    down = false
    await until('all to be stored', () => consumer.acknowledged.length === 100)
    assert.equal(
      bulks.reduce((sum, count) => sum + count, 0),
      100,
    )
  })

  it('gives messages back whose index takes nothing, and goes on with others', async () => {
    blocked = true
    start({ size: 1, concurrency: 1 })
    consumer.push(deliveryOf('m1', ['a']))
    await until('the release', () => consumer.released.length === 1)
    blocked = false
    consumer.push(deliveryOf('m2', ['b']))
    await until('the next', () => consumer.acknowledged.length === 1)
    assert.deepEqual([consumer.released, consumer.acknowledged], [['m1'], ['m2']])
  })

  it('gathers states over several bulks until they fill one, and then sends them along', async () => {
    start({ size: 2 })
    const push = (number: number) =>
      consumer.push(deliveryOf(`m${number}`, [`a${number}`, `b${number}`], [sessionOf(`s${number}`, 1)]))
    push(1)
    await until('the first bulk', () => bulks.length === 1)
    for (let turns = 0; turns < 50; turns += 1) await turn()
    assert.deepEqual(consumer.acknowledged, [])
    push(2)
    await until('the acknowledgements', () => consumer.acknowledged.length === 2)
    assert.deepEqual(bulks, [2, 4])
    assert.deepEqual(await flushes(), { size: 2 })
  })

  it('sends states in a bulk of their own when no other comes in time', async () => {
    start({ size: 2, timeoutMs: 5 })
    consumer.push(deliveryOf('m1', ['a', 'b'], [sessionOf('s', 1)]))
    await until('the acknowledgement', () => consumer.acknowledged.length === 1)
    assert.deepEqual(bulks, [2, 1])
    assert.deepEqual(await flushes(), { size: 1 })
  })

  it('sends them along with what has waited for the timeout', async () => {
    start({ size: 100, timeoutMs: 5 })
    consumer.push(deliveryOf('m1', ['a'], [sessionOf('s', 1)]))
    await until('the acknowledgement', () => consumer.acknowledged.length === 1)
    assert.deepEqual(bulks, [2])
  })

  it('sends no empty bulk when another has taken the states along that were waiting for a slot', async () => {
    holding = true
    start({ size: 2, timeoutMs: 5, concurrency: 1 })
    const messages = [1, 2].map((n) => deliveryOf(`m${n}`, [`a${n}`, `b${n}`], [sessionOf(`s${n}`, 1)]))
    consumer.push(...messages)
    await until('both to be taken and the first to be under way', () => consumer.received === 2 && held.length === 1)
    // The states are due by now, and wait for the slot behind the second bulk, which takes them along.
    await sleep(20)
    holding = false
    held[0]?.()
    await until('the acknowledgements', () => consumer.acknowledged.length === 2)
    await worker.stop(10_000)
    // Which of the two is first in the queue is up to the machine.
    assert.ok(bulks.every((operations) => operations > 0))
    assert.equal(
      bulks.reduce((sum, operations) => sum + operations, 0),
      6,
    )
  })

  it('stores on a stop the states that wait, without any event', async () => {
    start({ size: 2 })
    consumer.push(deliveryOf('m1', ['a', 'b'], [sessionOf('s', 1)]))
    await until('the bulk', () => bulks.length === 1)
    await worker.stop(10_000)
    assert.deepEqual(bulks, [2, 1])
    assert.deepEqual(consumer.acknowledged, ['m1'])
    assert.deepEqual(await flushes(), { size: 1 })
  })

  it('lets a full bulk grow while none may be sent, and sends it as soon as one may', async () => {
    holding = true
    start({ size: 2, mostEvents: 100 })
    consumer.push(...Array.from({ length: 9 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    await until('all to be taken', () => consumer.received === 9)
    for (let turns = 0; turns < 20; turns += 1) await turn()
    assert.deepEqual(bulks, [2])
    held.shift()?.()
    await until('the second bulk', () => bulks.length === 2)
    assert.deepEqual(bulks, [2, 7])
    assert.deepEqual(await flushes(), { size: 2 })
  })

  it('takes no more while a bulk has grown to the most events that it may have', async () => {
    holding = true
    start({ size: 2, mostEvents: 6 })
    consumer.push(...Array.from({ length: 20 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    await until('the taking to stop', () => consumer.received === 8)
    for (let turns = 0; turns < 200; turns += 1) await turn()
    assert.equal(consumer.received, 8)
    held.shift()?.()
    await until('the second bulk', () => bulks.length === 2)
    assert.deepEqual(bulks, [2, 6])
  })

  it('sends a grown bulk before a message that would exceed the most events', async () => {
    holding = true
    start({ size: 2, mostEvents: 5 })
    consumer.push(deliveryOf('m1', ['a', 'b']), deliveryOf('m2', ['c', 'd']), deliveryOf('m3', ['e', 'f']))
    consumer.push(deliveryOf('m4', ['g', 'h']))
    await until('the taking to stop', () => consumer.received === 4)
    held.shift()?.()
    await until('the second bulk', () => bulks.length === 2)
    held.shift()?.()
    await until('the third bulk', () => bulks.length === 3)
    assert.deepEqual(bulks, [2, 4, 2])
  })

  it('never grows a bulk beyond its bytes', async () => {
    const bytes = deliveryOf('m0', ['e0']).payload.length * 3
    holding = true
    start({ size: 1, bytes, mostEvents: 100 })
    consumer.push(...Array.from({ length: 9 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    await until('the taking to stop', () => consumer.received === 4)
    for (let turns = 0; turns < 200; turns += 1) await turn()
    assert.equal(consumer.received, 4)
    held.shift()?.()
    await until('the second bulk', () => bulks.length === 2)
    assert.deepEqual(bulks, [1, 3])
  })

  it('keeps bulks small while Elasticsearch refuses', async () => {
    refusing = true
    start({ size: 2, mostEvents: 100, concurrency: 2 })
    consumer.push(deliveryOf('m1', ['a', 'b']))
    await until('a refusal', () => bulks.length > 0)
    holding = true
    consumer.push(...Array.from({ length: 20 }, (_, number) => deliveryOf(`n${number}`, [`e${number}`])))
    await until('the taking to stop', () => consumer.received === 3)
    for (let turns = 0; turns < 200; turns += 1) await turn()
    // The one that is refused over and over, and one that is full.
    assert.equal(consumer.received, 3)
    refusing = false
  })

  it('has no more bulks in flight than it may', async () => {
    holding = true
    start({ size: 1, concurrency: 3 })
    consumer.push(...Array.from({ length: 20 }, (_, number) => deliveryOf(`m${number}`, [`e${number}`])))
    await until('three bulks', () => bulks.length === 3)
    for (let turns = 0; turns < 200; turns += 1) await turn()
    assert.equal(bulks.length, 3)
  })

  it('stores on a stop what it has taken, takes nothing more, and then closes the consumer', async () => {
    start({ size: 100 })
    consumer.push(deliveryOf('m1', ['a']), deliveryOf('m2', ['b']))
    await until('the taking', () => consumer.received === 2)
    await turn()
    const filling = await registry.getSingleMetricAsString('tracardi_worker_filling_events')
    assert.match(filling, /^tracardi_worker_filling_events 2$/m)
    assert.match(
      await registry.getSingleMetricAsString('tracardi_worker_bulk_size'),
      /^tracardi_worker_bulk_size 100$/m,
    )
    await worker.stop(10_000)
    assert.deepEqual(bulks, [2])
    assert.deepEqual(await flushes(), { drain: 1 })
    assert.deepEqual(consumer.acknowledged, ['m1', 'm2'])
    assert.ok(consumer.closed)
    consumer.push(deliveryOf('m3', ['c']))
    for (let turns = 0; turns < 50; turns += 1) await turn()
    assert.equal(consumer.waiting, 1)
  })

  it('leaves on a stop what arrived at that moment to be delivered again', async () => {
    start({ size: 100 })
    const stopping = until('one receive', () => consumer.received === 0).then(() => worker.stop(1000))
    consumer.push(deliveryOf('m1', ['a']))
    await stopping
    assert.equal(consumer.received, 1)
    assert.deepEqual(consumer.acknowledged, [])
    assert.ok(consumer.closed)
  })

  it('gives up at the end of the grace time, and leaves what is not stored unacknowledged', async () => {
    down = true
    start({ size: 1 })
    consumer.push(deliveryOf('m1', ['a']), deliveryOf('m2', ['b']), deliveryOf('m3', ['c']))
    await until('the taking', () => consumer.received >= 2)
    await worker.stop(20)
    assert.deepEqual(consumer.acknowledged, [])
    assert.ok(consumer.closed)
    await until('the word about it', () =>
      logged.lines.some((line) => line['msg'] === 'batch left to be delivered again'),
    )
  })

  it('gives a message of a newer format back, for a newer worker', async () => {
    start()
    const delivery = deliveryOf('m1', ['a'])
    consumer.push({ ...delivery, properties: { ...delivery.properties, v: '2' } })
    await until('the release', () => consumer.released.length === 1)
    assert.deepEqual([consumer.released, consumer.acknowledged, bulks], [['m1'], [], []])
  })

  it('gives a message that cannot be read to the dead letters, whole', async () => {
    start()
    const delivery = deliveryOf('m1', ['a'])
    consumer.push({ ...delivery, properties: { ...delivery.properties, b: '99999' } })
    await until('the acknowledgement', () => consumer.acknowledged.length === 1)
    assert.equal(buried[0]?.properties['fault'], 'message_malformed')
    assert.equal(buried[0]?.properties['b'], '99999')
    assert.deepEqual(buried[0]?.payload, delivery.payload)
  })

  it('gives a message to the dead letters, whole, whose lines are none of the API, and sends nothing of it', async () => {
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
      buried.map(({ properties, payload }) => [properties['fault'], payload]),
      [
        ['message_malformed', foreign.payload],
        ['message_malformed', foreign.payload],
      ],
    )
    assert.deepEqual(bulks, [])
  })

  it('gives it back when the dead letter gets no receipt', async () => {
    refuseBurial = true
    start()
    const delivery = deliveryOf('m1', ['a'])
    consumer.push({ ...delivery, properties: { v: '1' } })
    await until('the release', () => consumer.released.length === 1)
    assert.deepEqual(consumer.acknowledged, [])
  })

  it('goes on when receiving fails', async () => {
    consumer.failReceive = new Error('connection lost')
    start({ size: 1 })
    consumer.push(deliveryOf('m1', ['a']))
    await until('the word about it', () =>
      logged.lines.some((line) => line['msg'] === 'messages could not be received, trying again'),
    )
    await worker.stop(10)
  })
})
