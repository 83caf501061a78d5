import type { Config } from '../config.ts'
import { searchClient } from '../search/client.ts'
import { deleteExpired, type IndexReport, listIndices } from '../search/retention.ts'
import { print, table } from './output.ts'

/** Lists the indices of this configuration. */
export async function indices(config: Config, options: { readonly json?: boolean }): Promise<void> {
  const search = searchClient(config)
  try {
    const reports = await listIndices(search, config, Date.now())
    if (options.json) return print(JSON.stringify(reports, null, 2))
    if (reports.length === 0) return print('There are no indices yet; the first event makes one.')
    print(table(['index', 'documents', 'bytes', 'shards', 'replicas', 'health', ''], reports.map(row)))
  } finally {
    await search.close()
  }
}

function row(report: IndexReport): (string | number)[] {
  const { name, documents, bytes, shards, replicas, health, expired } = report
  return [name, documents, bytes, shards, replicas, health, expired ? 'expired' : '']
}

/** Deletes the event indices that are past the retention; without `apply` it only says which those are. */
export async function expireIndices(config: Config, options: { readonly apply?: boolean }): Promise<void> {
  if (config.eventRetentionDays === 0) return print('EVENT_RETENTION_DAYS is 0: nothing ever expires.')
  const search = searchClient(config)
  try {
    if (options.apply) {
      const deleted = await deleteExpired(search, config, Date.now())
      return print(deleted.length === 0 ? 'Nothing has expired.' : `Deleted: ${deleted.join(', ')}`)
    }
    const expired = (await listIndices(search, config, Date.now())).filter((report) => report.expired)
    if (expired.length === 0) return print('Nothing has expired.')
    print(
      table(
        ['expired index', 'documents', 'bytes'],
        expired.map(({ name, documents, bytes }) => [name, documents, bytes]),
      ),
    )
    print('\nNothing was deleted. Repeat with --apply to delete these indices permanently.')
  } finally {
    await search.close()
  }
}
