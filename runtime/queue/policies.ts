import { AppError, messageOf } from '../errors.ts'
import type { SetUpStep } from '../set-up-step.ts'
import type { BacklogQuota, DroppingPolicies, PulsarAdmin, QuotaType, TopicPolicy } from './admin.ts'
import { readUntil } from './attempts.ts'
import { policyReasons, type Reason } from './reader.ts'

/** Policies of a topic are kept in a topic of the namespace: what was set is in force a moment later. */
const IN_FORCE = { attempts: 100, waitMs: 50 }

const QUOTA_TYPES: readonly QuotaType[] = ['destination_storage', 'message_age']
/** What keeps messages: producers are refused. */
const KEEPING = ['producer_exception', 'producer_request_hold']

/**
 * Sets policies of the topic itself under which Pulsar drops nothing that waits. They win over those of the namespace and
 * of the broker, whenever these are set. Limits of a backlog quota that refuses producers stay as they are.
 */
export async function pinPolicies(admin: PulsarAdmin, topic: string): Promise<readonly SetUpStep[]> {
  const what = `policies of ${topic}`
  const before = await admin.droppingPolicies(topic)
  if (!before) {
    const detail = 'this token may not read them: run set-up with the token of an administrator'
    return [{ what, state: 'differs', detail }]
  }
  try {
    await setAll(admin, topic, before)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const detail = `they could not be set, so those of the namespace and the broker decide: ${messageOf(error)}`
    return [{ what, state: 'differs', detail }, ...(await remaining(admin, topic))]
  }
  const left = await remaining(admin, topic)
  if (left.length > 0) return left
  return [
    { what, state: policyReasons(before).length > 0 ? 'updated' : 'exists', detail: 'no waiting message is dropped' },
  ]
}

/**
 * Pulsar writes all policies of a topic together, from a copy that lags behind the last write. So each write waits until the previous one is
 * in that copy. Otherwise it would restore the replaced values.
 */
async function setAll(admin: PulsarAdmin, topic: string, before: DroppingPolicies): Promise<void> {
  const isKnown = (policy: TopicPolicy, isSet: (value: unknown) => boolean) =>
    readUntil(() => admin.ownPolicy(topic, policy), isSet, IN_FORCE)
  await admin.setMessageTtl(topic, 0)
  await isKnown('messageTTL', (seconds) => seconds === 0)
  for (const type of QUOTA_TYPES) {
    const quota = keepingQuota(before.backlogQuotas[type])
    await admin.setBacklogQuota(topic, type, quota)
    const policyIn = (quotas: unknown) => (quotas as DroppingPolicies['backlogQuotas'] | undefined)?.[type]?.policy
    await isKnown('backlogQuotaMap', (quotas) => policyIn(quotas) === quota.policy)
  }
  await admin.setInactiveTopicPolicies(topic, {
    deleteWhileInactive: false,
    inactiveTopicDeleteMode: before.inactiveTopic?.inactiveTopicDeleteMode ?? 'delete_when_no_subscriptions',
    maxInactiveDurationSeconds: before.inactiveTopic?.maxInactiveDurationSeconds ?? 60,
  })
}

function keepingQuota(before: BacklogQuota | undefined): BacklogQuota {
  if (before && KEEPING.includes(before.policy)) return before
  return { policy: 'producer_exception', limitSize: -1, limitTime: -1 }
}

/** What drops messages still, once what was set is in force. */
async function remaining(admin: PulsarAdmin, topic: string): Promise<SetUpStep[]> {
  const inForce = async () => policyReasons(await admin.droppingPolicies(topic))
  // Pulsar has no policy of a topic for the expiration of its subscriptions.
  const isIncurable = ({ code }: Reason) => code === 'subscription_expiration' || code === 'entry_filters'
  const reasons = await readUntil(inForce, (found) => found.every(isIncurable), IN_FORCE)
  return reasons.map(({ text }) => ({ what: `policies of ${topic}`, state: 'differs', detail: text }))
}
