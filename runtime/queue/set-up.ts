import type { SetUpStep } from '../set-up-step.ts'
import type { PulsarAdmin } from './admin.ts'
import { ensureRetention, type RetentionChange } from './retention-policy.ts'
import type { Topics } from './topics.ts'

/**
 * Makes tenant, namespace, topics and subscriptions. It looks at the state and adds what is missing, so it can run at any
 * time, twice, or from several places at once. Partitions grow, never shrink, and nothing is ever deleted.
 */
export async function setUpQueue(
  admin: PulsarAdmin,
  topics: Topics,
  retentionChange: RetentionChange = 'raise',
): Promise<readonly SetUpStep[]> {
  const namespace = `${topics.tenant}/${topics.namespace}`
  const steps: SetUpStep[] = []

  const { tenant } = topics
  steps.push({
    what: `tenant ${tenant}`,
    state: await ensure(
      () => admin.hasTenant(tenant),
      async () => admin.createTenant(tenant, await admin.clusters()),
    ),
  })
  steps.push({
    what: `namespace ${namespace}`,
    state: await ensure(
      () => admin.hasNamespace(namespace),
      () => admin.createNamespace(namespace),
    ),
  })
  steps.push(...(await policiesThatLose(admin, namespace)))

  steps.push(await ensureTopic(admin, topics))
  steps.push(await ensureRetention(admin, topics, retentionChange))
  steps.push(await ensureSubscription(admin, topics.events, topics.eventsSubscription))

  steps.push({
    what: `topic ${topics.deadLetters}`,
    state: await ensure(
      async () => (await admin.partitions(topics.deadLetters)) !== undefined,
      () => admin.createTopic(topics.deadLetters),
    ),
  })
  steps.push(await ensureSubscription(admin, topics.deadLetters, topics.deadLettersSubscription))
  return steps
}

/** Two set-ups may run at once: a creation that fails because the other one was faster is none of ours to report. */
async function ensure(exists: () => Promise<boolean>, create: () => Promise<void>): Promise<'exists' | 'created'> {
  if (await exists()) return 'exists'
  try {
    await create()
  } catch (error) {
    if (!(await exists())) throw error
  }
  return 'created'
}

async function ensureTopic(admin: PulsarAdmin, topics: Topics): Promise<SetUpStep> {
  const what = `topic ${topics.events}`
  const wanted = topics.partitions
  const made = await ensure(
    async () => (await admin.partitions(topics.events)) !== undefined,
    () => admin.createPartitionedTopic(topics.events, wanted),
  )
  if (made === 'created') return { what, state: 'created', detail: `${wanted} partitions` }
  const found = (await admin.partitions(topics.events)) ?? 0
  if (found === 0) {
    const detail =
      'it has no partitions and cannot get any: choose another PULSAR_FUNCTION_TOPIC, or drain and delete it'
    return { what, state: 'differs', detail }
  }
  if (found < wanted) {
    await admin.growPartitions(topics.events, wanted)
    return { what, state: 'grown', detail: `from ${found} to ${wanted} partitions` }
  }
  if (found > wanted) {
    const detail = `it has ${found} partitions, PULSAR_PARTITIONS is ${wanted}; partitions never shrink, because those taken away would take their events along: set PULSAR_PARTITIONS to ${found}`
    return { what, state: 'differs', detail }
  }
  return { what, state: 'exists', detail: `${found} partitions` }
}

async function ensureSubscription(admin: PulsarAdmin, topic: string, subscription: string): Promise<SetUpStep> {
  const what = `subscription ${subscription} of ${topic}`
  const state = await ensure(
    async () => (await admin.subscriptions(topic)).includes(subscription),
    () => admin.createSubscription(topic, subscription),
  )
  // Partitions that were added get the subscription as well; a repetition changes nothing.
  if (state === 'exists') await admin.createSubscription(topic, subscription)
  return { what, state }
}

/** Policies, set by somebody else, under which Pulsar drops messages that no worker has taken yet. */
async function policiesThatLose(admin: PulsarAdmin, namespace: string): Promise<SetUpStep[]> {
  const policies = await admin.namespacePolicies(namespace)
  const found: SetUpStep[] = []
  const what = `policies of ${namespace}`
  const ttl = policies.message_ttl_in_seconds ?? 0
  if (ttl > 0) {
    const detail = `a message TTL of ${ttl} s drops events that no worker has stored by then: remove it, or watch the age of the backlog`
    found.push({ what, state: 'differs', detail })
  }
  const expiry = policies.subscription_expiration_time_minutes ?? 0
  if (expiry > 0) {
    const detail = `subscriptions without a worker expire after ${expiry} minutes, and their events with them: remove that policy`
    found.push({ what, state: 'differs', detail })
  }
  const quotas = Object.values(policies.backlog_quota_map ?? {})
  if (quotas.some((quota) => quota.policy === 'consumer_backlog_eviction')) {
    const detail = 'the backlog quota policy consumer_backlog_eviction drops the oldest events: use producer_exception'
    found.push({ what, state: 'differs', detail })
  }
  return found
}
