import { AppError } from '../errors.ts'
import { partitionNumber, topicPath } from '../names.ts'
import { type AdminHttp, type AdminResponse, refused } from './admin-http.ts'
import { metadataOf } from './admin-topics.ts'
import type { Position } from './position.ts'

/** What topics hold: statistics, backlog, and the messages that are kept. */
export interface StatsAdmin {
  /** What is to know of a topic with partitions before events are promised; asks for no right but that to produce. */
  topicFacts(topic: string): Promise<TopicFacts>
  /** Statistics by partition name; a topic without partitions is its own only partition. */
  stats(topic: string, detailed: boolean): Promise<Readonly<Record<string, TopicStats>>>
  /** Properties of the message at a position of the backlog, counted from 1; `undefined` beyond its end. */
  peekProperties(partition: string, subscription: string, position: number): Promise<Record<string, string> | undefined>
  /** The ledgers in which a partition keeps messages, acknowledged or not, in their order. */
  keptLedgers(partition: string): Promise<KeptLedgers>
  /** The first message that was published at a time or later; beyond the last one when there is none. */
  positionAt(partition: string, timeMs: number): Promise<Position>
  /** The payload of the message at a position, as text; `undefined` when it is no longer kept. */
  entryAt(partition: string, position: Position): Promise<string | undefined>
  /** When the oldest message that is kept was published, in milliseconds since the epoch; `undefined` when none is. */
  earliestPublishedAtMs(partition: string): Promise<number | undefined>
}

interface KeptLedger {
  readonly id: number
  readonly entries: number
  /** Whether it is in the object store of the brokers; the bookies may still have it too. */
  readonly offloaded?: boolean
}

export interface KeptLedgers {
  readonly ledgers: readonly KeptLedger[]
  readonly last: Position
}

interface InternalStats {
  readonly currentLedgerEntries: number
  /** `ledger:entry` */
  readonly lastConfirmedEntry: string
  /** The last one is being written to, and reports 0 entries. */
  readonly ledgers: readonly { readonly ledgerId: number; readonly entries: number; readonly offloaded?: boolean }[]
}

export interface TopicFacts {
  /** By the metadata: 0 for a topic without partitions, `undefined` when there is no such topic. */
  readonly partitions: number | undefined
  /** By the number of the partition; without those that did not answer. */
  readonly found: ReadonlyMap<number, PartitionFacts>
}

export interface PartitionFacts {
  readonly subscriptions: readonly string[]
  readonly backlogBytes: number
  readonly oldestAgeSeconds: number
  /** Of the backlog quota, -1 for none. */
  readonly limitBytes: number
  /** Of the backlog quota, -1 or 0 for none. */
  readonly limitSeconds: number
}

interface PartitionedStats {
  readonly metadata: { readonly partitions: number }
  readonly partitions: Readonly<Record<string, TopicStats>>
}

export interface TopicStats {
  readonly backlogSize?: number
  readonly backlogQuotaLimitSize?: number
  readonly backlogQuotaLimitTime?: number
  readonly oldestBacklogMessageAgeSeconds?: number
  readonly msgRateIn: number
  readonly msgInCounter: number
  readonly subscriptions: Readonly<Record<string, SubscriptionStats>>
}

export interface SubscriptionStats {
  readonly msgBacklog: number
  readonly backlogSize: number
  readonly msgRateOut: number
  readonly earliestMsgPublishTimeInBacklog: number
}

export function statsAdmin(http: AdminHttp): StatsAdmin {
  return {
    topicFacts: async (topic) => {
      const stats = await http.read<PartitionedStats>(
        `${topicPath(topic)}/partitioned-stats?perPartition=true&getPreciseBacklog=false&excludePublishers=true&excludeConsumers=true`,
      )
      if (!stats) return { partitions: await metadataOf(http, topic), found: new Map() }
      return { partitions: stats.metadata.partitions, found: partitionFacts(topic, stats.partitions) }
    },
    stats: async (topic, detailed) => {
      const query = detailed
        ? 'getPreciseBacklog=true&subscriptionBacklogSize=true&getEarliestTimeInBacklog=true'
        : 'getPreciseBacklog=true'
      // No list of the namespace, which a role of one topic may not read.
      if ((await metadataOf(http, topic)) === 0) {
        const own = await http.read<TopicStats>(`${topicPath(topic)}/stats?${query}`)
        return own ? { [topic]: own } : {}
      }
      const stats = await http.read<{ partitions: Record<string, TopicStats> }>(
        `${topicPath(topic)}/partitioned-stats?perPartition=true&${query}`,
      )
      return stats?.partitions ?? {}
    },
    peekProperties: async (partition, subscription, position) => {
      const path = `${topicPath(partition)}/subscription/${encodeURIComponent(subscription)}/position/${position}`
      const answer = await http.call('GET', path)
      return answer.status === 200 ? propertiesOf(answer.headers) : undefined
    },
    keptLedgers: async (partition) => {
      const stats = await http.read<InternalStats>(`${topicPath(partition)}/internalStats`)
      if (stats === undefined) throw new AppError('topic_not_found', `the partition ${partition} does not exist`)
      const [ledger = -1, entry = -1] = stats.lastConfirmedEntry.split(':').map(Number)
      const ledgers = stats.ledgers.map(({ ledgerId, entries, offloaded }, index) => ({
        id: ledgerId,
        entries: index === stats.ledgers.length - 1 ? stats.currentLedgerEntries : entries,
        ...(offloaded ? { offloaded } : {}),
      }))
      return { ledgers, last: { ledger, entry } }
    },
    positionAt: async (partition, timeMs) => {
      const path = `${topicPath(partition)}/messageid/${timeMs}`
      const found = await http.read<{ ledgerId: number; entryId: number }>(path)
      if (found === undefined) throw new AppError('topic_not_found', `the partition ${partition} does not exist`)
      return { ledger: found.ledgerId, entry: found.entryId }
    },
    entryAt: async (partition, { ledger, entry }) => {
      const path = `${topicPath(partition)}/ledger/${ledger}/entry/${entry}`
      const answer = await http.call('GET', path)
      if (answer.status === 404) return undefined
      if (answer.status >= 300) throw refused('GET', path, answer)
      return answer.text
    },
    earliestPublishedAtMs: async (partition) => {
      const path = `${topicPath(partition)}/examinemessage?initialPosition=earliest&messagePosition=1`
      const answer = await http.call('GET', path)
      // So a broker answers where there is no message.
      if (answer.status === 412) return undefined
      if (answer.status >= 300) throw refused('GET', path, answer)
      return Date.parse(String(answer.headers['x-pulsar-publish-time']))
    },
  }
}

function partitionFacts(topic: string, stats: PartitionedStats['partitions']): TopicFacts['found'] {
  return new Map(
    Object.entries(stats).flatMap(([name, one]): [number, PartitionFacts][] => {
      const number = partitionNumber(topic, name)
      if (number === undefined) return []
      const facts = {
        subscriptions: Object.keys(one.subscriptions),
        backlogBytes: one.backlogSize ?? 0,
        oldestAgeSeconds: one.oldestBacklogMessageAgeSeconds ?? -1,
        limitBytes: one.backlogQuotaLimitSize ?? -1,
        limitSeconds: one.backlogQuotaLimitTime ?? -1,
      }
      return [[number, facts]]
    }),
  )
}

/** The admin API answers a peek with the properties in headers, `X-Pulsar-PROPERTY-<name>` or one JSON of all of them. */
function propertiesOf(headers: AdminResponse['headers']): Record<string, string> {
  const properties: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'x-pulsar-property') Object.assign(properties, parsed(String(value)))
    else if (name.startsWith('x-pulsar-property-')) properties[name.slice('x-pulsar-property-'.length)] = String(value)
  }
  return properties
}

/** Publishers choose the properties, and not every text survives in a header. */
function parsed(json: string): object {
  try {
    return JSON.parse(json) as object
  } catch {
    return {}
  }
}
