import assert from 'node:assert/strict'
import type { BacklogQuota, DroppingPolicies, PulsarAdmin, TopicPolicy } from '../../../runtime/queue/admin.ts'
import { pinPolicies } from '../../../runtime/queue/policies.ts'

const TOPIC = 'persistent://tenant/namespace/topic'
const EVICTION: BacklogQuota = { policy: 'consumer_backlog_eviction', limitSize: 1, limitTime: -1 }
/** A write shows in the copy that the next one starts from only after that many looks at it. */
const LAG_READS = 3

interface Written {
  readonly messageTTL?: number
  readonly backlogQuotaMap?: DroppingPolicies['backlogQuotas']
  readonly inactiveTopicPolicies?: NonNullable<DroppingPolicies['inactiveTopic']>
}

/** A broker that writes all policies of a topic together, from a copy that lags. */
function laggingAdmin(): PulsarAdmin {
  let written: Written = { messageTTL: 60, backlogQuotaMap: { destination_storage: EVICTION } }
  let copy = written
  let reads = 0
  const look = () => {
    reads += 1
    if (reads >= LAG_READS) copy = written
    return copy
  }
  const write = async (change: (from: Written) => Written) => {
    written = change(copy)
    reads = 0
  }
  const admin: Partial<PulsarAdmin> = {
    ownPolicy: async (_topic, policy: TopicPolicy) => look()[policy],
    droppingPolicies: async () => {
      const { messageTTL = 0, backlogQuotaMap = {}, inactiveTopicPolicies } = look()
      return {
        messageTtlSeconds: messageTTL,
        backlogQuotas: backlogQuotaMap,
        inactiveTopic: inactiveTopicPolicies,
        subscriptionExpirationMinutes: 0,
        entryFilters: [],
      }
    },
    setMessageTtl: (_topic, messageTTL) => write((from) => ({ ...from, messageTTL })),
    setBacklogQuota: (_topic, type, quota) =>
      write((from) => ({ ...from, backlogQuotaMap: { ...from.backlogQuotaMap, [type]: quota } })),
    setInactiveTopicPolicies: (_topic, inactiveTopicPolicies) => write((from) => ({ ...from, inactiveTopicPolicies })),
  }
  return admin as PulsarAdmin
}

describe('pinPolicies', () => {
  it('has all policies in force, although each write starts from a copy that lags behind the one before', async () => {
    const admin = laggingAdmin()
    const steps = await pinPolicies(admin, TOPIC)
    assert.deepEqual(
      steps.map(({ what, state }) => [what, state]),
      [[`policies of ${TOPIC}`, 'updated']],
    )
    const keeping = { policy: 'producer_exception', limitSize: -1, limitTime: -1 }
    assert.deepEqual(
      [await admin.ownPolicy(TOPIC, 'messageTTL'), await admin.ownPolicy(TOPIC, 'backlogQuotaMap')],
      [0, { destination_storage: keeping, message_age: keeping }],
    )
    assert.partialDeepStrictEqual(await admin.ownPolicy(TOPIC, 'inactiveTopicPolicies'), { deleteWhileInactive: false })
  })
})
