import type { Client, estypes } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { indicesOf } from '../names.ts'
import { unavailable } from '../search/client.ts'
import type { GapStart } from './gap.ts'
import { isRegistered, repositoryOf } from './repository.ts'

const DAY_MS = 24 * 3600 * 1000

/** A snapshot of the indices of one configuration. */
export interface Snapshot {
  readonly name: string
  /** As Elasticsearch has it: `SUCCESS`, `PARTIAL`, `FAILED`, `IN_PROGRESS`, `INCOMPATIBLE`. */
  readonly state: string
  readonly indices: readonly string[]
  readonly startedAtMs: number
  /** 0 while it is being made. */
  readonly endedAtMs: number
  readonly failedShards: number
  /** From where a replay fills the gap. `undefined` for a snapshot that this project has not made. */
  readonly gap: GapStart | undefined
}

/** A snapshot from which everything can be restored. */
export function isWhole(snapshot: Snapshot): snapshot is WholeSnapshot {
  return snapshot.state === 'SUCCESS' && snapshot.failedShards === 0 && snapshot.gap !== undefined
}

export type WholeSnapshot = Snapshot & { readonly gap: GapStart }

/** Keys of the metadata of a snapshot. */
const REPLAY_FROM = 'tracardi_replay_from'
const FIRST_LEDGERS = 'tracardi_first_ledgers'

/** All of them, the oldest first; none where the repository is not registered. @throws AppError `search_unavailable`. */
export async function listSnapshots(client: Client, config: Config): Promise<readonly Snapshot[]> {
  if (!(await isRegistered(client, config))) return []
  const { snapshots = [] } = await client.snapshot
    .get({ repository: repositoryOf(config), snapshot: '*', ignore_unavailable: true })
    .catch(unavailable(config))
  return snapshots.map(snapshotOf).sort((a, b) => a.startedAtMs - b.startedAtMs)
}

function snapshotOf(found: estypes.SnapshotSnapshotInfo): Snapshot {
  const fromMs = Date.parse(String(found.metadata?.[REPLAY_FROM]))
  const ledgers = String(found.metadata?.[FIRST_LEDGERS] ?? '')
    .split(',')
    .map(Number)
  return {
    name: found.snapshot,
    state: found.state ?? 'UNKNOWN',
    indices: found.indices ?? [],
    startedAtMs: Number(found.start_time_in_millis ?? 0),
    endedAtMs: Number(found.end_time_in_millis ?? 0),
    failedShards: found.shards?.failed ?? 0,
    gap: Number.isNaN(fromMs) ? undefined : { fromMs, ledgers },
  }
}

/** As `events-2026.11.28-06.17.00.123`: Elasticsearch wants lower-case letters and none of the characters of a date. */
export function snapshotName(nowMs: number): string {
  return `events-${new Date(nowMs)
    .toISOString()
    .replace('T', '-')
    .replaceAll(':', '.')
    .slice(0, -1)
    .replace(/^(\d+)-(\d+)-/, '$1.$2.')}`
}

/**
 * Copies all indices of the pipeline and waits until that is done.
 *
 * @param gap read before, see `gapStart`.
 * @param pause waits between two questions whether it is done.
 * @throws AppError `search_unavailable`.
 */
export async function makeSnapshot(
  client: Client,
  config: Config,
  { nowMs, gap }: { readonly nowMs: number; readonly gap: GapStart },
  pause: () => Promise<void>,
): Promise<Snapshot> {
  const { allEvents, session, profile, erasures } = indicesOf(config)
  const snapshot = snapshotName(nowMs)
  await client.snapshot
    .create({
      repository: repositoryOf(config),
      snapshot,
      indices: [allEvents, session, profile, erasures],
      ignore_unavailable: true,
      // Templates and settings belong to set-up, and users to the stack.
      include_global_state: false,
      metadata: { [REPLAY_FROM]: new Date(gap.fromMs).toISOString(), [FIRST_LEDGERS]: gap.ledgers.join(',') },
    })
    .catch(unavailable(config, 'refused the snapshot'))
  for (;;) {
    const { snapshots = [] } = await client.snapshot
      .get({ repository: repositoryOf(config), snapshot, ignore_unavailable: true })
      .catch(unavailable(config))
    const [made] = snapshots.map(snapshotOf)
    if (made === undefined)
      throw new AppError('snapshot_unusable', `the snapshot ${snapshot} is gone: somebody has deleted it`)
    if (made.state !== 'IN_PROGRESS') return made
    await pause()
  }
}

/**
 * Those past their retention that this project has made. The newest from which everything can be restored stays, however old it is.
 */
export function expiredSnapshots(
  all: readonly Snapshot[],
  { snapshotRetentionDays }: Pick<Config, 'snapshotRetentionDays'>,
  nowMs: number,
): readonly Snapshot[] {
  const newest = all.findLast(isWhole)
  return all.filter(
    (snapshot) =>
      snapshot !== newest &&
      snapshot.gap !== undefined &&
      snapshot.endedAtMs > 0 &&
      snapshot.endedAtMs + snapshotRetentionDays * DAY_MS <= nowMs,
  )
}

/**
 * Has them deleted, which may take longer than this call; Elasticsearch keeps the files that others need.
 *
 * @throws AppError `search_unavailable`.
 */
export async function deleteSnapshots(client: Client, config: Config, snapshots: readonly Snapshot[]): Promise<void> {
  if (snapshots.length === 0) return
  await client.snapshot
    .delete(
      {
        repository: repositoryOf(config),
        snapshot: snapshots.map(({ name }) => name).join(','),
        wait_for_completion: false,
      },
      { ignore: [404] },
    )
    .catch(unavailable(config, 'refused to delete snapshots'))
}
