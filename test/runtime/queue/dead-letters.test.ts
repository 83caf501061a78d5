import assert from 'node:assert/strict'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { type DeadLetterAccess, readDeadLetters, replayDeadLetters } from '../../../runtime/queue/dead-letters.ts'
import type { Transport } from '../../../runtime/queue/port.ts'
import { deadLetterTopic } from '../../support/dead-letter-topic.ts'

describe('dead letters', () => {
  it('are read, at most as many as asked for, and stay where they are', async () => {
    const { access, consumer } = deadLetterTopic(3)
    const reasons: string[] = []
    const count = await readDeadLetters(access, 2, async ({ metadata }) => {
      reasons.push(metadata.reason)
    })
    assert.equal(count, 2)
    assert.deepEqual(reasons, ['reason 0', 'reason 1'])
    assert.deepEqual(consumer.acknowledged, [])
    assert.equal(consumer.closed, true)
  })

  it('are not asked for when none wait', async () => {
    const { access, consumer } = deadLetterTopic(0)
    assert.equal(await readDeadLetters(access, 10, async () => assert.fail()), 0)
    assert.equal(consumer.received, 0)
  })

  it('are published again as they were, each acknowledged after its receipt', async () => {
    const { access, consumer, producer } = deadLetterTopic(2)
    assert.equal(await replayDeadLetters(access, 10), 2)
    assert.deepEqual(
      producer.messages.map(({ payload, properties }) => [payload.toString(), properties]),
      [
        ['{"create":{"_index":"events","_id":"0"}}\n{}', { n: '1' }],
        ['{"create":{"_index":"events","_id":"1"}}\n{}', { n: '1' }],
      ],
    )
    assert.deepEqual(consumer.acknowledged, ['0', '1'])
    assert.equal(producer.connected, false)
  })

  it('that cannot be published stay, and nothing is left open', async () => {
    const { access, consumer, producer } = deadLetterTopic(2)
    producer.failures.push(new Error('no receipt'))
    await assert.rejects(replayDeadLetters(access, 10), { message: 'no receipt' })
    assert.deepEqual([consumer.acknowledged, consumer.closed, producer.connected], [[], true, false])
  })

  it('cannot be read further once the connection is lost', async () => {
    const { access } = deadLetterTopic(1)
    const transport = {
      openConsumer: async (_: unknown, onClosed: (reason: string) => void) => {
        onClosed('the broker left')
        return { close: async () => undefined }
      },
    } as unknown as Transport
    const lost: DeadLetterAccess = { ...access, transport }
    await assert.rejects(
      readDeadLetters(lost, 1, async () => assert.fail()),
      {
        code: 'queue_unavailable',
        message: 'the connection to Pulsar was lost: the broker left',
      },
    )
  })

  it('that Pulsar counts and does not deliver are given up after a while', async () => {
    const { access } = deadLetterTopic(1)
    const admin = {
      stats: async (topic: string) => ({ [topic]: { subscriptions: { 'dead-letters': { msgBacklog: 9 } } } }),
    } as unknown as PulsarAdmin
    assert.equal(await readDeadLetters({ ...access, admin }, 9, async () => undefined), 1)
  })
})
