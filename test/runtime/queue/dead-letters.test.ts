import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import type { DeadLetter } from '../../../runtime/queue/dead-letter.ts'
import {
  type DeadLetterAccess,
  dropDeadLetters,
  exportLine,
  readDeadLetters,
  replayDeadLetters,
} from '../../../runtime/queue/dead-letters.ts'
import type { Transport } from '../../../runtime/queue/port.ts'
import { deadLetterTopic } from '../../support/dead-letter-topic.ts'

describe('dead letters', () => {
  it('are read, at most as many as asked for, and stay where they are', async () => {
    const { access, consumer } = deadLetterTopic(3)
    const reasons: string[] = []
    const count = await readDeadLetters(access, 2, async ({ metadata }) => {
      reasons.push(metadata.reason)
      return undefined
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
    assert.deepEqual(await replayDeadLetters(access, 10), { replayed: 2, refused: 0 })
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

  it('that Pulsar refuses stop no other, and stay', async () => {
    const { access, consumer, producer } = deadLetterTopic(3)
    producer.failures.push(new AppError('queue_refused', 'too large'))
    assert.deepEqual(await replayDeadLetters(access, 10), { replayed: 2, refused: 1, reason: 'too large' })
    assert.deepEqual(consumer.acknowledged, ['1', '2'])
  })

  it('are published again only where they are wanted, at most as many as asked for', async () => {
    const { access, consumer } = deadLetterTopic(5)
    const wants = ({ metadata }: DeadLetter, id: string) => metadata.reason !== 'reason 1' && id !== '2'
    assert.deepEqual(await replayDeadLetters(access, 2, wants), { replayed: 2, refused: 0 })
    assert.deepEqual([consumer.acknowledged, consumer.waiting], [['0', '3'], 1])
  })

  it('are dropped when all of them are safe elsewhere, and not before', async () => {
    const { access, consumer } = deadLetterTopic(4)
    const written: string[] = []
    const store = {
      write: async (line: string) => {
        written.push(JSON.parse(line).reason)
      },
      finish: async () => assert.deepEqual(consumer.acknowledged, []),
    }
    assert.equal(await dropDeadLetters(access, 2, (_, id) => id !== '0', store), 2)
    assert.deepEqual(written, ['reason 1', 'reason 2'])
    assert.deepEqual([consumer.acknowledged, consumer.closed], [['1', '2'], true])
  })

  it('are not dropped when they cannot be kept elsewhere', async () => {
    for (const fault of ['write', 'finish']) {
      const { access, consumer } = deadLetterTopic(2)
      const fail = async () => assert.fail('the disk is full')
      const store = { write: async () => undefined, finish: async () => undefined, [fault]: fail }
      await assert.rejects(
        dropDeadLetters(access, 2, () => true, store),
        { message: 'the disk is full' },
      )
      assert.deepEqual([consumer.acknowledged, consumer.closed], [[], true])
    }
  })

  it('are lines of JSON elsewhere, whatever they are', () => {
    const metadata = { fault: 'mapping', reason: 'no', status: 400, messageId: 'm', failedAt: '' }
    const properties = { v: '1', odd: 'ä\n' }
    const lineOf = (payload: Buffer) => JSON.parse(exportLine({ metadata, message: { payload, properties } }))
    assert.deepEqual(lineOf(Buffer.from('{"a":\n')), { ...metadata, properties, lines: '{"a":\n' })
    assert.deepEqual(lineOf(Buffer.from([0xff, 0x00])), { ...metadata, properties, base64: '/wA=' })
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
