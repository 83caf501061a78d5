import type { Client, estypes } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { indicesOf } from '../names.ts'
import { deleteFound } from '../search/delete-found.ts'
import { unlessThere } from '../search/upkeep.ts'
import type { PastAdvice } from './state.ts'
import type { ProcessCounts, Sample } from './timeline.ts'

/** How long a sample is kept. The page shows a day of it. */
const KEPT_MS = 48 * 3600_000
/** Samples of two days, and lines of advice. */
const MOST_DOCUMENTS = 5000
/** Nobody waits for these calls, and they must not pile up. */
const LIMIT_MS = 5000
const LATEST = 'latest'

export interface Kept {
  /** The earliest first. */
  readonly samples: readonly Sample[]
  /** Lines of advice that has gone. */
  readonly advice: readonly PastAdvice[]
}

/** Where the history of all APIs is. Every call may throw what the client throws. */
export interface HistoryIndex {
  /** What the processes had counted at the last sample. */
  latest(): Promise<ProcessCounts | undefined>
  /** Keeps more. A sample of a minute that has one is dropped; a line of advice replaces that of the same code and begin. */
  write(more: Kept & { readonly latest: ProcessCounts | undefined }): Promise<void>
  /** What is kept, from a time on. */
  read(fromMs: number): Promise<Kept>
  /** Deletes what is older than 2 days. */
  clean(nowMs: number): Promise<void>
}

/** One small index of the console's own (docs/adr/0025): a document for each minute, and one for each line of advice. */
export function historyIndex(client: Client, config: SharedConfig): HistoryIndex {
  const index = indicesOf(config).console
  const limits = { requestTimeout: LIMIT_MS }
  let isThere = false
  return {
    latest: async () => {
      const found = await client.get<{ latest: ProcessCounts }>({ index, id: LATEST }, { ...limits, ignore: [404] })
      return found._source?.latest
    },
    write: async ({ samples, advice, latest }) => {
      if (!isThere) await createIndex(client, index, config)
      isThere = true
      const operations = [
        ...samples.flatMap((sample) => [
          { create: { _id: String(sample.minute) } },
          { at: new Date(sample.atMs).toISOString(), sample },
        ]),
        // APIs see a cause begin at different seconds.
        ...advice.flatMap((line) => [
          { index: { _id: `${line.code} ${Math.floor(line.fromMs / 60_000)}` } },
          { at: new Date(line.untilMs).toISOString(), advice: line },
        ]),
        ...(latest ? [{ index: { _id: LATEST } }, { latest }] : []),
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
        `Elasticsearch refused a document of the history: ${refused.status} ${refused.error?.type}: ${refused.error?.reason}`,
      )
    },
    read: async (fromMs) => {
      const answer = await client.search<{ sample?: Sample; advice?: PastAdvice }>(
        {
          index,
          query: { range: { at: { gte: new Date(fromMs).toISOString() } } },
          sort: [{ at: 'asc' }],
          size: MOST_DOCUMENTS,
          track_total_hits: false,
          allow_partial_search_results: false,
        },
        { ...limits, ignore: [404] },
      )
      // Without `hits` there is no such index yet.
      const documents = (answer.hits?.hits ?? []).flatMap(({ _source }) => _source ?? [])
      return {
        samples: documents.flatMap(({ sample }) => sample ?? []),
        advice: documents.flatMap(({ advice }) => advice ?? []),
      }
    },
    clean: async (nowMs) => {
      await deleteFound(client, index, { range: { at: { lt: new Date(nowMs - KEPT_MS).toISOString() } } })
    },
  }
}

const PROPERTIES = {
  at: { type: 'date' },
  sample: { type: 'object', enabled: false },
  advice: { type: 'object', enabled: false },
  latest: { type: 'object', enabled: false },
} as const

/** An index of an earlier release gets the fields that it lacks. */
async function createIndex(client: Client, index: string, { indexReplicas }: SharedConfig): Promise<void> {
  const limits = { requestTimeout: LIMIT_MS }
  const settings = { number_of_shards: 1, number_of_replicas: indexReplicas }
  const mappings = { dynamic: 'strict', properties: PROPERTIES } as const
  await unlessThere(client.indices.create({ index, settings, mappings }, limits))
  await client.indices.putMapping({ index, properties: PROPERTIES }, limits)
}
