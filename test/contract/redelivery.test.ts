import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import { systemClock } from '../../runtime/clock.ts'
import { topicsOf } from '../../runtime/names.ts'
import { loadPulsarModule, nativeTransport } from '../../runtime/queue/native.ts'
import type { Consumer, Transport } from '../../runtime/queue/port.ts'
import { webSocketTransport } from '../../runtime/queue/websocket.ts'
import { bulkSender } from '../../runtime/search/bulk.ts'
import { conflictFinder } from '../../runtime/search/conflicts.ts'
import { judgedSender } from '../../runtime/search/judge.ts'
import { lineGuard } from '../../runtime/search/line-guard.ts'
import { AdaptiveConcurrency } from '../../runtime/worker/concurrency.ts'
import { workerMetrics } from '../../runtime/worker/metrics.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import { silentLog } from '../support/log.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

const CALLS = 40
const EVENTS_PER_CALL = 5
const EVENTS = CALLS * EVENTS_PER_CALL
const CLOSED_ROUNDS = 4

const native = await loadPulsarModule().catch(() => undefined)
const never = (reason: string) => assert.fail(`the connection was lost: ${reason}`)

for (const name of ['websocket', 'native'] as const) {
  describe(`a consumer that is closed before each acknowledgement, by ${name}`, () => {
    if (name === 'native' && !native) {
      // pulsar-client is optional: its binary cannot be installed everywhere.
      it.skip('pulsar-client is not installed on this machine')
      return
    }
    let pipeline: Pipeline
    let transport: Transport

    beforeEach(async () => {
      // Each call is a message of its own.
      const settings = { PULSAR_TRANSPORT: name, MESSAGE_MAX_EVENTS: String(EVENTS_PER_CALL) }
      pipeline = await Pipeline.create(`redelivery-${name}`, settings)
      transport =
        native && name === 'native'
          ? nativeTransport(native, pipeline.config, () => undefined)
          : webSocketTransport(pipeline.config)
      await pipeline.startApi()
    })
    afterEach(async () => {
      await transport.close()
      await pipeline.close()
    })

    /** Stores with a consumer of its own until `done`; answers what became of the events. */
    async function storeWith(
      change: (consumer: Consumer) => Consumer,
      done: () => boolean | Promise<boolean>,
    ): Promise<Record<string, number>> {
      const { events: topic, eventsSubscription: subscription } = topicsOf(pipeline.config)
      const consumer = await transport.openConsumer({ topic, subscription, prefetchMessages: 100 }, never)
      const concurrency = new AdaptiveConcurrency(1)
      const registry = new Registry()
      const worker = new Worker({
        consumer: change(consumer),
        sendBulk: judgedSender(bulkSender(pipeline.search, 2000)),
        findConflicts: conflictFinder(pipeline.search),
        guard: lineGuard(pipeline.config),
        sendDeadLetter: () => assert.fail('nothing is to be dead-lettered'),
        routingOf: () => ({ shards: 1, routingShards: 1 }),
        limits: { events: EVENTS, bytes: 1_000_000, maxEvents: EVENTS, timeoutMs: 1000, capacityBytes: 10_000_000 },
        concurrency,
        metrics: workerMetrics(registry, concurrency, Date.now),
        log: silentLog,
        clock: systemClock,
        random: () => 0,
      })
      worker.start()
      await eventually(done)
      await worker.stop(10_000)
      const { values } = (await registry.getSingleMetric('tracardi_worker_events_total')?.get()) ?? { values: [] }
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels['outcome']), value]))
    }

    it('is delivered everything again and again, and everything is stored once', async () => {
      const calls = Array.from({ length: CALLS }, (_, call) => ({
        source: { id: 'my-source' },
        events: Array.from({ length: EVENTS_PER_CALL }, (_, event) => ({ id: `e-${call}-${event}`, type: 'a' })),
        options: { saveSession: false, saveProfile: false },
      }))
      for (const call of calls) assert.equal((await pipeline.track(call)).status, 200)

      const rounds: Record<string, number>[] = []
      for (let round = 0; round < CLOSED_ROUNDS; round += 1) {
        let attempts = 0
        let closing: Promise<void> | undefined
        const closesFirst = (consumer: Consumer): Consumer => ({
          ...consumer,
          acknowledge: async () => {
            closing ??= consumer.close()
            await closing
            attempts += 1
            throw new Error('the consumer is closed')
          },
          close: async () => closing ?? consumer.close(),
        })
        rounds.push(await storeWith(closesFirst, () => attempts === CALLS))
        assert.equal(await pipeline.backlog(), CALLS)
      }
      rounds.push(
        await storeWith(
          (consumer) => consumer,
          async () => (await pipeline.backlog()) === 0,
        ),
      )

      assert.deepEqual(rounds, [
        { stored: EVENTS, duplicate: 0, conflict: 0, dead_lettered: 0, erased: 0 },
        ...Array.from({ length: CLOSED_ROUNDS }, () => ({
          stored: 0,
          duplicate: EVENTS,
          conflict: 0,
          dead_lettered: 0,
          erased: 0,
        })),
      ])
      assert.equal(await pipeline.count(), EVENTS)
    })
  })
}
