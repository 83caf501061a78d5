import assert from 'node:assert/strict'
import type { DroppingPolicies } from '../../../runtime/queue/admin-policies.ts'
import type { TopicFacts } from '../../../runtime/queue/admin-stats.ts'
import { type ReaderWatch, watchReader } from '../../../runtime/queue/reader-watch.ts'
import { recordingLog } from '../../support/log.ts'
import { eventually } from '../../support/until.ts'

const reader = { topic: 'persistent://t/n/events', subscription: 'workers' }
const partition = { backlogBytes: 0, oldestAgeSeconds: -1, limitBytes: -1, limitSeconds: -1 }
const facts = (subscription: string): TopicFacts => ({
  partitions: 1,
  found: new Map([[0, { ...partition, subscriptions: [subscription] }]]),
})

describe('watchReader', () => {
  let nowMs: number
  let answer: () => TopicFacts
  let policiesAsked: number
  let policies: DroppingPolicies | undefined
  let told: number
  let watch: ReaderWatch
  let lines: readonly Record<string, unknown>[]

  beforeEach(() => {
    nowMs = 0
    told = 0
    policiesAsked = 0
    policies = undefined
    answer = () => facts('workers')
    const recording = recordingLog()
    lines = recording.lines
    const admin = {
      topicFacts: async () => answer(),
      droppingPolicies: async () => {
        policiesAsked += 1
        return policies
      },
    }
    const onVerdict = () => {
      told += 1
    }
    watch = watchReader(admin, reader, { log: recording.log, nowMs: () => nowMs, onVerdict })
  })
  afterEach(() => watch.close())

  const more = async (rounds: number) => {
    const until = told + rounds
    await eventually(() => told >= until)
  }

  it('promises once it is confirmed, no longer than the answers last, and again with the next one', async () => {
    assert.equal(watch.verdict().closed[0]?.code, 'facts_unknown')
    await more(1)
    assert.deepEqual(watch.verdict().open, [0])
    answer = () => {
      throw new Error('connect ECONNREFUSED')
    }
    nowMs = 10_001
    await more(1)
    assert.equal(watch.verdict().closed[0]?.code, 'facts_unknown')
    answer = () => facts('workers')
    await more(1)
    assert.deepEqual(watch.verdict().open, [0])
  })

  it('logs each change once', async () => {
    await more(2)
    answer = () => facts('another')
    await more(2)
    answer = () => facts('workers')
    await more(1)
    const said = lines.flatMap(({ msg, codes }) => (codes === undefined ? [] : [[msg, codes]]))
    assert.deepEqual(said, [
      ['Pulsar confirms that events are read', []],
      ['events are refused: Pulsar does not confirm that they would be read', ['subscription_missing']],
      ['Pulsar confirms that events are read', []],
    ])
  }).timeout(10_000)

  it('asks for policies once a minute where the token may not read them, and each time where it may', async () => {
    await more(2)
    assert.equal(policiesAsked, 1)
    nowMs = 60_000
    policies = {
      messageTtlSeconds: 5,
      backlogQuotas: {},
      inactiveTopic: undefined,
      subscriptionExpirationMinutes: 0,
      entryFilters: [],
    }
    await more(2)
    assert.ok(policiesAsked >= 2)
    assert.equal(watch.verdict().closed[0]?.code, 'message_ttl')
  }).timeout(10_000)
})
