import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Config } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'
import { namespaceOf, namespacePath, partitionNumber, type Retention, topicPath } from '../names.ts'
import type { Position } from './position.ts'

const TIMEOUT_MS = 5000
const READ_RETRIES = 4
const READ_RETRY_MS = 200
/** A bundle that moves meanwhile redirects a call again. */
const MAX_REDIRECTS = 4
/** For paths outside of the admin API. */
const LOOKUP = 'lookup/v2/topic/'

type Access = Pick<Config, 'pulsarApi' | 'pulsarAuthToken' | 'pulsarCaFile' | 'pulsarVerifyCerts'>
type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

interface AdminResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** The calls of Pulsar's admin API that the runtime needs. Every one throws AppError `queue_admin` when Pulsar does not answer. */
export interface PulsarAdmin {
  clusters(): Promise<readonly string[]>
  hasTenant(tenant: string): Promise<boolean>
  createTenant(tenant: string, clusters: readonly string[]): Promise<void>
  hasNamespace(namespace: string): Promise<boolean>
  createNamespace(namespace: string, bundles: number): Promise<void>
  /** The hash ranges of the bundles of a namespace, `0x00000000_0x40000000`, in their order. */
  bundles(namespace: string): Promise<readonly string[]>
  /** Cuts a bundle into two halves of its hash range. Both stay with their broker. */
  splitBundle(namespace: string, range: string): Promise<void>
  /** Has a broker close the topics of a bundle; another one opens them for the next client that asks. */
  moveBundle(namespace: string, range: string, broker: string): Promise<void>
  /** The running brokers, as `host:port` of their admin API; `undefined` if the token may not read them. */
  brokers(): Promise<readonly string[] | undefined>
  /** In which bundle a partition is, and which broker serves it, as `brokers` names it. One that nobody serves gets a broker. */
  placeOf(partition: string): Promise<Place>
  setRetention(namespace: string, retention: Retention): Promise<void>
  /** The policy in force for a topic: its own, otherwise that of its namespace, otherwise that of the broker. */
  appliedRetention(topic: string): Promise<Retention>
  /** Partitions of a partitioned topic: 0 for one without partitions, `undefined` when there is no such topic. */
  partitions(topic: string): Promise<number | undefined>
  createPartitionedTopic(topic: string, partitions: number): Promise<void>
  growPartitions(topic: string, partitions: number): Promise<void>
  createTopic(topic: string): Promise<void>
  subscriptions(topic: string): Promise<readonly string[]>
  createSubscription(topic: string, subscription: string): Promise<void>
  /** What is to know of a topic with partitions before events are promised; asks for no right but that to produce. */
  topicFacts(topic: string): Promise<TopicFacts>
  /** What may drop messages of a topic, of whatever level is in force; `undefined` where the token may not read it. */
  droppingPolicies(topic: string): Promise<DroppingPolicies | undefined>
  /** A policy of the topic itself, as the broker that answers knows it; `undefined` when it has none. */
  ownPolicy(topic: string, policy: TopicPolicy): Promise<unknown>
  setMessageTtl(topic: string, seconds: number): Promise<void>
  setBacklogQuota(topic: string, type: QuotaType, quota: BacklogQuota): Promise<void>
  setInactiveTopicPolicies(topic: string, policies: InactiveTopicPolicies): Promise<void>
  /** The numbers of the existing partitions, in order, whether or not the topic has its metadata. */
  partitionsPresent(topic: string): Promise<readonly number[]>
  /** Creates the metadata of a topic whose partitions exist without it. The partitions keep their messages. */
  adoptPartitions(topic: string, partitions: number): Promise<void>
  /** Creates missing partitions that the metadata name. */
  createMissedPartitions(topic: string): Promise<void>
  /** Statistics by partition name; a topic without partitions is its own only partition. */
  stats(topic: string, detailed: boolean): Promise<Readonly<Record<string, TopicStats>>>
  /** Properties of the message at a position of the backlog, counted from 1; `undefined` beyond its end. */
  peekProperties(partition: string, subscription: string, position: number): Promise<Record<string, string> | undefined>
  /** The ledgers in which a partition keeps messages, acknowledged or not, in their order. */
  keptLedgers(partition: string): Promise<KeptLedgers>
  /** The first message that was published at a time or later; beyond the last one when there is none. */
  positionAt(partition: string, timeMs: number): Promise<Position>
  /** When the oldest message that is kept was published, in milliseconds since the epoch; `undefined` when none is. */
  earliestPublishedAtMs(partition: string): Promise<number | undefined>
  close(): Promise<void>
}

export interface Place {
  /** Hash range of the bundle. */
  readonly range: string
  readonly broker: string
}

export interface KeptLedgers {
  readonly ledgers: readonly { readonly id: number; readonly entries: number }[]
  readonly last: Position
}

interface InternalStats {
  readonly currentLedgerEntries: number
  /** `ledger:entry` */
  readonly lastConfirmedEntry: string
  /** The last one is being written to, and reports 0 entries. */
  readonly ledgers: readonly { readonly ledgerId: number; readonly entries: number }[]
}

interface BundlesData {
  /** Where one bundle ends and the next one begins, with the begin of the first and the end of the last. */
  readonly boundaries: readonly string[]
}

interface NamespacePolicies {
  readonly retention_policies?: RetentionPolicy | null
}

export type QuotaType = 'destination_storage' | 'message_age'

/** Limits of -1 are none. */
export interface BacklogQuota {
  readonly policy: string
  readonly limitSize: number
  readonly limitTime: number
}

export interface InactiveTopicPolicies {
  readonly deleteWhileInactive: boolean
  readonly inactiveTopicDeleteMode: string
  readonly maxInactiveDurationSeconds: number
}

/** By the names of the admin API. */
export type TopicPolicy = 'messageTTL' | 'backlogQuotaMap' | 'inactiveTopicPolicies'

/** In force: that of the topic, otherwise of the namespace, otherwise of the broker. */
export interface DroppingPolicies {
  /** 0 for none. */
  readonly messageTtlSeconds: number
  readonly backlogQuotas: Readonly<Partial<Record<QuotaType, BacklogQuota>>>
  readonly inactiveTopic: InactiveTopicPolicies | undefined
  /** 0 for none. Pulsar knows no such policy of a topic. */
  readonly subscriptionExpirationMinutes: number
  readonly entryFilters: readonly string[]
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

interface RetentionPolicy {
  readonly retentionTimeInMinutes: number
  /** Of 1,048,576 bytes each. */
  readonly retentionSizeInMB: number
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

export function pulsarAdmin(config: Access): PulsarAdmin {
  const agent = new Agent({
    connect: {
      timeout: TIMEOUT_MS,
      rejectUnauthorized: config.pulsarVerifyCerts,
      ...(config.pulsarCaFile === '' ? {} : { ca: readFileSync(config.pulsarCaFile) }),
    },
  })
  const callAt = async (url: string, method: Method, body: unknown): Promise<AdminResponse> => {
    try {
      const response = await request(url, {
        method,
        dispatcher: agent,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        headers: {
          ...(config.pulsarAuthToken === '' ? {} : { authorization: `Bearer ${config.pulsarAuthToken}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() }
    } catch (cause) {
      throw new AppError('queue_admin', `Pulsar does not answer at ${new URL(url).origin}`, { cause })
    }
  }
  const call = async (method: Method, path: string, body?: unknown): Promise<AdminResponse> => {
    let url = `${config.pulsarApi}/${path.startsWith(LOOKUP) ? '' : 'admin/v2/'}${path}`
    for (let redirects = 0; ; redirects += 1) {
      const answer = await callAt(url, method, body)
      const next = redirects < MAX_REDIRECTS ? redirectOf(answer, url) : undefined
      if (next === undefined) return answer
      url = next
    }
  }
  /** Creates what may exist already: 409 is fine, since several set-ups may run at the same time. */
  const ensure = async (method: Method, path: string, body?: unknown) => {
    const answer = await call(method, path, body)
    if (answer.status >= 300 && answer.status !== 409) throw refused(method, path, answer)
  }
  const read = async <T>(path: string): Promise<T | undefined> => {
    let answer = await call('GET', path)
    // A broker that is just loading a topic, or moving it, answers 500 for a moment.
    for (let attempt = 0; answer.status >= 500 && attempt < READ_RETRIES; attempt += 1) {
      await sleep(READ_RETRY_MS * 2 ** attempt)
      answer = await call('GET', path)
    }
    if (answer.status === 404) return undefined
    if (answer.status >= 300) throw refused('GET', path, answer)
    return answer.text === '' ? undefined : (JSON.parse(answer.text) as T)
  }
  const metadataOf = async (topic: string): Promise<number | undefined> =>
    (await read<{ partitions: number }>(`${topicPath(topic)}/partitions?checkAllowAutoCreation=false`))?.partitions
  const droppingPoliciesOf = async (topic: string): Promise<DroppingPolicies> => {
    const inForce = <T>(policy: string) => read<T>(`${topicPath(topic)}/${policy}?applied=true`)
    const [ttl, quotas, inactive, filters, expiration] = await Promise.all([
      inForce<number>('messageTTL'),
      inForce<DroppingPolicies['backlogQuotas']>('backlogQuotaMap'),
      inForce<InactiveTopicPolicies>('inactiveTopicPolicies'),
      inForce<{ entryFilterNames?: string }>('entryFilters'),
      read<number>(`namespaces/${namespaceOf(topic)}/subscriptionExpirationTime`),
    ])
    return {
      messageTtlSeconds: ttl ?? 0,
      backlogQuotas: quotas ?? {},
      inactiveTopic: inactive,
      subscriptionExpirationMinutes: expiration ?? (await brokerExpirationMinutes()),
      entryFilters: (filters?.entryFilterNames ?? '').split(',').filter((name) => name !== ''),
    }
  }
  const brokerExpirationMinutes = async (): Promise<number> => {
    const settings = await readable(() => read<Record<string, string>>('brokers/configuration/runtime'))
    return Number(settings?.['subscriptionExpirationTimeMinutes'] ?? 0)
  }
  const partitions = async (topic: string): Promise<number | undefined> => {
    const count = await metadataOf(topic)
    if (count !== 0) return count
    const topics = (await read<string[]>(namespacePath(topic))) ?? []
    return topics.includes(topic) ? 0 : undefined
  }
  return {
    clusters: async () => (await read<string[]>('clusters')) ?? [],
    hasTenant: async (tenant) => (await read(`tenants/${encodeURIComponent(tenant)}`)) !== undefined,
    createTenant: (tenant, clusters) =>
      ensure('PUT', `tenants/${encodeURIComponent(tenant)}`, { allowedClusters: clusters, adminRoles: [] }),
    hasNamespace: async (namespace) => (await read(`namespaces/${namespace}`)) !== undefined,
    createNamespace: (namespace, bundles) =>
      ensure('PUT', `namespaces/${namespace}`, { bundles: { numBundles: bundles } }),
    bundles: async (namespace) => {
      const { boundaries = [] } = (await read<BundlesData>(`namespaces/${namespace}/bundles`)) ?? {}
      return boundaries.slice(1).map((end, index) => `${boundaries[index]}_${end}`)
    },
    splitBundle: (namespace, range) =>
      ensure('PUT', `namespaces/${namespace}/${range}/split?unload=false&splitAlgorithmName=range_equally_divide`),
    moveBundle: (namespace, range, broker) =>
      ensure('PUT', `namespaces/${namespace}/${range}/unload?destinationBroker=${encodeURIComponent(broker)}`),
    brokers: () => readable(async () => (await read<string[]>('brokers')) ?? []),
    placeOf: async (partition) => {
      const path = `${LOOKUP}${topicPath(partition)}`
      const found = await read<{ httpUrl?: string; httpUrlTls?: string }>(path)
      const bundle = await call('GET', `${path}/bundle`)
      const url = found?.httpUrl ?? found?.httpUrlTls
      if (url === undefined || bundle.status >= 300) throw refused('GET', path, bundle)
      return { range: bundle.text, broker: new URL(url).host }
    },
    setRetention: (namespace, { minutes, mib }) =>
      ensure('POST', `namespaces/${namespace}/retention`, { retentionTimeInMinutes: minutes, retentionSizeInMB: mib }),
    appliedRetention: async (topic) => {
      const applied = await read<RetentionPolicy>(`${topicPath(topic)}/retention?applied=true`).catch(async (error) => {
        // Where brokers have no policies of topics, that of the namespace is the nearest.
        if ((error as AppError).context['status'] !== 405) throw error
        return (await read<NamespacePolicies>(`namespaces/${namespaceOf(topic)}`))?.retention_policies
      })
      return { minutes: applied?.retentionTimeInMinutes ?? 0, mib: applied?.retentionSizeInMB ?? 0 }
    },
    partitions,
    createPartitionedTopic: (topic, count) => ensure('PUT', `${topicPath(topic)}/partitions`, count),
    growPartitions: (topic, count) => ensure('POST', `${topicPath(topic)}/partitions`, count),
    createTopic: (topic) => ensure('PUT', topicPath(topic)),
    subscriptions: async (topic) => (await read<string[]>(`${topicPath(topic)}/subscriptions`)) ?? [],
    createSubscription: (topic, subscription) =>
      ensure('PUT', `${topicPath(topic)}/subscription/${encodeURIComponent(subscription)}`, 'earliest'),
    topicFacts: async (topic) => {
      const stats = await read<PartitionedStats>(
        `${topicPath(topic)}/partitioned-stats?perPartition=true&getPreciseBacklog=false&excludePublishers=true&excludeConsumers=true`,
      )
      if (!stats) return { partitions: await metadataOf(topic), found: new Map() }
      return { partitions: stats.metadata.partitions, found: partitionFacts(topic, stats.partitions) }
    },
    droppingPolicies: (topic) => readable(() => droppingPoliciesOf(topic)),
    ownPolicy: (topic, policy) => read(`${topicPath(topic)}/${policy}`),
    setMessageTtl: (topic, seconds) => ensure('POST', `${topicPath(topic)}/messageTTL?messageTTL=${seconds}`),
    setBacklogQuota: (topic, type, quota) =>
      ensure('POST', `${topicPath(topic)}/backlogQuota?backlogQuotaType=${type}`, quota),
    setInactiveTopicPolicies: (topic, policies) =>
      ensure('POST', `${topicPath(topic)}/inactiveTopicPolicies`, policies),
    partitionsPresent: async (topic) => {
      const names = (await read<string[]>(namespacePath(topic))) ?? []
      return names.flatMap((name) => partitionNumber(topic, name) ?? []).sort((a, b) => a - b)
    },
    adoptPartitions: async (topic, count) => {
      // Pulsar refuses to create a topic if one of its partitions exists, but creates its metadata if a client may
      // create topics. So one may, for as long as this takes.
      const path = `namespaces/${namespaceOf(topic)}/autoTopicCreation`
      const before = await read<object>(path)
      const partitioned = { allowAutoTopicCreation: true, topicType: 'partitioned', defaultNumPartitions: count }
      await ensure('POST', path, partitioned)
      try {
        await read(`${topicPath(topic)}/partitions?checkAllowAutoCreation=true`)
      } finally {
        await (before ? ensure('POST', path, before) : ensure('DELETE', path))
      }
    },
    createMissedPartitions: (topic) => ensure('POST', `${topicPath(topic)}/createMissedPartitions`),
    stats: async (topic, detailed) => {
      const query = detailed
        ? 'getPreciseBacklog=true&subscriptionBacklogSize=true&getEarliestTimeInBacklog=true'
        : 'getPreciseBacklog=true'
      // No list of the namespace, which a role of one topic may not read.
      if ((await metadataOf(topic)) === 0) {
        const own = await read<TopicStats>(`${topicPath(topic)}/stats?${query}`)
        return own ? { [topic]: own } : {}
      }
      const stats = await read<{ partitions: Record<string, TopicStats> }>(
        `${topicPath(topic)}/partitioned-stats?perPartition=true&${query}`,
      )
      return stats?.partitions ?? {}
    },
    peekProperties: async (partition, subscription, position) => {
      const path = `${topicPath(partition)}/subscription/${encodeURIComponent(subscription)}/position/${position}`
      const answer = await call('GET', path)
      return answer.status === 200 ? propertiesOf(answer.headers) : undefined
    },
    keptLedgers: async (partition) => {
      const stats = await read<InternalStats>(`${topicPath(partition)}/internalStats`)
      if (stats === undefined) throw new AppError('topic_not_found', `the partition ${partition} does not exist`)
      const [ledger = -1, entry = -1] = stats.lastConfirmedEntry.split(':').map(Number)
      const ledgers = stats.ledgers.map(({ ledgerId, entries }, index) => ({
        id: ledgerId,
        entries: index === stats.ledgers.length - 1 ? stats.currentLedgerEntries : entries,
      }))
      return { ledgers, last: { ledger, entry } }
    },
    positionAt: async (partition, timeMs) => {
      const path = `${topicPath(partition)}/messageid/${timeMs}`
      const found = await read<{ ledgerId: number; entryId: number }>(path)
      if (found === undefined) throw new AppError('topic_not_found', `the partition ${partition} does not exist`)
      return { ledger: found.ledgerId, entry: found.entryId }
    },
    earliestPublishedAtMs: async (partition) => {
      const path = `${topicPath(partition)}/examinemessage?initialPosition=earliest&messagePosition=1`
      const answer = await call('GET', path)
      // So a broker answers where there is no message.
      if (answer.status === 412) return undefined
      if (answer.status >= 300) throw refused('GET', path, answer)
      return Date.parse(String(answer.headers['x-pulsar-publish-time']))
    },
    close: () => agent.close(),
  }
}

/** `undefined` where the token may not read it. */
async function readable<T>(reading: () => Promise<T>): Promise<T | undefined> {
  try {
    return await reading()
  } catch (error) {
    if (error instanceof AppError && [401, 403].includes(Number(error.context['status']))) return undefined
    throw error
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

/**
 * Where a broker sends who asks for a topic or bundle that another broker serves. The token goes along, as that broker asks for
 * it too, which is why no HTTP client can follow by itself; but never from HTTPS to HTTP.
 */
function redirectOf({ status, headers }: AdminResponse, url: string): string | undefined {
  const location = headers['location']
  if (status !== 307 || typeof location !== 'string') return undefined
  const next = new URL(location, url)
  return next.protocol === new URL(url).protocol ? next.href : undefined
}

function refused(method: Method, path: string, answer: AdminResponse): AppError {
  let reason = answer.text
  try {
    reason = (JSON.parse(answer.text) as { reason?: string }).reason ?? reason
  } catch (error) {
    reason ||= messageOf(error)
  }
  return new AppError(
    'queue_admin',
    `Pulsar answered ${answer.status} to ${method} ${path}: ${reason.split('\n')[0]}`,
    {
      context: { status: answer.status },
    },
  )
}
