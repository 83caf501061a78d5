import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { searchClient } from '../search/client.ts'
import { deleteExpired, expiredOf, type IndexReport, listIndices } from '../search/retention.ts'
import { deleteExpiredStates, type ExpiredStates, expiredStates } from '../search/state-expiry.ts'
import { type Tended, tendWarm, warmSteps } from '../search/warm.ts'
import type { Next } from '../search/warm-plan.ts'
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

interface AgeOptions extends ApplyOptions {
  /** Maximum duration of `apply`, in minutes. */
  readonly minutes: number
}

/** Why an index is not done yet, for operators. */
const WORDS: Readonly<Record<Exclude<Next, 'done'>, string>> = {
  send: 'is sent to warm nodes',
  lower: 'loses the copies that are too many',
  raise: 'gets its copies back',
  merge: 'is merged',
  not_green: 'keeps all copies until it is green',
  moving: 'its shards are still moving',
  written: 'is merged when a minute passes without a write',
  no_room: 'is not merged: a disk would be fuller than 90 % with the copy that a merge makes',
}

/**
 * Brings event indices that are old enough to warm nodes, with fewer copies and merged; without `apply` it only says what is left to do.
 */
export async function ageIndices(config: Config, { apply = false, json, minutes }: AgeOptions): Promise<void> {
  if (config.warmAfterDays === 0)
    return printResult(
      json,
      { applied: apply, indices: {} },
      () => 'WARM_AFTER_DAYS is 0: no index is sent to warm nodes.',
    )
  const search = searchClient(config)
  try {
    const nowMs = () => Date.now()
    const say = json ? () => undefined : print
    const indices = apply
      ? await tendWarm(search, config, { nowMs, pause: sleep, endMs: nowMs() + minutes * 60_000, say })
      : await warmSteps(search, config, nowMs())
    printResult(json, { applied: apply, indices }, () => leftText(indices, apply))
  } finally {
    await search.close()
  }
}

function leftText(indices: Tended, applied: boolean): string {
  const left = Object.entries(indices).flatMap(([index, step]) => (step === 'done' ? [] : [`${index} ${WORDS[step]}`]))
  if (left.length === 0) return 'Nothing is left to do for indices that are old enough for warm nodes.'
  const end = applied ? 'The next call continues from here.' : 'Nothing was changed. Repeat with --apply.'
  return `${left.join('\n')}\n\n${end}`
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
