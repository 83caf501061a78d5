import { AppError } from '../errors.ts'
import { secondsToDrain } from '../telemetry/bottlenecks.ts'
import type { PulsarAdmin, SubscriptionStats, TopicStats } from './admin.ts'
import { eventsIn } from './message.ts'

/** The answer of `GET /queue/{namespace}/{topic}/backlog`: messages that are not yet acknowledged, by partition. */
export interface Backlog {
  readonly total: number
  readonly backlog: readonly BacklogEntry[]
}

export interface BacklogEntry {
  readonly partition: string
  readonly subscription: string
  readonly count: number
}

/** What an operator needs beyond the number of messages. Rates are in messages per second, as Pulsar measures them. */
export interface BacklogDetail {
  readonly events: number
  /** Whether `events` was counted message by message; otherwise it is the number of messages times the mean of a sample. */
  readonly eventsExact: boolean
  readonly bytes: number
  /** Age of the oldest message; 0 when there is none. */
  readonly oldestAgeSeconds: number
  readonly messagesInPerSecond: number
  readonly messagesOutPerSecond: number
  /** At the present rates; `null` while it does not shrink. */
  readonly secondsToDrain: number | null
}

export interface DetailedBacklog extends Backlog, BacklogDetail {
  readonly backlog: readonly (BacklogEntry & BacklogDetail)[]
}

/** Messages looked at in one partition to learn how many events they hold. */
const SAMPLE_MESSAGES = 8

/**
 * @throws AppError `topic_not_found` when there is no such topic.
 */
export async function readBacklog(admin: PulsarAdmin, topic: string): Promise<Backlog> {
  return backlogOf(await statsOf(admin, topic, false))
}

/**
 * @throws AppError `topic_not_found` when there is no such topic.
 */
export async function readDetailedBacklog(admin: PulsarAdmin, topic: string, nowMs: number): Promise<DetailedBacklog> {
  const stats = await statsOf(admin, topic, true)
  const backlog: (BacklogEntry & BacklogDetail)[] = []
  for (const { entry, subscription, partition } of entriesOf(stats)) {
    const sampled = await sampleEvents(admin, entry)
    backlog.push({ ...entry, ...detailOf(entry.count, sampled, subscription, partition, nowMs) })
  }
  return { ...totalsOf(backlog), backlog }
}

/** The page's shape from the broker's statistics: every partition and subscription, in the order of their numbers. */
function backlogOf(stats: Readonly<Record<string, TopicStats>>): Backlog {
  const backlog = entriesOf(stats).map(({ entry }) => entry)
  return { total: sum(backlog, (entry) => entry.count), backlog }
}

async function statsOf(admin: PulsarAdmin, topic: string, detailed: boolean) {
  const stats = await admin.stats(topic, detailed)
  if (Object.keys(stats).length === 0) {
    throw new AppError('topic_not_found', `there is no topic ${topic}`, { context: { topic } })
  }
  return stats
}

function entriesOf(stats: Readonly<Record<string, TopicStats>>) {
  const byNumber = new Intl.Collator('en', { numeric: true })
  return Object.entries(stats)
    .sort(([a], [b]) => byNumber.compare(a, b))
    .flatMap(([name, partition]) =>
      Object.entries(partition.subscriptions).map(([subscriptionName, subscription]) => ({
        entry: { partition: name, subscription: subscriptionName, count: subscription.msgBacklog },
        subscription,
        partition,
      })),
    )
}

/** Positions of the backlog to sample: all of a short one, otherwise a few, spread evenly. */
export function samplePositions(count: number): readonly number[] {
  const size = Math.min(count, SAMPLE_MESSAGES)
  return Array.from({ length: size }, (_, index) => 1 + Math.floor((index * count) / size))
}

interface Sample {
  readonly events: number
  readonly exact: boolean
}

async function sampleEvents(admin: PulsarAdmin, entry: BacklogEntry): Promise<Sample> {
  const peeked = await Promise.all(
    samplePositions(entry.count).map((position) => admin.peekProperties(entry.partition, entry.subscription, position)),
  )
  const counts = peeked.flatMap((properties) => (properties && eventsIn(properties)) ?? [])
  if (counts.length === 0) return { events: entry.count, exact: entry.count === 0 }
  const total = sum(counts, (count) => count)
  if (counts.length === entry.count) return { events: total, exact: true }
  return { events: Math.round((total / counts.length) * entry.count), exact: false }
}

function detailOf(
  count: number,
  sample: Sample,
  subscription: SubscriptionStats,
  partition: TopicStats,
  nowMs: number,
): BacklogDetail {
  const oldestMs = subscription.earliestMsgPublishTimeInBacklog
  const rates = { in: partition.msgRateIn, out: subscription.msgRateOut }
  return {
    events: sample.events,
    eventsExact: sample.exact,
    bytes: Math.max(0, subscription.backlogSize),
    oldestAgeSeconds: count > 0 && oldestMs > 0 ? Math.max(0, (nowMs - oldestMs) / 1000) : 0,
    messagesInPerSecond: rates.in,
    messagesOutPerSecond: rates.out,
    secondsToDrain: secondsToDrain(count, rates.in - rates.out),
  }
}

function totalsOf(entries: readonly (BacklogEntry & BacklogDetail)[]): Omit<DetailedBacklog, 'backlog'> {
  const total = sum(entries, (entry) => entry.count)
  const messagesInPerSecond = sum(entries, (entry) => entry.messagesInPerSecond)
  const messagesOutPerSecond = sum(entries, (entry) => entry.messagesOutPerSecond)
  return {
    total,
    events: sum(entries, (entry) => entry.events),
    eventsExact: entries.every((entry) => entry.eventsExact),
    bytes: sum(entries, (entry) => entry.bytes),
    oldestAgeSeconds: Math.max(0, ...entries.map((entry) => entry.oldestAgeSeconds)),
    messagesInPerSecond,
    messagesOutPerSecond,
    secondsToDrain: secondsToDrain(total, messagesInPerSecond - messagesOutPerSecond),
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
