import assert from 'node:assert/strict'
import type { DroppingPolicies, PartitionFacts, TopicFacts } from '../../../runtime/queue/admin.ts'
import { CONFIRMED_MS, judge, policyReasons, type ReaderSnapshot } from '../../../runtime/queue/reader.ts'

const NOW_MS = 1_000_000
const reader = { topic: 'persistent://t/n/events', subscription: 'workers' }

const well: PartitionFacts = {
  subscriptions: ['workers', 'another'],
  backlogBytes: 500,
  oldestAgeSeconds: 5,
  limitBytes: -1,
  limitSeconds: -1,
}
const keeping: DroppingPolicies = {
  messageTtlSeconds: 0,
  backlogQuotas: { destination_storage: { policy: 'producer_exception', limitSize: 100, limitTime: -1 } },
  inactiveTopic: {
    deleteWhileInactive: true,
    inactiveTopicDeleteMode: 'delete_when_no_subscriptions',
    maxInactiveDurationSeconds: 60,
  },
  subscriptionExpirationMinutes: 0,
  entryFilters: [],
}

function factsOf(...found: (PartitionFacts | undefined)[]): TopicFacts {
  const entries = found.flatMap((one, partition): [number, PartitionFacts][] => (one ? [[partition, one]] : []))
  return { partitions: found.length, found: new Map(entries) }
}

function known(facts: TopicFacts | undefined, more: Partial<ReaderSnapshot> = {}): ReaderSnapshot {
  const partitionsAtMs = new Map([...(facts?.found.keys() ?? [])].map((partition) => [partition, NOW_MS]))
  return { facts, policies: keeping, readAtMs: NOW_MS, partitionsAtMs, fault: undefined, ...more }
}

function told(state: ReaderSnapshot, nowMs = NOW_MS) {
  const { open, closed, leftOut } = judge(state, reader, nowMs)
  return {
    open,
    closed: closed.map(({ code }) => code),
    leftOut: leftOut.map(({ partition, reason }) => [partition, reason.code]),
  }
}

describe('whether what is published will be read', () => {
  it('opens every partition that has the subscription', () => {
    assert.deepEqual(told(known(factsOf(well, well))), { open: [0, 1], closed: [], leftOut: [] })
  })

  it('does not need policies where the token may not read them', () => {
    assert.deepEqual(told(known(factsOf(well), { policies: undefined })).open, [0])
  })

  it('promises nothing before anything is known, nor when the last answer is too old', () => {
    assert.deepEqual(told(known(undefined, { readAtMs: Number.NEGATIVE_INFINITY })).closed, ['facts_unknown'])
    const facts = known(factsOf(well), { fault: 'connect ECONNREFUSED' })
    assert.deepEqual(told(facts, NOW_MS + CONFIRMED_MS).open, [0])
    assert.deepEqual(told(facts, NOW_MS + CONFIRMED_MS + 1), { open: [], closed: ['facts_unknown'], leftOut: [] })
  })

  it('promises nothing without the topic, or without its partitions', () => {
    assert.deepEqual(told(known({ partitions: undefined, found: new Map() })).closed, ['topic_missing'])
    assert.deepEqual(told(known({ partitions: 0, found: new Map() })).closed, ['topic_without_partitions'])
  })

  it('omits a partition without the subscription, and promises nothing when all lack it', () => {
    const lacking = { ...well, subscriptions: ['another'] }
    assert.deepEqual(told(known(factsOf(well, lacking))), {
      open: [0],
      closed: [],
      leftOut: [[1, 'subscription_missing']],
    })
    assert.deepEqual(told(known(factsOf(lacking, lacking))).closed, ['subscription_missing'])
  })

  it('takes a partition that is silent for a moment as it was, and leaves it out then', () => {
    const partitionsAtMs = new Map([
      [0, NOW_MS],
      [1, NOW_MS - CONFIRMED_MS],
    ])
    const silent = known(factsOf(well, undefined), { partitionsAtMs })
    assert.deepEqual(told(silent).open, [0, 1])
    assert.deepEqual(told(silent, NOW_MS + 1).leftOut, [[1, 'partition_silent']])
  })

  it('omits a partition that never answered', () => {
    assert.deepEqual(told(known(factsOf(well, undefined))).leftOut, [[1, 'partition_silent']])
  })

  it('omits a partition whose backlog has reached its quota of bytes or of time', () => {
    const full = { ...well, limitBytes: 500 }
    const old = { ...well, limitSeconds: 5 }
    const within = { ...well, limitBytes: 501, limitSeconds: 6 }
    assert.deepEqual(told(known(factsOf(full, old, within))), {
      open: [2],
      closed: [],
      leftOut: [
        [0, 'quota_reached'],
        [1, 'quota_reached'],
      ],
    })
  })

  it('promises nothing under a policy that can drop waiting messages', () => {
    assert.deepEqual(told(known(factsOf(well), { policies: { ...keeping, messageTtlSeconds: 5 } })), {
      open: [],
      closed: ['message_ttl'],
      leftOut: [],
    })
  })
})

describe('policies that can drop waiting messages', () => {
  const codes = (more: Partial<DroppingPolicies>) => policyReasons({ ...keeping, ...more }).map(({ code }) => code)
  const eviction = { policy: 'consumer_backlog_eviction', limitSize: -1, limitTime: -1 }

  it('are none of those that keep it', () => {
    assert.deepEqual(codes({}), [])
    assert.deepEqual(codes({ inactiveTopic: undefined, backlogQuotas: {} }), [])
    assert.deepEqual(codes({ backlogQuotas: { message_age: eviction } }), [])
  })

  it('are each named', () => {
    const inactiveTopic = {
      deleteWhileInactive: true,
      inactiveTopicDeleteMode: 'delete_when_subscriptions_caught_up',
      maxInactiveDurationSeconds: 60,
    }
    assert.deepEqual(codes({ messageTtlSeconds: 1 }), ['message_ttl'])
    assert.deepEqual(codes({ backlogQuotas: { destination_storage: { ...eviction, limitSize: 0 } } }), [
      'backlog_eviction',
    ])
    assert.deepEqual(codes({ backlogQuotas: { message_age: { ...eviction, limitTime: 1 } } }), ['backlog_eviction'])
    assert.deepEqual(codes({ subscriptionExpirationMinutes: 1 }), ['subscription_expiration'])
    assert.deepEqual(codes({ inactiveTopic }), ['inactive_topic_deletion'])
    assert.deepEqual(codes({ inactiveTopic: { ...inactiveTopic, deleteWhileInactive: false } }), [])
    assert.deepEqual(codes({ entryFilters: ['drop'] }), ['entry_filters'])
  })
})
