import type { PulsarAdmin } from './admin.ts'
import type { Topics } from './topics.ts'

/** What set-up found or did about one thing. `differs` is left as it is, and `detail` says why and what can be done. */
export interface SetUpStep {
  readonly what: string
  readonly state: 'created' | 'exists' | 'grown' | 'updated' | 'differs'
  readonly detail?: string
}

/**
 * Makes tenant, namespace, topics and subscriptions. It looks at the state and adds what is missing, so it can run at any
 * time, twice, or from several places at once. Partitions grow, never shrink, and nothing is ever deleted.
 */
export async function setUpQueue(admin: PulsarAdmin, topics: Topics): Promise<readonly SetUpStep[]> {
  const namespace = `${topics.tenant}/${topics.namespace}`
  const steps: SetUpStep[] = []

  if (await admin.hasTenant(topics.tenant)) steps.push({ what: `tenant ${topics.tenant}`, state: 'exists' })
  else {
    await admin.createTenant(topics.tenant, await admin.clusters())
    steps.push({ what: `tenant ${topics.tenant}`, state: 'created' })
  }

  if (await admin.hasNamespace(namespace)) steps.push({ what: `namespace ${namespace}`, state: 'exists' })
  else {
    await admin.createNamespace(namespace)
    steps.push({ what: `namespace ${namespace}`, state: 'created' })
  }
  steps.push(...(await policiesThatLose(admin, namespace)))

  steps.push(await ensureTopic(admin, topics))
  steps.push(await ensureSubscription(admin, topics.events, topics.eventsSubscription))

  if ((await admin.partitions(topics.deadLetters)) !== undefined) {
    steps.push({ what: `topic ${topics.deadLetters}`, state: 'exists' })
  } else {
    await admin.createTopic(topics.deadLetters)
    steps.push({ what: `topic ${topics.deadLetters}`, state: 'created' })
  }
  steps.push(await ensureSubscription(admin, topics.deadLetters, topics.deadLettersSubscription))
  return steps
}

async function ensureTopic(admin: PulsarAdmin, topics: Topics): Promise<SetUpStep> {
  const what = `topic ${topics.events}`
  const wanted = topics.partitions
  const found = await admin.partitions(topics.events)
  if (found === undefined) {
    await admin.createPartitionedTopic(topics.events, wanted)
    return { what, state: 'created', detail: `${wanted} partitions` }
  }
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
  if ((await admin.subscriptions(topic)).includes(subscription)) {
    // New partitions get the subscriptions of the others by themselves, and a repetition changes nothing.
    await admin.createSubscription(topic, subscription)
    return { what, state: 'exists' }
  }
  await admin.createSubscription(topic, subscription)
  return { what, state: 'created' }
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
  const quotas = Object.values(policies.backlog_quota_map ?? {})
  if (quotas.some((quota) => quota.policy === 'consumer_backlog_eviction')) {
    const detail = 'the backlog quota policy consumer_backlog_eviction drops the oldest events: use producer_exception'
    found.push({ what, state: 'differs', detail })
  }
  return found
}
