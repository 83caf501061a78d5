import { partitionName } from '../names.ts'
import type { DroppingPolicies, PartitionFacts, TopicFacts } from './admin.ts'

/**
 * Whether what is published now will be read: the decision alone. It comes from facts of the servers and a time, and gives
 * the partitions that may be published to and the reasons for those that may not.
 */

/** How long the last good answer counts: Pulsar does not answer for a partition while brokers hand it over. */
export const CONFIRMED_MS = 10_000

export const REASON_CODES = [
  'facts_unknown',
  'topic_missing',
  'topic_without_partitions',
  'subscription_missing',
  'partition_silent',
  'partition_takes_nothing',
  'quota_reached',
  'message_ttl',
  'backlog_eviction',
  'subscription_expiration',
  'inactive_topic_deletion',
  'entry_filters',
] as const

export type ReasonCode = (typeof REASON_CODES)[number]

export interface Reason {
  readonly code: ReasonCode
  /** What happened and what to do. */
  readonly text: string
}

/** The last answer of the servers, and its time. */
export interface ReaderSnapshot {
  readonly facts: TopicFacts | undefined
  readonly policies: DroppingPolicies | undefined
  readonly readAtMs: number
  /** When each partition last answered. */
  readonly partitionsAtMs: ReadonlyMap<number, number>
  /** Why the last question had no answer. */
  readonly fault: string | undefined
}

export interface Verdict {
  /** Numbers of the partitions that may be published to. */
  readonly open: readonly number[]
  /** Why nothing may be published at all; empty while at least one partition is open. */
  readonly closed: readonly Reason[]
  /** Partitions that are skipped. */
  readonly leftOut: readonly { readonly partition: number; readonly reason: Reason }[]
}

export interface Reader {
  readonly topic: string
  readonly subscription: string
}

export function judge(known: ReaderSnapshot, reader: Reader, nowMs: number): Verdict {
  const { facts } = known
  const closed = [...factsReasons(known, nowMs), ...topicReasons(facts, reader), ...policyReasons(known.policies)]
  if (!facts || closed.length > 0) return { open: [], closed, leftOut: [] }
  const open: number[] = []
  const leftOut: { partition: number; reason: Reason }[] = []
  for (let partition = 0; partition < (facts.partitions ?? 0); partition += 1) {
    const silentMs = nowMs - (known.partitionsAtMs.get(partition) ?? Number.NEGATIVE_INFINITY)
    const reason = partitionReason(facts.found.get(partition), partition, silentMs, reader)
    if (reason) leftOut.push({ partition, reason })
    else open.push(partition)
  }
  return { open, closed: open.length > 0 ? [] : byCode(leftOut.map(({ reason }) => reason)), leftOut }
}

function factsReasons({ facts, fault, readAtMs }: ReaderSnapshot, nowMs: number): Reason[] {
  if (facts && nowMs - readAtMs <= CONFIRMED_MS) return []
  const why = fault ?? 'no answer yet'
  const text = `the admin API of Pulsar has not confirmed topic and subscription for more than ${CONFIRMED_MS / 1000} s (${why}): check PULSAR_API and the brokers`
  return [{ code: 'facts_unknown', text }]
}

function topicReasons(facts: TopicFacts | undefined, { topic }: Reader): Reason[] {
  if (!facts) return []
  if (facts.partitions === undefined)
    return [{ code: 'topic_missing', text: `the topic ${topic} does not exist: run set-up` }]
  if (facts.partitions > 0) return []
  const text = `the topic ${topic} has no partitions and workers would not receive published messages: drain and delete it, then run set-up`
  return [{ code: 'topic_without_partitions', text }]
}

function partitionReason(
  found: PartitionFacts | undefined,
  partition: number,
  silentMs: number,
  { topic, subscription }: Reader,
): Reason | undefined {
  const name = partitionName(topic, partition)
  if (!found) {
    if (silentMs <= CONFIRMED_MS) return undefined
    return { code: 'partition_silent', text: `${name} does not answer: check the broker that serves it` }
  }
  if (!found.subscriptions.includes(subscription))
    return {
      code: 'subscription_missing',
      text: `the subscription ${subscription} of ${name} does not exist: run set-up`,
    }
  const full = found.limitBytes > 0 && found.backlogBytes >= found.limitBytes
  const old = found.limitSeconds > 0 && found.oldestAgeSeconds >= found.limitSeconds
  if (!full && !old) return undefined
  const limit = full ? `${found.limitBytes} bytes` : `${found.limitSeconds} s`
  const text = `the backlog of ${name} has reached its quota of ${limit}: bring the workers back, or raise the backlog quota`
  return { code: 'quota_reached', text }
}

/** Policies in force under which Pulsar drops messages that no worker has stored. */
export function policyReasons(policies: DroppingPolicies | undefined): Reason[] {
  if (!policies) return []
  const found: Reason[] = []
  const { messageTtlSeconds, subscriptionExpirationMinutes, inactiveTopic, entryFilters } = policies
  if (messageTtlSeconds > 0) {
    const text = `a message TTL of ${messageTtlSeconds} s drops events that no worker has stored by then: run set-up, which sets it to 0 for the topic`
    found.push({ code: 'message_ttl', text })
  }
  for (const [type, quota] of Object.entries(policies.backlogQuotas)) {
    if (quota.policy !== 'consumer_backlog_eviction' || (quota.limitSize < 0 && quota.limitTime <= 0)) continue
    const text = `the backlog quota (${type}) has the policy consumer_backlog_eviction, which drops the oldest events: run set-up, which sets producer_exception for the topic`
    found.push({ code: 'backlog_eviction', text })
  }
  if (subscriptionExpirationMinutes > 0) {
    const text = `subscriptions without a worker expire after ${subscriptionExpirationMinutes} minutes, and their events with them: set the subscription expiration of the namespace to 0`
    found.push({ code: 'subscription_expiration', text })
  }
  if (inactiveTopic?.deleteWhileInactive && inactiveTopic.inactiveTopicDeleteMode !== 'delete_when_no_subscriptions') {
    const text = `a topic that is inactive for ${inactiveTopic.maxInactiveDurationSeconds} s is deleted with its subscription: run set-up, which disables that for the topic`
    found.push({ code: 'inactive_topic_deletion', text })
  }
  if (entryFilters.length > 0) {
    const text = `the entry filters ${entryFilters.join(', ')} may skip events: remove them from the topic, the namespace and the broker`
    found.push({ code: 'entry_filters', text })
  }
  return found
}

/** The first reason of each code; there may be as many as partitions. */
function byCode(reasons: readonly Reason[]): Reason[] {
  return reasons.filter(({ code }, index) => reasons.findIndex((one) => one.code === code) === index)
}
