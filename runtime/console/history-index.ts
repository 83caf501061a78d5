import type { Client, estypes } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { indicesOf } from '../names.ts'
import { deleteFound } from '../search/delete-found.ts'
import { unlessThere } from '../search/upkeep.ts'
import type { ProcessCounts, Sample } from './timeline.ts'

/** How long a sample is kept. The page shows a day of it. */
const KEPT_MS = 48 * 3600_000
/** Samples of two days, and some more. */
const MOST_SAMPLES = 3000
/** Nobody waits for these calls, and they must not pile up. */
const LIMIT_MS = 5000
const LATEST = 'latest'

/** Where the samples of all APIs are. Every call may throw what the client throws. */
export interface HistoryIndex {
  /** What the processes had counted at the last sample. */
  latest(): Promise<ProcessCounts | undefined>
  /** Keeps samples. One of a minute that has a sample is dropped. */
  write(samples: readonly Sample[], latest: ProcessCounts): Promise<void>
  /** Samples from a time on, the earliest first. */
  read(fromMs: number): Promise<readonly Sample[]>
  /** Deletes what is older than 2 days. */
  clean(nowMs: number): Promise<void>
}

/** One small index of the console's own (docs/adr/0025): a document for each minute, whose id is the minute. */
export function historyIndex(client: Client, config: SharedConfig): HistoryIndex {
  const index = indicesOf(config).console
  const limits = { requestTimeout: LIMIT_MS }
  let isThere = false
  return {
    latest: async () => {
      const found = await client.get<{ latest: ProcessCounts }>({ index, id: LATEST }, { ...limits, ignore: [404] })
      return found._source?.latest
    },
    write: async (samples, latest) => {
      if (!isThere) await createIndex(client, index, config)
      isThere = true
      const operations = [
        ...samples.flatMap((sample) => [
          { create: { _id: String(sample.minute) } },
          { at: new Date(sample.atMs).toISOString(), sample },
        ]),
        { index: { _id: LATEST } },
        { latest },
      ]
      const { items } = await client.bulk({ index, operations }, limits)
      const refused = items
        .map((item) => (item.create ?? item.index) as estypes.BulkResponseItem)
        .find(({ status }) => status >= 400 && status !== 409)
      if (refused === undefined) return
      // Somebody may have deleted it.
      isThere = refused.status !== 404
      throw new AppError(
        'search_unavailable',
        `Elasticsearch refused a sample: ${refused.status} ${refused.error?.type}: ${refused.error?.reason}`,
      )
    },
    read: async (fromMs) => {
      const answer = await client.search<{ sample: Sample }>(
        {
          index,
          query: { range: { at: { gte: new Date(fromMs).toISOString() } } },
          sort: [{ at: 'asc' }],
          size: MOST_SAMPLES,
          track_total_hits: false,
          allow_partial_search_results: false,
        },
        { ...limits, ignore: [404] },
      )
      // Without `hits` there is no such index yet.
      return (answer.hits?.hits ?? []).flatMap(({ _source }) => _source?.sample ?? [])
    },
    clean: async (nowMs) => {
      await deleteFound(client, index, { range: { at: { lt: new Date(nowMs - KEPT_MS).toISOString() } } })
    },
  }
}

function createIndex(client: Client, index: string, { indexReplicas }: SharedConfig): Promise<void> {
  const created = client.indices.create(
    {
      index,
      settings: { number_of_shards: 1, number_of_replicas: indexReplicas },
      mappings: {
        dynamic: 'strict',
        properties: {
          at: { type: 'date' },
          sample: { type: 'object', enabled: false },
          latest: { type: 'object', enabled: false },
        },
      },
    },
    { requestTimeout: LIMIT_MS },
  )
  return unlessThere(created)
}
