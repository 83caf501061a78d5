import type { Client, estypes } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { indicesOf } from '../names.ts'
import { unavailable } from './client.ts'

const NOT_DELETED = 'does not delete what has expired'
const DAY_MS = 24 * 3600 * 1000
/** Documents of one bulk of deletions: about 200 kB, and a search returns at most 10,000. */
const PAGE = 2000
/** Longer than a bulk of them takes; Elasticsearch keeps what a search saw for that long after each page. */
const KEEP_ALIVE = '5m'

/** The sessions, or the profiles, that are older than they are kept. */
export interface ExpiredStates {
  readonly index: string
  readonly retentionDays: number
  readonly documents: number
}

interface Kept {
  readonly index: string
  readonly retentionDays: number
  /** ISO 8601. */
  readonly before: string
}

/** What is kept for a limited time. A session is as old as its first call, a profile as the last one that sent it. */
function limited(config: Config, nowMs: number): readonly Kept[] {
  const { session, profile } = indicesOf(config)
  return [
    { index: session, retentionDays: config.sessionRetentionDays },
    { index: profile, retentionDays: config.profileRetentionDays },
  ]
    .filter(({ retentionDays }) => retentionDays > 0)
    .map((kept) => {
      return { ...kept, before: new Date(nowMs - kept.retentionDays * DAY_MS).toISOString() }
    })
}

/** How many sessions and profiles have expired; none for those that are kept permanently, or have no index yet. */
export async function expiredStates(client: Client, config: Config, nowMs: number): Promise<readonly ExpiredStates[]> {
  return Promise.all(
    limited(config, nowMs).map(async ({ index, retentionDays, before }) => {
      const { count = 0 } = await client
        .count({ index, query: olderThan(before) }, { ignore: [404] })
        .catch(unavailable(config, NOT_DELETED))
      return { index, retentionDays, documents: count }
    }),
  )
}

/**
 * Deletes the expired sessions and profiles, document by document, because they have one index without period. One that is sent again at
 * that moment stays. The next run deletes what this one does not reach.
 *
 * @returns what was deleted.
 * @throws AppError `search_unavailable` when Elasticsearch does not answer, or refuses a deletion.
 */
export async function deleteExpiredStates(
  client: Client,
  config: Config,
  nowMs: number,
): Promise<readonly ExpiredStates[]> {
  const deleted: ExpiredStates[] = []
  for (const { index, retentionDays, before } of limited(config, nowMs)) {
    const documents = await deleteFound(client, index, before).catch(unavailable(config, NOT_DELETED))
    deleted.push({ index, retentionDays, documents })
  }
  return deleted
}

function olderThan(before: string) {
  return { range: { 'metadata.time.update': { lt: before } } }
}

async function deleteFound(client: Client, index: string, before: string): Promise<number> {
  const opened = await client.openPointInTime({ index, keep_alive: KEEP_ALIVE }, { ignore: [404] })
  if (opened.id === undefined) return 0
  let id = opened.id
  let deleted = 0
  let after: estypes.SortResults | undefined
  try {
    for (;;) {
      const page = await client.search({
        pit: { id, keep_alive: KEEP_ALIVE },
        query: olderThan(before),
        size: PAGE,
        sort: '_shard_doc',
        seq_no_primary_term: true,
        _source: false,
        track_total_hits: false,
        ...(after === undefined ? {} : { search_after: after }),
      })
      const { hits } = page.hits
      if (hits.length === 0) return deleted
      deleted += await deleteAsSeen(client, hits)
      after = hits.at(-1)?.sort
      id = page.pit_id ?? id
    }
  } finally {
    await client.closePointInTime({ id }, { ignore: [404] })
  }
}

/** Deletes documents that are as they were found: 409 is one that was written since, 404 one that somebody else deleted. */
async function deleteAsSeen(client: Client, hits: readonly estypes.SearchHit[]): Promise<number> {
  const operations = hits.map(({ _index, _id, _seq_no, _primary_term }) => ({
    delete: { _index, _id, if_seq_no: _seq_no, if_primary_term: _primary_term },
  }))
  const { items } = await client.bulk({ operations })
  const results = items.map((item) => item.delete as estypes.BulkResponseItem)
  const refused = results.find(({ status }) => status >= 400 && status !== 404 && status !== 409)
  if (refused !== undefined) {
    const { status, error } = refused
    throw new AppError(
      'search_unavailable',
      `Elasticsearch refused a deletion: ${status} ${error?.type}: ${error?.reason}`,
      {
        context: { status },
      },
    )
  }
  return results.filter(({ status }) => status < 300).length
}
