import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import type { PulsarAdmin, TopicStats } from '../../../runtime/queue/admin.ts'
import { readBacklog, readDetailedBacklog, samplePositions } from '../../../runtime/queue/backlog.ts'

const TOPIC = 'persistent://tracardi/system/functions'
const NOW = 1_795_341_600_000

function partition(
  count: number,
  values: Partial<{ in: number; out: number; bytes: number; oldest: number }> = {},
): TopicStats {
  const { in: msgRateIn = 0, out: msgRateOut = 0, bytes = 0, oldest = 0 } = values
  return {
    msgRateIn,
    msgInCounter: 0,
    subscriptions: {
      workers: { msgBacklog: count, backlogSize: bytes, msgRateOut, earliestMsgPublishTimeInBacklog: oldest },
    },
  }
}

function adminOf(
  stats: Record<string, TopicStats>,
  eventsAt: (position: number) => string | undefined = () => '50',
): PulsarAdmin {
  return {
    stats: async () => stats,
    peekProperties: async (_partition: string, _subscription: string, position: number) => {
      const n = eventsAt(position)
      return n === undefined ? undefined : { n }
    },
  } as unknown as PulsarAdmin
}

describe('readBacklog', () => {
  it('lists every partition and subscription in the order of their numbers, and sums them', async () => {
    const stats = {
      [`${TOPIC}-partition-10`]: partition(1),
      [`${TOPIC}-partition-2`]: partition(0),
      [`${TOPIC}-partition-0`]: partition(41),
    }
    assert.deepEqual(await readBacklog(adminOf(stats), TOPIC), {
      total: 42,
      backlog: [
        { partition: `${TOPIC}-partition-0`, subscription: 'workers', count: 41 },
        { partition: `${TOPIC}-partition-2`, subscription: 'workers', count: 0 },
        { partition: `${TOPIC}-partition-10`, subscription: 'workers', count: 1 },
      ],
    })
  })

  it('knows when there is no such topic', async () => {
    await assert.rejects(
      readBacklog(adminOf({}), TOPIC),
      (error) => error instanceof AppError && error.code === 'topic_not_found',
    )
  })
})

describe('readDetailedBacklog', () => {
  it('counts the events of a short backlog message by message', async () => {
    const stats = { [`${TOPIC}-partition-0`]: partition(3, { bytes: 900, oldest: NOW - 4000, in: 2, out: 5 }) }
    const detailed = await readDetailedBacklog(
      adminOf(stats, (position) => String(position * 10)),
      TOPIC,
      NOW,
    )
    const expected = {
      events: 60,
      eventsExact: true,
      bytes: 900,
      oldestAgeSeconds: 4,
      messagesInPerSecond: 2,
      messagesOutPerSecond: 5,
      secondsToDrain: 1,
    }
    assert.deepEqual(detailed, {
      total: 3,
      ...expected,
      backlog: [{ partition: `${TOPIC}-partition-0`, subscription: 'workers', count: 3, ...expected }],
    })
  })

  it('takes the mean of a sample for a long one, and says that it did', async () => {
    const stats = { [`${TOPIC}-partition-0`]: partition(1000) }
    const detailed = await readDetailedBacklog(
      adminOf(stats, (position) => (position % 2 ? '100' : '50')),
      TOPIC,
      NOW,
    )
    assert.equal(detailed.events, 75_000)
    assert.equal(detailed.eventsExact, false)
  })

  it('counts a message as one event when nothing reports how many it holds', async () => {
    const stats = { [`${TOPIC}-partition-0`]: partition(7) }
    const detailed = await readDetailedBacklog(
      adminOf(stats, () => undefined),
      TOPIC,
      NOW,
    )
    assert.deepEqual([detailed.events, detailed.eventsExact], [7, false])
  })

  it('is all zeros when there is nothing to do', async () => {
    const detailed = await readDetailedBacklog(
      adminOf({ [`${TOPIC}-partition-0`]: partition(0, { bytes: -1, oldest: NOW }) }),
      TOPIC,
      NOW,
    )
    const { backlog: _, ...totals } = detailed
    assert.deepEqual(totals, {
      total: 0,
      events: 0,
      eventsExact: true,
      bytes: 0,
      oldestAgeSeconds: 0,
      messagesInPerSecond: 0,
      messagesOutPerSecond: 0,
      secondsToDrain: 0,
    })
  })
})

describe('samplePositions', () => {
  it('takes all of a short backlog, and spreads a few over a long one', () => {
    assert.deepEqual(samplePositions(0), [])
    assert.deepEqual(samplePositions(3), [1, 2, 3])
    assert.deepEqual(samplePositions(800), [1, 101, 201, 301, 401, 501, 601, 701])
  })
})
