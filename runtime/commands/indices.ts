import type { Config } from '../config.ts'
import { agedIndices, moveToWarm } from '../search/age.ts'
import { searchClient } from '../search/client.ts'
import { deleteExpired, expiredOf, type IndexReport, listIndices } from '../search/retention.ts'
import { deleteExpiredStates, type ExpiredStates, expiredStates } from '../search/state-expiry.ts'
import { print, printResult, table } from './output.ts'

/** Lists the indices of this configuration. */
export async function indices(config: Config, options: { readonly json?: boolean }): Promise<void> {
  const search = searchClient(config)
  try {
    const all = await listIndices(search, config)
    const expired = new Set(expiredOf(all, config, Date.now()))
    const reports = all.map((report) => ({ ...report, expired: expired.has(report) }))
    if (options.json) return print(JSON.stringify(reports, null, 2))
    if (reports.length === 0) return print('There are no indices yet; the first event creates one.')
    print(table(['index', 'documents', 'bytes', 'shards', 'replicas', 'health', ''], reports.map(row)))
  } finally {
    await search.close()
  }
}

type ListedIndex = IndexReport & { readonly expired: boolean }

function row({ name, documents, bytes, shards, replicas, health, expired }: ListedIndex): (string | number)[] {
  return [name, documents, bytes, shards, replicas, health, expired ? 'expired' : '']
}

interface ApplyOptions {
  readonly apply?: boolean
  readonly json?: boolean
}

/** Deletes what is past its retention; without `apply` it only says what that is. */
export async function expireIndices(config: Config, { apply = false, json }: ApplyOptions): Promise<void> {
  const { eventRetentionDays, sessionRetentionDays, profileRetentionDays } = config
  if (eventRetentionDays + sessionRetentionDays + profileRetentionDays === 0)
    return printResult(
      json,
      { applied: apply, indices: [], states: [] },
      () => 'EVENT_RETENTION_DAYS, SESSION_RETENTION_DAYS and PROFILE_RETENTION_DAYS are 0: nothing ever expires.',
    )
  const search = searchClient(config)
  try {
    const nowMs = Date.now()
    if (apply) {
      const indices = await deleteExpired(search, config, nowMs)
      const states = await deleteExpiredStates(search, config, nowMs)
      return printResult(json, { applied: true, indices, states }, () => {
        return said('Deleted', indices, states) ?? 'Nothing has expired.'
      })
    }
    const expired = expiredOf(await listIndices(search, config), config, nowMs)
    const states = await expiredStates(search, config, nowMs)
    printResult(json, { applied: false, indices: expired.map(({ name }) => name), states }, () => {
      const indices = expired.map(({ name, documents, bytes }) => `${name} (${documents} documents, ${bytes} bytes)`)
      const text = said('Expired', indices, states)
      if (text === undefined) return 'Nothing has expired.'
      return `${text}\n\nNothing was deleted. Repeat with --apply to delete it permanently.`
    })
  } finally {
    await search.close()
  }
}

/** Sends the event indices that are old enough to warm nodes; without `apply` it only says which those are. */
export async function ageIndices(config: Config, { apply = false, json }: ApplyOptions): Promise<void> {
  if (config.warmAfterDays === 0)
    return printResult(
      json,
      { applied: apply, indices: [] },
      () => 'WARM_AFTER_DAYS is 0: no index is sent to warm nodes.',
    )
  const search = searchClient(config)
  try {
    const indices = await agedIndices(search, config, Date.now())
    if (apply && indices.length > 0) await moveToWarm(search, config, indices)
    printResult(json, { applied: apply, indices }, () => {
      if (indices.length === 0) return 'No index has to move.'
      if (apply) return `Sent to warm nodes: ${indices.join(', ')}`
      return `Old enough: ${indices.join(', ')}\n\nNothing was moved. Repeat with --apply.`
    })
  } finally {
    await search.close()
  }
}

function said(word: string, indices: readonly string[], states: readonly ExpiredStates[]): string | undefined {
  const lines = [
    ...indices,
    ...states
      .filter(({ documents }) => documents > 0)
      .map(
        ({ index, documents, retentionDays }) =>
          `${documents} documents of ${index}, not sent for ${retentionDays} days`,
      ),
  ]
  return lines.length === 0 ? undefined : lines.map((line) => `${word}: ${line}`).join('\n')
}
