import type { Client, estypes } from '@elastic/elasticsearch'
import { AppError } from '../errors.ts'

/** Documents of one bulk of deletions: about 200 kB, and a search returns at most 10,000. */
const PAGE = 2000
/** Longer than a bulk of them takes; Elasticsearch keeps what a search saw for that long after each page. */
const KEEP_ALIVE = '5m'

export interface DeleteOptions {
  /** Called after each page with the number of documents that it deleted. The next page waits for it. */
  readonly afterPage?: (deleted: number) => Promise<void>
  /** Called with each deletion that Elasticsearch refuses. @default throws */
  readonly onRefused?: (refused: estypes.BulkResponseItem) => void
}

/**
 * Deletes the documents that a query finds now, page by page. One that is written again at that moment stays. A repeated call deletes
 * what this one did not reach.
 *
 * @param index a name or a pattern; none if there is no such index.
 * @returns the number of deleted documents.
 * @throws AppError `search_unavailable` when Elasticsearch refuses a deletion, and what the client throws.
 */
export async function deleteFound(
  client: Client,
  index: string,
  query: NonNullable<estypes.SearchRequest['query']>,
  { afterPage = async () => undefined, onRefused = refuse }: DeleteOptions = {},
): Promise<number> {
  const opened = await client.openPointInTime({ index, keep_alive: KEEP_ALIVE }, { ignore: [404] })
  if (opened.id === undefined) return 0
  let id = opened.id
  let deleted = 0
  let after: estypes.SortResults | undefined
  try {
    for (;;) {
      const page = await client.search({
        pit: { id, keep_alive: KEEP_ALIVE },
        query,
        size: PAGE,
        sort: '_shard_doc',
        seq_no_primary_term: true,
        _source: false,
        track_total_hits: false,
        ...(after === undefined ? {} : { search_after: after }),
      })
      const { hits } = page.hits
      if (hits.length === 0) return deleted
      const deletedNow = await deleteAsSeen(client, hits, onRefused)
      deleted += deletedNow
      after = hits.at(-1)?.sort
      id = page.pit_id ?? id
      await afterPage(deletedNow)
    }
  } finally {
    await client.closePointInTime({ id }, { ignore: [404] })
  }
}

/** Deletes documents that are as they were found: 409 is one that was written since, 404 one that somebody else deleted. */
async function deleteAsSeen(
  client: Client,
  hits: readonly estypes.SearchHit[],
  onRefused: (refused: estypes.BulkResponseItem) => void,
): Promise<number> {
  const operations = hits.map(({ _index, _id, _seq_no, _primary_term }) => ({
    delete: { _index, _id, if_seq_no: _seq_no, if_primary_term: _primary_term },
  }))
  const { items } = await client.bulk({ operations })
  const results = items.map((item) => item.delete as estypes.BulkResponseItem)
  for (const result of results) {
    if (result.status >= 400 && result.status !== 404 && result.status !== 409) onRefused(result)
  }
  return results.filter(({ status }) => status < 300).length
}

/** @throws AppError `search_unavailable` */
export function refuse({ status, error }: estypes.BulkResponseItem): never {
  throw new AppError(
    'search_unavailable',
    `Elasticsearch refused a deletion: ${status} ${error?.type}: ${error?.reason}`,
    { context: { status } },
  )
}
