import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, messageOf } from '../errors.ts'
import { partitionName, type TopicSetUp, type Topics } from '../names.ts'
import type { SetUpStep } from '../set-up-step.ts'
import type { PulsarAdmin } from './admin.ts'
import { readUntil } from './attempts.ts'
import { ensureBundles } from './bundles.ts'
import { ensureOffload } from './offload-policy.ts'
import { pinPolicies } from './policies.ts'
import { ensureRetention, type RetentionChange } from './retention-policy.ts'
import { ensureSpread } from './spread.ts'

/** What was made is read back for so long: a broker that loads a new partition answers nothing of it yet. */
const READ_BACK = { attempts: 20, waitMs: 500 }
/** A Pulsar that is new names no cluster until it is ready, and then takes no tenant. */
const READY = { attempts: 60, waitMs: 1000 }

/**
 * Creates tenant, namespace, topics and subscriptions, and reads back what it created. It checks the state and adds what is
 * missing, so it can run at any time, repeatedly, or several times concurrently. Partitions grow, never shrink, and nothing is
 * ever deleted.
 *
 * @throws AppError `set_up_failed` when Pulsar made something else than it was asked for.
 */
export async function setUpQueue(
  admin: PulsarAdmin,
  topics: TopicSetUp,
  retentionChange: RetentionChange = 'raise',
): Promise<readonly SetUpStep[]> {
  const namespace = `${topics.tenant}/${topics.namespace}`
  const steps: SetUpStep[] = []

  const clusters = await readyClusters(admin)
  const { tenant } = topics
  steps.push({
    what: `tenant ${tenant}`,
    state: await ensure(
      () => admin.hasTenant(tenant),
      () => admin.createTenant(tenant, clusters),
    ),
  })
  steps.push({
    what: `namespace ${namespace}`,
    state: await ensure(
      () => admin.hasNamespace(namespace),
      () => admin.createNamespace(namespace, topics.bundles),
    ),
  })

  steps.push(await ensureBundles(admin, topics))
  const topic = await ensureTopic(admin, topics)
  steps.push(topic.step)
  steps.push(await ensureRetention(admin, topics, retentionChange))
  if (topics.offload) steps.push(await ensureOffload(admin, topics, topics.offload, topic.partitions))
  if (topic.partitions > 0) {
    steps.push(await ensurePartitionSubscriptions(admin, topics, topic.partitions))
    steps.push(await ensureSpread(admin, topics, topic.partitions))
    steps.push(...(await pinPolicies(admin, topics.events)))
  }

  steps.push({
    what: `topic ${topics.deadLetters}`,
    state: await ensure(
      async () => (await admin.partitions(topics.deadLetters)) !== undefined,
      () => admin.createTopic(topics.deadLetters),
    ),
  })
  steps.push(await ensureSubscription(admin, topics.deadLetters, topics.deadLettersSubscription))
  steps.push(...(await pinPolicies(admin, topics.deadLetters)))
  return steps
}

/** @throws AppError `queue_not_ready` when Pulsar has named no cluster for a minute. */
async function readyClusters(admin: PulsarAdmin): Promise<readonly string[]> {
  const clusters = await readUntil(
    () => admin.clusters(),
    ({ length }) => length > 0,
    READY,
  )
  if (clusters.length > 0) return clusters
  const waited = (READY.attempts * READY.waitMs) / 1000
  throw new AppError(
    'queue_not_ready',
    `Pulsar answers, and has named no cluster for ${waited} s: it is not initialised`,
  )
}

/** Two set-ups may run at the same time: a creation that fails because the other one was faster is not reported. */
async function ensure(exists: () => Promise<boolean>, create: () => Promise<void>): Promise<'exists' | 'created'> {
  if (await exists()) return 'exists'
  try {
    await create()
  } catch (error) {
    if (!(await exists())) throw error
  }
  return 'created'
}

interface EnsuredTopic {
  readonly step: SetUpStep
  /** Number of existing partitions; 0 when the topic has none and can get none. */
  readonly partitions: number
}

async function ensureTopic(admin: PulsarAdmin, topics: Topics): Promise<EnsuredTopic> {
  const { events, partitions: wanted } = topics
  const what = `topic ${events}`
  const found = await admin.partitions(events)
  if (found === undefined) return createTopic(admin, topics)
  if (found === 0)
    return { step: { what, state: 'differs', detail: await withoutPartitions(admin, events) }, partitions: 0 }
  if (found < wanted) {
    await admin.growPartitions(events, wanted)
    await readBack(admin, events, wanted)
    return { step: { what, state: 'grown', detail: `from ${found} to ${wanted} partitions` }, partitions: wanted }
  }
  if (found > wanted) {
    const detail = `it has ${found} partitions, PULSAR_PARTITIONS is ${wanted}; partitions cannot be removed, because their unread events would be lost: set PULSAR_PARTITIONS to ${found}`
    return { step: { what, state: 'differs', detail }, partitions: found }
  }
  return { step: { what, state: 'exists', detail: `${found} partitions` }, partitions: found }
}

/** Partitions without metadata are what clients that stay connected leave of a topic that was deleted by force. */
async function createTopic(admin: PulsarAdmin, { events, partitions: wanted }: Topics): Promise<EnsuredTopic> {
  const left = await admin.partitionsPresent(events)
  const partitions = Math.max(wanted, ...left.map((partition) => partition + 1))
  if (left.length === 0) await admin.createPartitionedTopic(events, wanted)
  // Another set-up may have made it meanwhile, and so its partitions; or a client has, without metadata.
  if ((await admin.partitions(events)) === undefined) await admin.adoptPartitions(events, partitions)
  await admin.createMissedPartitions(events)
  const made = await readBack(admin, events, left.length === 0 ? wanted : partitions)
  const kept = `, among them ${left.length} that existed without metadata and kept their messages`
  const detail = `${made} partitions${left.length === 0 ? '' : kept}`
  return { step: { what: `topic ${events}`, state: 'created', detail }, partitions: made }
}

/** Waits until Pulsar says that the topic has its partitions: at least so many, since two set-ups may differ. */
async function readBack(admin: PulsarAdmin, topic: string, wanted: number): Promise<number> {
  const made = await readUntil(
    () => admin.partitions(topic),
    (found = 0) => found >= wanted,
    READ_BACK,
  )
  if (made !== undefined && made >= wanted) return made
  const found = made === undefined ? 'does not exist' : `has ${made} partitions`
  throw new AppError('set_up_failed', `Pulsar was asked for ${topic} with ${wanted} partitions, and the topic ${found}`)
}

async function withoutPartitions(admin: PulsarAdmin, topic: string): Promise<string> {
  const left = await admin.partitionsPresent(topic)
  const beside =
    left.length === 0 ? '' : `; there are also ${left.length} partitions of a deleted topic, which keep their messages`
  return `it has no partitions and cannot get any${beside}: store or copy its messages, delete it without its partitions (pulsar-admin topics delete ${topic}), and run set-up again; or choose another PULSAR_FUNCTION_TOPIC`
}

async function ensureSubscription(admin: PulsarAdmin, topic: string, subscription: string): Promise<SetUpStep> {
  const state = await ensure(
    async () => (await admin.subscriptions(topic)).includes(subscription),
    () => admin.createSubscription(topic, subscription),
  )
  return { what: `subscription ${subscription} of ${topic}`, state }
}

/** The subscription on each partition: one alone may lack it, and what is published there would wait for nobody. */
async function ensurePartitionSubscriptions(
  admin: PulsarAdmin,
  { events, eventsSubscription }: Topics,
  partitions: number,
): Promise<SetUpStep> {
  const lacking = async () => {
    const { found } = await admin.topicFacts(events)
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    return all.filter((partition) => !found.get(partition)?.subscriptions.includes(eventsSubscription))
  }
  const before = await lacking()
  let left = before
  let fault: unknown
  for (let attempt = 0; left.length > 0 && attempt < READ_BACK.attempts; attempt += 1) {
    if (attempt > 0) await sleep(READ_BACK.waitMs)
    try {
      for (const partition of left) await admin.createSubscription(partitionName(events, partition), eventsSubscription)
    } catch (error) {
      fault = error
    }
    left = await lacking()
  }
  if (left.length > 0) {
    const names = left.map((partition) => partitionName(events, partition)).join(', ')
    const why = fault === undefined ? '' : `: ${messageOf(fault)}`
    throw new AppError('set_up_failed', `the subscription ${eventsSubscription} is not on ${names}${why}`)
  }
  const what = `subscription ${eventsSubscription} of ${events}`
  if (before.length === 0) return { what, state: 'exists' }
  if (before.length === partitions) return { what, state: 'created' }
  return { what, state: 'updated', detail: `created on partitions ${before.join(', ')}` }
}
