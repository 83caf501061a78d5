import assert from 'node:assert/strict'
import { CLOCK_MARGIN_MS, type TimeRange } from '../../../runtime/queue/kept.ts'
import { type Delivery, REDELIVERY_DELAY_MS } from '../../../runtime/queue/port.ts'
import { KeptReader } from '../../../runtime/replay/kept-reader.ts'
import { Pace } from '../../../runtime/replay/pace.ts'
import { ReplayConsumer } from '../../../runtime/replay/replay-consumer.ts'
import { FakeReader, readingOf } from '../../support/fake-reader.ts'

const FAST = 1_000_000

describe('a replay as a consumer', () => {
  let nowMs: number
  let sources: FakeReader[]

  beforeEach(() => {
    nowMs = 1_000_000
    sources = []
  })

  /** Over partitions of one ledger each, with that many messages. */
  function consumerOf(entries: readonly number[], range: TimeRange = {}, eventsPerSecond = FAST): ReplayConsumer {
    sources = entries.map(() => new FakeReader())
    const readers = entries.map((count, index) => {
      const last = { ledger: index, entry: count - 1 }
      const part = { partition: `p${index}`, first: { ledger: index, entry: 0 }, last, entries: count }
      const ledgers = [{ id: index, entries: count }]
      const keptLedgers = async () => ({ ledgers, last })
      return new KeptReader({ part, reader: sources[index] as FakeReader, keptLedgers, now: () => nowMs })
    })
    return new ReplayConsumer(readers, range, new Pace(eventsPerSecond, () => nowMs), () => nowMs)
  }
  const publish = (partition: number, ...times: readonly number[]) =>
    sources[partition]?.push(...times.map((time, entry) => readingOf({ ledger: partition, entry }, time)))
  const timesOf = (deliveries: readonly Delivery[]) => deliveries.map(({ publishedAtMs }) => publishedAtMs)

  it('gives the messages of all partitions in the order of their publishing, and is done when all are acknowledged', async () => {
    const consumer = consumerOf([3, 2])
    publish(0, 10, 30, 50)
    publish(1, 20, 40)
    const taken = await consumer.receive()
    assert.deepEqual(timesOf(taken), [10, 20, 30, 40, 50])
    assert.equal(new Set(taken.map(({ id }) => id.toString())).size, 5)
    assert.deepEqual(consumer.counts, { messages: 5, events: 5, newer: 0 })
    for (const [index, { id }] of taken.entries()) {
      assert.deepEqual([consumer.isDone, consumer.openMessages], [false, 5 - index])
      await consumer.acknowledge(id)
    }
    assert.equal(consumer.isDone, true)
    assert.equal(consumer.deleted, 0)
    assert.deepEqual(await consumer.receive(), [])
  })

  it('waits for a partition of which nothing has arrived: it may have older messages', async () => {
    const consumer = consumerOf([1, 1])
    publish(0, 10)
    assert.deepEqual(await consumer.receive(), [])
    publish(1, 5)
    assert.deepEqual(timesOf(await consumer.receive()), [5, 10])
  })

  it('gives only what was published in the range, its end excluded', async () => {
    const consumer = consumerOf([4], { fromMs: 10, toMs: 20 })
    publish(0, 9, 10, 19, 20)
    assert.deepEqual(timesOf(await consumer.receive()), [10, 19])
    assert.equal(consumer.counts.messages, 2)
  })

  it('omits messages of a newer version, and counts them', async () => {
    const consumer = consumerOf([2])
    sources[0]?.push(readingOf({ ledger: 0, entry: 0 }, 1, { v: '2' }), readingOf({ ledger: 0, entry: 1 }, 2))
    const [only] = await consumer.receive()
    assert.equal(only?.publishedAtMs, 2)
    assert.deepEqual(consumer.counts, { messages: 1, events: 1, newer: 1 })
  })

  it('gives a message that says nothing of its events, and counts it as one for the rate', async () => {
    const consumer = consumerOf([1], {}, 10)
    sources[0]?.push({ ...readingOf({ ledger: 0, entry: 0 }), properties: {} })
    assert.equal((await consumer.receive()).length, 1)
    assert.deepEqual(consumer.counts, { messages: 1, events: 0, newer: 0 })
  })

  it('holds the rate', async () => {
    const consumer = consumerOf([5], {}, 10)
    publish(0, 1, 2, 3, 4, 5)
    // The first two, as a tenth of a second may be made up for.
    assert.deepEqual(timesOf(await consumer.receive()), [1, 2])
    assert.deepEqual(await consumer.receive(), [])
    nowMs += 200
    assert.deepEqual(timesOf(await consumer.receive()), [3, 4])
  })

  it('gives again what was returned, after a while, until it is acknowledged', async () => {
    const consumer = consumerOf([1])
    publish(0, 7)
    const [first] = await consumer.receive()
    assert.ok(first)
    consumer.negativeAcknowledge(first.id)
    assert.deepEqual(await consumer.receive(), [])
    assert.equal(consumer.isDone, false)
    nowMs += REDELIVERY_DELAY_MS
    const [again] = await consumer.receive()
    assert.equal(again, first)
    await consumer.acknowledge(first.id)
    assert.equal(consumer.isDone, true)
    consumer.negativeAcknowledge(first.id)
    nowMs += REDELIVERY_DELAY_MS
    assert.deepEqual(await consumer.receive(), [])
  })

  it('gives nothing more when it is stopped, and reports where to continue', async () => {
    const consumer = consumerOf([3, 1])
    assert.equal(consumer.resumeMs, undefined)
    const base = 10 * CLOCK_MARGIN_MS
    publish(0, base, base + 10)
    publish(1, base + 5)
    const taken = await consumer.receive()
    assert.deepEqual(timesOf(taken), [base, base + 5, base + 10])
    consumer.negativeAcknowledge(taken[0]?.id as Delivery['id'])
    consumer.stop()
    nowMs += REDELIVERY_DELAY_MS
    assert.deepEqual(await consumer.receive(), [])
    assert.equal(consumer.resumeMs, base - CLOCK_MARGIN_MS)
    for (const { id } of taken) await consumer.acknowledge(id)
    // The third message of the first partition was not read.
    assert.equal(consumer.resumeMs, base + 10 - CLOCK_MARGIN_MS)
    assert.equal(consumer.isDone, false)
    assert.equal(consumer.isConnected(), true)
    await consumer.close()
    assert.deepEqual(
      sources.map(({ closed }) => closed),
      [1, 1],
    )
  })
})
