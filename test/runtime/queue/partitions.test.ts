import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import { PartitionedProducer } from '../../../runtime/queue/partitions.ts'
import type { Verdict } from '../../../runtime/queue/reader.ts'
import { silentLog } from '../../support/log.ts'
import { until } from '../../support/until.ts'

const message = { payload: Buffer.from('x\n'), properties: {} }
const codeOf = (error: unknown) => (error instanceof AppError ? error.code : error)
const lacking = { code: 'subscription_missing', text: 'the subscription does not exist: run set-up' } as const

describe('PartitionedProducer', () => {
  let nowMs: number
  let verdict: Verdict
  let tell: (verdict: Verdict) => void
  /** Partitions in the order in which messages came. */
  let sent: number[]
  let failing: Set<number>
  let open: Set<number>
  let producer: PartitionedProducer

  const follow = (next: Partial<Verdict>) => {
    verdict = { open: [], closed: [], leftOut: [], ...next }
    tell(verdict)
  }
  const connected = (...partitions: number[]) =>
    until('the connections', () => {
      const well = producer.partitions().filter(({ reason }) => reason === undefined)
      return [open.size, well.length].every((count) => count === partitions.length)
    })

  beforeEach(() => {
    nowMs = 0
    sent = []
    failing = new Set()
    open = new Set()
    const transport = {
      name: 'websocket' as const,
      openProducer: async ({ topic }: { topic: string }) => {
        const partition = Number(topic.at(-1))
        open.add(partition)
        return {
          send: async () => {
            sent.push(partition)
            if (failing.has(partition)) throw new AppError('queue_unavailable', 'no receipt')
          },
          isConnected: () => true,
          close: async () => {
            open.delete(partition)
          },
        }
      },
      openConsumer: () => assert.fail('nothing is consumed'),
      openReader: () => assert.fail('nothing is read'),
      close: async () => undefined,
    }
    producer = new PartitionedProducer(transport, {
      topic: 'events',
      sendTimeoutMs: 1000,
      log: silentLog,
      nowMs: () => nowMs,
      watch: (onVerdict) => {
        tell = onVerdict
        return { verdict: () => verdict, close: async () => undefined }
      },
    })
    follow({ closed: [{ code: 'facts_unknown', text: 'not asked yet' }] })
  })
  afterEach(() => producer.close())

  it('refuses while nothing confirms a reader, with the reason', async () => {
    await assert.rejects(producer.send(message), (error) => {
      assert.equal(codeOf(error), 'queue_not_read')
      assert.deepEqual((error as AppError).context, { reason: 'facts_unknown' })
      return true
    })
    assert.equal(producer.unavailableReason(), 'not asked yet')
    assert.deepEqual(sent, [])
  })

  it('publishes to the open partitions in rotation, and to those that are added', async () => {
    follow({ open: [0, 1] })
    await connected(0, 1)
    for (let number = 0; number < 4; number += 1) await producer.send(message)
    assert.deepEqual([...sent].sort(), [0, 0, 1, 1])
    follow({ open: [0, 1, 2] })
    await connected(0, 1, 2)
    sent = []
    for (let number = 0; number < 6; number += 1) await producer.send(message)
    assert.deepEqual([...sent].sort(), [0, 0, 1, 1, 2, 2])
  })

  it('omits a partition without a reader, and names it', async () => {
    follow({ open: [0], leftOut: [{ partition: 1, reason: lacking }] })
    await connected(0)
    await producer.send(message)
    await producer.send(message)
    assert.deepEqual(sent, [0, 0])
    assert.equal(producer.unavailableReason(), undefined)
    assert.equal(producer.leftOut(), lacking.text)
    assert.deepEqual(
      producer.partitions().map(({ partition, reason }) => [partition, reason?.code]),
      [
        [0, undefined],
        [1, 'subscription_missing'],
      ],
    )
  })

  it('omits a partition that takes nothing, and tries it again after 2 s, then after 4 s', async () => {
    follow({ open: [0, 1] })
    await connected(0, 1)
    failing.add(1)
    const outcomes = async (count: number) => {
      sent = []
      for (let number = 0; number < count; number += 1) await producer.send(message).catch(() => undefined)
      return sent.filter((partition) => partition === 1).length
    }
    assert.equal(await outcomes(4), 1)
    assert.equal(producer.partitions()[1]?.reason?.code, 'partition_takes_nothing')
    assert.equal(producer.unavailableReason(), undefined)
    nowMs = 1999
    assert.equal(await outcomes(4), 0)
    nowMs = 2000
    assert.equal(await outcomes(4), 1)
    nowMs = 5999
    assert.equal(await outcomes(4), 0)
    nowMs = 6000
    failing.clear()
    assert.equal(await outcomes(4), 2)
    assert.equal(producer.leftOut(), undefined)
  })

  it('still tries when no partition takes anything, so that it finds out when one does', async () => {
    follow({ open: [0] })
    await connected(0)
    failing.add(0)
    await assert.rejects(producer.send(message), (error) => codeOf(error) === 'queue_unavailable')
    assert.equal(producer.isConnected(), false)
    failing.clear()
    await producer.send(message)
    assert.equal(producer.isConnected(), true)
  })

  it('does not promise a message whose partition lost its reader before the receipt', async () => {
    follow({ open: [0] })
    await connected(0)
    const sending = producer.send(message)
    follow({ closed: [lacking], leftOut: [{ partition: 0, reason: lacking }] })
    await assert.rejects(sending, (error) => codeOf(error) === 'queue_not_read')
  })

  it('closes its connections to a topic that is gone, so that no broker makes it again', async () => {
    follow({ open: [0, 1] })
    await connected(0, 1)
    follow({ closed: [{ code: 'topic_missing', text: 'gone' }] })
    await connected()
  })

  it('keeps its connections while the servers do not answer', async () => {
    follow({ open: [0] })
    await connected(0)
    follow({ closed: [{ code: 'facts_unknown', text: 'silent' }] })
    follow({ open: [0] })
    await producer.send(message)
    assert.deepEqual(sent, [0])
  })
})
