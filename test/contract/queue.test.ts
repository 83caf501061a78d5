import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Config } from '../../runtime/config.ts'
import { AppError } from '../../runtime/errors.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { type TopicSetUp, topicSetUpOf } from '../../runtime/names.ts'
import { type PulsarAdmin, pulsarAdmin } from '../../runtime/queue/admin.ts'
import { readBacklog, readDetailedBacklog } from '../../runtime/queue/backlog.ts'
import { connectQueue } from '../../runtime/queue/connect.ts'
import { loadPulsarModule, nativeTransport } from '../../runtime/queue/native.ts'
import type { Consumer, Delivery, ReadMessage, Transport } from '../../runtime/queue/port.ts'
import type { Position } from '../../runtime/queue/position.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { webSocketTransport } from '../../runtime/queue/websocket.ts'
import { silentLog } from '../support/log.ts'
import { eventually } from '../support/until.ts'
import { configFor } from './servers.ts'

const native = await loadPulsarModule().catch(() => undefined)
const never = (reason: string) => assert.fail(`the connection was lost: ${reason}`)

const transports: Record<string, ((config: Config) => Transport) | undefined> = {
  websocket: webSocketTransport,
  native: native && ((config) => nativeTransport(native, config, () => undefined)),
}

for (const [name, create] of Object.entries(transports)) {
  describe(`the ${name} transport, against Pulsar`, () => {
    if (!create) {
      // pulsar-client is optional: its binary cannot be installed everywhere.
      it.skip('pulsar-client is not installed on this machine')
      return
    }
    let config: Config
    let topics: TopicSetUp
    let admin: PulsarAdmin
    let transport: Transport
    let suite = 0

    beforeEach(async () => {
      suite += 1
      config = configFor(`queue-${name}-${suite}`, { PULSAR_PARTITIONS: '3' })
      topics = topicSetUpOf(config)
      admin = pulsarAdmin(config)
      await setUpQueue(admin, topics)
      transport = create(config)
    })
    afterEach(async () => {
      await transport.close()
      await admin.close()
    })

    const openProducer = () => transport.openProducer({ topic: topics.events, sendTimeoutMs: 5000 }, never)
    const openConsumer = () =>
      transport.openConsumer(
        { topic: topics.events, subscription: topics.eventsSubscription, prefetchMessages: 20 },
        never,
      )
    const messageOf = (text: string) => ({ payload: Buffer.from(text), properties: { v: '1', n: '1', name: text } })

    /** Receives until there are so many; acknowledges them unless reported otherwise. */
    async function take(consumer: Consumer, count: number, acknowledge = true): Promise<Delivery[]> {
      const taken: Delivery[] = []
      while (taken.length < count) {
        for (const delivery of await consumer.receive()) {
          taken.push(delivery)
          if (acknowledge) await consumer.acknowledge(delivery.id)
        }
      }
      return taken
    }

    it('delivers every message once, with its bytes and properties, to anyone who comes later', async () => {
      const producer = await openProducer()
      const payloads = Array.from({ length: 300 }, (_, number) => `message ${number}: ż\n`)
      await Promise.all(
        payloads.map((text) =>
          producer.send({ payload: Buffer.from(`${text}\0`), properties: { v: '1', number: text } }),
        ),
      )
      await producer.close()
      const consumer = await openConsumer()
      const taken = await take(consumer, payloads.length)
      assert.deepEqual(taken.map(({ properties }) => properties['number']).sort(), [...payloads].sort())
      for (const { payload, properties } of taken) assert.equal(payload.toString(), `${properties['number']}\0`)
      assert.equal(new Set(taken.map(({ id }) => id)).size, payloads.length)
      assert.deepEqual(await consumer.receive(), [])
      await eventually(async () => (await readBacklog(admin, topics.events)).total === 0)
    })

    it('begins a new subscription with what exists, as one that was deleted is made again', async () => {
      const producer = await openProducer()
      for (let number = 0; number < 6; number += 1) await producer.send(messageOf(`m${number}`))
      const consumer = await transport.openConsumer(
        { topic: topics.events, subscription: 'made-again', prefetchMessages: 20 },
        never,
      )
      assert.equal((await take(consumer, 6)).length, 6)
    })

    it('reads what a partition keeps behind a position, acknowledged or not, and moves no subscription', async () => {
      const partition = `${topics.events}-partition-0`
      const producer = await transport.openProducer({ topic: partition, sendTimeoutMs: 5000 }, never)
      const before = Date.now()
      for (let number = 0; number < 50; number += 1) await producer.send(messageOf(`m${number}`))
      await take(await openConsumer(), 50)
      await eventually(async () => (await readBacklog(admin, topics.events)).total === 0)
      const first = await admin.positionAt(partition, before)
      const { last } = await admin.keptLedgers(partition)
      const read = async (after: Position, count: number) => {
        const reader = await transport.openReader({ partition, after, prefetchMessages: 5 }, never)
        const readings: ReadMessage[] = []
        while (readings.length < count) readings.push(...(await reader.receive()))
        assert.deepEqual(await reader.receive(), [])
        await reader.close()
        return readings
      }
      const all = await read({ ledger: first.ledger, entry: first.entry - 1 }, 50)
      assert.deepEqual(
        all.map(({ payload }) => payload.toString()),
        Array.from({ length: 50 }, (_, number) => `m${number}`),
      )
      assert.deepEqual([all[0]?.position, all[49]?.position], [first, last])
      assert.equal(all[0]?.properties['name'], 'm0')
      assert.ok((all[0]?.publishedAtMs ?? 0) >= before - 1000)
      const behind = await read(all[47]?.position as Position, 2)
      assert.deepEqual(
        behind.map(({ payload }) => payload.toString()),
        ['m48', 'm49'],
      )
      assert.equal((await readBacklog(admin, topics.events)).total, 0)
    })

    it('spreads messages over the partitions', async () => {
      const producer = await openProducer()
      for (let number = 0; number < 30; number += 1) await producer.send(messageOf(`m${number}`))
      const counts = (await readBacklog(admin, topics.events)).backlog.map(({ count }) => count)
      assert.deepEqual(counts, [10, 10, 10])
    })

    it('carries a message of the largest size that is configurable', async () => {
      const producer = await openProducer()
      // Of bytes that do not compress.
      const payload = randomBytes(700 * 1024)
      await producer.send({ payload, properties: {} })
      const [delivery] = await take(await openConsumer(), 1)
      assert.ok(delivery?.payload.equals(payload))
    })

    it('compresses messages on their way and on the disks of Pulsar', async () => {
      const producer = await openProducer()
      await producer.send({ payload: Buffer.alloc(100_000, 'event '), properties: { v: '1', n: '1' } })
      const { bytes } = await readDetailedBacklog(admin, topics.events, Date.now())
      assert.ok(bytes > 0 && bytes < 10_000, `${bytes} bytes are stored of 100,000`)
    })

    it('delivers again what was not acknowledged when its consumer closes, and nothing else', async () => {
      const producer = await openProducer()
      await Promise.all(['a', 'b', 'c', 'd'].map((text) => producer.send(messageOf(text))))
      const first = await openConsumer()
      const taken = await take(first, 4, false)
      const done = taken.slice(0, 2)
      for (const delivery of done) await first.acknowledge(delivery.id)
      await eventually(async () => (await readBacklog(admin, topics.events)).total === 2)
      await first.close()
      const again = await take(await openConsumer(), 2)
      const expected = taken.slice(2).map(({ payload }) => payload.toString())
      assert.deepEqual(again.map(({ payload }) => payload.toString()).sort(), expected.sort())
    })

    it('delivers a message that was returned again, to the same consumer as well', async () => {
      const producer = await openProducer()
      await producer.send(messageOf('a'))
      const consumer = await openConsumer()
      const [first] = await take(consumer, 1, false)
      consumer.negativeAcknowledge((first as Delivery).id)
      const [second] = await take(consumer, 1)
      assert.equal(second?.payload.toString(), 'a')
    })

    it('gives a consumer that comes later its share immediately', async () => {
      const producer = await openProducer()
      const early = await openConsumer()
      await Promise.all(Array.from({ length: 600 }, (_, number) => producer.send(messageOf(`m${number}`))))
      const late = await openConsumer()
      await take(late, 100)
      await take(early, 60)
    })

    it('counts messages and events of the backlog exactly', async () => {
      const producer = await openProducer()
      for (const n of ['50', '7', '1', '100'])
        await producer.send({ payload: Buffer.from('x\n'), properties: { v: '1', n } })
      const detailed = await readDetailedBacklog(admin, topics.events, Date.now())
      assert.equal(detailed.total, 4)
      assert.equal(detailed.events, 158)
      assert.equal(detailed.eventsExact, true)
      assert.ok(detailed.bytes > 0)
    })

    it('says that Pulsar cannot be reached, with its reason', async () => {
      const port = await freePort()
      const away = create({
        ...config,
        pulsarHost: `pulsar://127.0.0.1:${port}`,
        pulsarApi: `http://127.0.0.1:${port}`,
      })
      await assert.rejects(away.openProducer({ topic: topics.events, sendTimeoutMs: 500 }, never), (error) => {
        assert.ok(error instanceof AppError)
        assert.equal(error.code, 'queue_unavailable')
        assert.ok(error.cause)
        return true
      })
      await away.close()
    })
  })
}

describe('set-up of Pulsar', () => {
  it('makes everything once, grows partitions, and never takes one away', async () => {
    const config = configFor('queue-set-up', { PULSAR_PARTITIONS: '2' })
    const admin = pulsarAdmin(config)
    const topics = topicSetUpOf(config)
    const states = async (partitions: number) =>
      (await setUpQueue(admin, { ...topics, partitions })).map(({ state }) => state)
    const [created, exists] = ['created', 'exists']
    // Tenant, namespace, bundles, topic, retention, subscription, spread and policies; dead letters, theirs and policies.
    const first = [created, created, exists, created, 'updated', created, exists, exists, created, created, exists]
    assert.deepEqual(await states(2), first)
    const withTopic = (state: string) => Array.from(first, (_, step) => (step === 3 ? state : exists))
    assert.deepEqual(await states(2), withTopic(exists))
    assert.deepEqual(await states(4), withTopic('grown'))
    assert.deepEqual(await states(3), withTopic('differs'))
    const { backlog } = await readBacklog(admin, topics.events)
    assert.deepEqual(
      backlog,
      [0, 1, 2, 3].map((number) => ({
        partition: `${topics.events}-partition-${number}`,
        subscription: topics.eventsSubscription,
        count: 0,
      })),
    )
    await admin.close()
  })

  it('comes first: nothing is opened while topic or subscription are missing', async () => {
    const config = configFor('queue-half-set-up', { PULSAR_TRANSPORT: 'websocket', PULSAR_PARTITIONS: '2' })
    const admin = pulsarAdmin(config)
    const topics = topicSetUpOf(config)
    const transport = await connectQueue(config, admin, silentLog)
    const open = () => transport.openProducer({ topic: topics.events, sendTimeoutMs: 1000 }, () => undefined)
    await admin.createTenant(topics.tenant, await admin.clusters())
    await admin.createNamespace(`${topics.tenant}/${topics.namespace}`, topics.bundles)
    await assert.rejects(open(), {
      code: 'set_up_missing',
      message: `the topic ${topics.events} does not exist: run set-up`,
    })
    await admin.createPartitionedTopic(topics.events, 2)
    const message = `the subscription ${topics.eventsSubscription} of ${topics.events} does not exist: run set-up`
    await assert.rejects(open(), { code: 'set_up_missing', message })
    await setUpQueue(admin, topics)
    await (await open()).close()
    await transport.close()
    await admin.close()
  })

  it('splits the bundles of a namespace that has fewer, under a backlog and its clients, and loses nothing', async () => {
    const config = configFor('queue-bundles', { PULSAR_TRANSPORT: 'websocket', PULSAR_PARTITIONS: '6' })
    const admin = pulsarAdmin(config)
    const topics = topicSetUpOf(config)
    const namespace = `${topics.tenant}/${topics.namespace}`
    assert.equal((await setUpQueue(admin, { ...topics, bundles: 4 }))[2]?.detail, '4 bundles')
    assert.equal((await admin.bundles(namespace)).length, 4)
    const transport = webSocketTransport(config)
    const open = () => transport.openProducer({ topic: topics.events, sendTimeoutMs: 5000 }, () => undefined)
    const publish = async (numbers: readonly number[]) => {
      const producer = await open()
      await Promise.all(
        numbers.map((number) => producer.send({ payload: Buffer.from(`${number}`), properties: { v: '1' } })),
      )
      await producer.close()
    }
    const numbers = Array.from({ length: 600 }, (_, number) => number)
    await publish(numbers.slice(0, 300))
    const steps = await setUpQueue(admin, topics)
    assert.deepEqual(steps[2], { what: `bundles of ${namespace}`, state: 'grown', detail: 'from 4 to 16 bundles' })
    assert.deepEqual(steps.filter(({ state }) => state !== 'exists').length, 1)
    assert.equal((await admin.bundles(namespace)).length, 16)
    const { range, broker } = await admin.placeOf(`${topics.events}-partition-0`)
    assert.deepEqual(await admin.brokers(), [broker])
    const { total } = await readBacklog(admin, topics.events)
    assert.equal(total, 300)
    await admin.moveBundle(namespace, range, broker)
    await publish(numbers.slice(300))
    const consumer = await transport.openConsumer(
      { topic: topics.events, subscription: topics.eventsSubscription, prefetchMessages: 100 },
      () => undefined,
    )
    const taken: number[] = []
    while (taken.length < numbers.length) {
      for (const { id, payload } of await consumer.receive()) {
        taken.push(Number(payload.toString()))
        await consumer.acknowledge(id)
      }
    }
    assert.deepEqual(
      taken.sort((a, b) => a - b),
      numbers,
    )
    await eventually(async () => (await readBacklog(admin, topics.events)).total === 0)
    // Fewer are no reason to change anything.
    assert.equal((await setUpQueue(admin, { ...topics, bundles: 8 }))[2]?.detail, '16 bundles')
    await transport.close()
    await admin.close()
  })

  it('can run in several places at the same time', async () => {
    const config = configFor('queue-set-up-race')
    const admin = pulsarAdmin(config)
    await Promise.all([1, 2, 3].map(() => setUpQueue(admin, topicSetUpOf(config))))
    assert.equal(await admin.partitions(topicSetUpOf(config).events), 10)
    await admin.close()
  })
})
