import type { Client } from '@elastic/elasticsearch'
import type { Config, SharedConfig } from '../config.ts'
import { indicesOf } from '../names.ts'
import { unavailable } from './client.ts'
import { periodEndMs } from './indices.ts'

const DAY_MS = 24 * 3600 * 1000

/** One index, as an operator sees it. */
export interface IndexReport {
  readonly name: string
  readonly documents: number
  readonly bytes: number
  /** Without the copies. */
  readonly primaryBytes: number
  readonly createdAtMs: number
  readonly shards: number
  readonly replicas: number
  readonly health: string
}

/** Every index of this configuration, sorted by name. */
export async function listIndices(client: Client, config: SharedConfig): Promise<readonly IndexReport[]> {
  const { allEvents, session, profile } = indicesOf(config)
  const rows = await client.cat
    .indices(
      {
        // Patterns, because one missing name would fail them all.
        index: [allEvents, `${session}*`, `${profile}*`],
        format: 'json',
        bytes: 'b',
        h: 'index,docs.count,store.size,pri.store.size,creation.date,pri,rep,health',
        expand_wildcards: 'open',
      },
      { ignore: [404] },
    )
    .catch(unavailable(config))
  return (Array.isArray(rows) ? rows : [])
    .map((row) => ({
      name: String(row.index),
      documents: Number(row['docs.count'] ?? 0),
      bytes: Number(row['store.size'] ?? 0),
      primaryBytes: Number(row['pri.store.size'] ?? 0),
      createdAtMs: Number(row['creation.date'] ?? 0),
      shards: Number(row.pri),
      replicas: Number(row.rep),
      health: String(row.health),
    }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** Whole indices only: the end of the period must lie further back than the retention. */
export function isExpired(index: string, eventAlias: string, retentionDays: number, nowMs: number): boolean {
  const endMs = periodEndMs(index, eventAlias)
  return retentionDays > 0 && endMs !== undefined && endMs + retentionDays * DAY_MS <= nowMs
}

/** The indices whose whole period is older than EVENT_RETENTION_DAYS. Sessions and profiles expire one by one. */
export function expiredOf(reports: readonly IndexReport[], config: Config, nowMs: number): readonly IndexReport[] {
  const { event } = indicesOf(config)
  return reports.filter(({ name }) => isExpired(name, event, config.eventRetentionDays, nowMs))
}

/** Deletes the expired event indices; only ever called on an operator's explicit word. Answers the names. */
export async function deleteExpired(client: Client, config: Config, nowMs: number): Promise<readonly string[]> {
  const names = expiredOf(await listIndices(client, config), config, nowMs).map(({ name }) => name)
  for (const index of names) await client.indices.delete({ index }, { ignore: [404] })
  return names
}
