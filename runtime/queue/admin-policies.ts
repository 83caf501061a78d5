import type { AppError } from '../errors.ts'
import { namespaceOf, type Retention, topicPath } from '../names.ts'
import { type AdminHttp, readable } from './admin-http.ts'

/** What Pulsar keeps and what it drops. */
export interface PolicyAdmin {
  setRetention(namespace: string, retention: Retention): Promise<void>
  /** The policy in force for a topic: its own, otherwise that of its namespace, otherwise that of the broker. */
  appliedRetention(topic: string): Promise<Retention>
  /** What may drop messages of a topic, of any level that is in force; `undefined` where the token may not read it. */
  droppingPolicies(topic: string): Promise<DroppingPolicies | undefined>
  /** A policy of the topic itself, as the broker that answers knows it; `undefined` when it has none. */
  ownPolicy(topic: string, policy: TopicPolicy): Promise<unknown>
  setOffload(namespace: string, limits: OffloadLimits): Promise<void>
  /** The policy in force for a topic, and whether its brokers can move anything at all. */
  appliedOffload(topic: string): Promise<OffloadLimits & { readonly driver: string }>
  setMessageTtl(topic: string, seconds: number): Promise<void>
  setBacklogQuota(topic: string, type: QuotaType, quota: BacklogQuota): Promise<void>
  setInactiveTopicPolicies(topic: string, policies: InactiveTopicPolicies): Promise<void>
}

export type QuotaType = 'destination_storage' | 'message_age'

/** Limits of -1 are none. */
export interface BacklogQuota {
  readonly policy: string
  readonly limitSize: number
  readonly limitTime: number
}

/** When closed ledgers are moved to an object store. Limits of -1 are none; a ledger is moved at whichever comes first. */
export interface OffloadLimits {
  readonly afterSeconds: number
  /** Of one partition. */
  readonly afterBytes: number
  /** How long the bookies still keep what was moved. */
  readonly deletionLagMs: number
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

interface NamespacePolicies {
  readonly retention_policies?: RetentionPolicy | null
}

interface RetentionPolicy {
  readonly retentionTimeInMinutes: number
  /** Of 1,048,576 bytes each. */
  readonly retentionSizeInMB: number
}

interface OffloadPolicies {
  readonly managedLedgerOffloadDriver?: string | null
  readonly managedLedgerOffloadThresholdInSeconds?: number | null
  readonly managedLedgerOffloadThresholdInBytes?: number | null
  readonly managedLedgerOffloadDeletionLagInMillis?: number | null
}

export function policyAdmin(http: AdminHttp): PolicyAdmin {
  return {
    setRetention: (namespace, { minutes, mib }) =>
      http.ensure('POST', `namespaces/${namespace}/retention`, {
        retentionTimeInMinutes: minutes,
        retentionSizeInMB: mib,
      }),
    appliedRetention: async (topic) => {
      const applied = await http
        .read<RetentionPolicy>(`${topicPath(topic)}/retention?applied=true`)
        .catch(async (error) => {
          // Where brokers have no policies of topics, that of the namespace is the nearest.
          if ((error as AppError).context['status'] !== 405) throw error
          return (await http.read<NamespacePolicies>(`namespaces/${namespaceOf(topic)}`))?.retention_policies
        })
      return { minutes: applied?.retentionTimeInMinutes ?? 0, mib: applied?.retentionSizeInMB ?? 0 }
    },
    setOffload: async (namespace, { afterSeconds, afterBytes, deletionLagMs }) => {
      // The lag first: the others may move a ledger immediately, and it then counts.
      await http.ensure('PUT', `namespaces/${namespace}/offloadDeletionLagMs`, deletionLagMs)
      await http.ensure('PUT', `namespaces/${namespace}/offloadThresholdInSeconds`, afterSeconds)
      await http.ensure('PUT', `namespaces/${namespace}/offloadThreshold`, afterBytes)
    },
    appliedOffload: async (topic) => {
      const applied = await http.read<OffloadPolicies>(`${topicPath(topic)}/offloadPolicies?applied=true`)
      return {
        driver: applied?.managedLedgerOffloadDriver ?? '',
        afterSeconds: applied?.managedLedgerOffloadThresholdInSeconds ?? -1,
        afterBytes: applied?.managedLedgerOffloadThresholdInBytes ?? -1,
        deletionLagMs: applied?.managedLedgerOffloadDeletionLagInMillis ?? -1,
      }
    },
    droppingPolicies: (topic) => readable(() => droppingPoliciesOf(http, topic)),
    ownPolicy: (topic, policy) => http.read(`${topicPath(topic)}/${policy}`),
    setMessageTtl: (topic, seconds) => http.ensure('POST', `${topicPath(topic)}/messageTTL?messageTTL=${seconds}`),
    setBacklogQuota: (topic, type, quota) =>
      http.ensure('POST', `${topicPath(topic)}/backlogQuota?backlogQuotaType=${type}`, quota),
    setInactiveTopicPolicies: (topic, policies) =>
      http.ensure('POST', `${topicPath(topic)}/inactiveTopicPolicies`, policies),
  }
}

async function droppingPoliciesOf(http: AdminHttp, topic: string): Promise<DroppingPolicies> {
  const inForce = <T>(policy: string) => http.read<T>(`${topicPath(topic)}/${policy}?applied=true`)
  const [ttl, quotas, inactive, filters, expiration] = await Promise.all([
    inForce<number>('messageTTL'),
    inForce<DroppingPolicies['backlogQuotas']>('backlogQuotaMap'),
    inForce<InactiveTopicPolicies>('inactiveTopicPolicies'),
    inForce<{ entryFilterNames?: string }>('entryFilters'),
    http.read<number>(`namespaces/${namespaceOf(topic)}/subscriptionExpirationTime`),
  ])
  return {
    messageTtlSeconds: ttl ?? 0,
    backlogQuotas: quotas ?? {},
    inactiveTopic: inactive,
    subscriptionExpirationMinutes: expiration ?? (await brokerExpirationMinutes(http)),
    entryFilters: (filters?.entryFilterNames ?? '').split(',').filter((name) => name !== ''),
  }
}

async function brokerExpirationMinutes(http: AdminHttp): Promise<number> {
  const settings = await readable(() => http.read<Record<string, string>>('brokers/configuration/runtime'))
  return Number(settings?.['subscriptionExpirationTimeMinutes'] ?? 0)
}
