import { namespaceOf, namespacePath, partitionNumber, topicPath } from '../names.ts'
import type { AdminHttp } from './admin-http.ts'

/** Topics, their partitions and their subscriptions. */
export interface TopicAdmin {
  /** Partitions of a partitioned topic: 0 for one without partitions, `undefined` when there is no such topic. */
  partitions(topic: string): Promise<number | undefined>
  createPartitionedTopic(topic: string, partitions: number): Promise<void>
  growPartitions(topic: string, partitions: number): Promise<void>
  createTopic(topic: string): Promise<void>
  subscriptions(topic: string): Promise<readonly string[]>
  createSubscription(topic: string, subscription: string): Promise<void>
  /** The numbers of the existing partitions, in order, whether or not the topic has its metadata. */
  partitionsPresent(topic: string): Promise<readonly number[]>
  /** Creates the metadata of a topic whose partitions exist without it. The partitions keep their messages. */
  adoptPartitions(topic: string, partitions: number): Promise<void>
  /** Creates missing partitions that the metadata name. */
  createMissedPartitions(topic: string): Promise<void>
}

export function topicAdmin(http: AdminHttp): TopicAdmin {
  return {
    partitions: async (topic) => {
      const count = await metadataOf(http, topic)
      if (count !== 0) return count
      const topics = (await http.read<string[]>(namespacePath(topic))) ?? []
      return topics.includes(topic) ? 0 : undefined
    },
    createPartitionedTopic: (topic, count) => http.ensure('PUT', `${topicPath(topic)}/partitions`, count),
    growPartitions: (topic, count) => http.ensure('POST', `${topicPath(topic)}/partitions`, count),
    createTopic: (topic) => http.ensure('PUT', topicPath(topic)),
    subscriptions: async (topic) => (await http.read<string[]>(`${topicPath(topic)}/subscriptions`)) ?? [],
    createSubscription: (topic, subscription) =>
      http.ensure('PUT', `${topicPath(topic)}/subscription/${encodeURIComponent(subscription)}`, 'earliest'),
    partitionsPresent: async (topic) => {
      const names = (await http.read<string[]>(namespacePath(topic))) ?? []
      return names.flatMap((name) => partitionNumber(topic, name) ?? []).sort((a, b) => a - b)
    },
    adoptPartitions: (topic, partitions) => adoptPartitions(http, topic, partitions),
    createMissedPartitions: (topic) => http.ensure('POST', `${topicPath(topic)}/createMissedPartitions`),
  }
}

/** Partitions by the metadata: 0 for a topic without metadata, which may not exist, `undefined` where Pulsar answers 404. */
export async function metadataOf(http: AdminHttp, topic: string): Promise<number | undefined> {
  const path = `${topicPath(topic)}/partitions?checkAllowAutoCreation=false`
  return (await http.read<{ partitions: number }>(path))?.partitions
}

async function adoptPartitions(http: AdminHttp, topic: string, partitions: number): Promise<void> {
  // Pulsar refuses to create a topic if one of its partitions exists, but creates its metadata if a client may
  // create topics. So one may, for as long as this takes.
  const path = `namespaces/${namespaceOf(topic)}/autoTopicCreation`
  const before = await http.read<object>(path)
  await http.ensure('POST', path, {
    allowAutoTopicCreation: true,
    topicType: 'partitioned',
    defaultNumPartitions: partitions,
  })
  try {
    await http.read(`${topicPath(topic)}/partitions?checkAllowAutoCreation=true`)
  } finally {
    await (before ? http.ensure('POST', path, before) : http.ensure('DELETE', path))
  }
}
