import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import { unavailable } from './client.ts'
import { deleteFound } from './delete-found.ts'

const NOT_DELETED = 'does not delete what has expired'
const DAY_MS = 24 * 3600 * 1000

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
    const documents = await deleteFound(client, index, olderThan(before)).catch(unavailable(config, NOT_DELETED))
    deleted.push({ index, retentionDays, documents })
  }
  return deleted
}

function olderThan(before: string) {
  return { range: { 'metadata.time.update': { lt: before } } }
}
