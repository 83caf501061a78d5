import assert from 'node:assert/strict'
import { loadConfig } from '../../runtime/config.ts'
import { topicsOf } from '../../runtime/names.ts'
import type { PulsarAdmin } from '../../runtime/queue/admin.ts'
import type { DeadLetterAccess } from '../../runtime/queue/dead-letters.ts'
import type { Transport } from '../../runtime/queue/port.ts'
import { FakeConsumer } from './fake-consumer.ts'
import { FakeProducer } from './fake-producer.ts'

/** A topic in memory with some dead letters, `reason 0` and so on, and the producer that replays them. */
export function deadLetterTopic(waiting: number) {
  const topics = topicsOf(loadConfig({}))
  const consumer = new FakeConsumer()
  const producer = new FakeProducer()
  for (let number = 0; number < waiting; number += 1) {
    const certificate = {
      fault: 'mapping',
      reason: `reason ${number}`,
      status: '400',
      message_id: 'm',
      failed_at: '2026-11-22T10:00:00.000Z',
    }
    consumer.push({
      id: String(number),
      payload: Buffer.from(`{"create":{"_index":"events","_id":"${number}"}}\n{}`),
      properties: { n: '1', ...certificate },
      publishedAtMs: 0,
    })
  }
  const admin = {
    stats: async (topic: string) => ({
      [topic]: { subscriptions: { [topics.deadLettersSubscription]: { msgBacklog: waiting } } },
    }),
  } as unknown as PulsarAdmin
  const transport: Transport = {
    name: 'websocket',
    openConsumer: async () => consumer,
    openReader: () => assert.fail('dead letters are not read past their subscription'),
    openProducer: async () => producer,
    close: async () => undefined,
  }
  const access: DeadLetterAccess = { admin, transport, topics }
  return { access, consumer, producer }
}
