import { type Client, errors } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { unavailable } from '../search/client.ts'
import { repositoryOf } from './repository.ts'
import { isWhole, type Snapshot } from './snapshots.ts'

/** Which snapshot: the newest, the newest that was complete at a time, or one by its name. */
export type Target = 'latest' | { readonly timeMs: number } | { readonly name: string }

/**
 * The snapshot from which to restore.
 *
 * @throws AppError `snapshot_unusable` when there is none from which everything can be restored.
 */
export function chosenSnapshot(all: readonly Snapshot[], target: Target): Snapshot {
  if (typeof target === 'object' && 'name' in target) {
    const found = all.find(({ name }) => name === target.name)
    if (found === undefined) throw new AppError('snapshot_unusable', `there is no snapshot ${target.name}`)
    if (!isWhole(found))
      throw new AppError('snapshot_unusable', `the snapshot ${target.name} is not whole: ${stateOf(found)}`)
    return found
  }
  const untilMs = target === 'latest' ? Number.POSITIVE_INFINITY : target.timeMs
  const found = all.findLast((snapshot) => isWhole(snapshot) && snapshot.endedAtMs <= untilMs)
  if (found !== undefined) return found
  const when = target === 'latest' ? '' : ` that ended before ${new Date(untilMs).toISOString()}`
  throw new AppError('snapshot_unusable', `of ${all.length} snapshots none is whole${when}`)
}

function stateOf({ state, failedShards, gap }: Snapshot): string {
  if (gap === undefined) return 'another program has made it, so nobody knows from when a replay must begin'
  return `its state is ${state}, with ${failedShards} failed shards`
}

/** What a restore does with each index of a snapshot. */
export interface RestorePlan {
  /** Those that do not exist, and those that are replaced. */
  readonly restored: readonly string[]
  /** Those that exist, and are deleted first. */
  readonly replaced: readonly string[]
  /** Those that exist, and stay. */
  readonly kept: readonly string[]
}

/** @param only some of the indices; all when empty. @throws AppError `snapshot_unusable` for an index that the snapshot does not have. */
export function restorePlan(
  { name, indices }: Snapshot,
  existing: readonly string[],
  { replace, only }: { readonly replace: boolean; readonly only: readonly string[] },
): RestorePlan {
  const unknown = only.filter((index) => !indices.includes(index))
  if (unknown.length > 0)
    throw new AppError(
      'snapshot_unusable',
      `the snapshot ${name} has no index ${unknown.join(', ')}; it has ${indices.join(', ')}`,
    )
  const wanted = only.length > 0 ? only : indices
  const present = wanted.filter((index) => existing.includes(index))
  return {
    restored: wanted.filter((index) => replace || !present.includes(index)),
    replaced: replace ? present : [],
    kept: replace ? [] : present,
  }
}

/** Between the deletion of an index and its restore, a worker may create it again. */
const MOST_TRIES = 20

/**
 * Restores indices one by one, and waits until each can be written. Workers may run: while an index is restored, its operations
 * wait. It can be repeated, also after it was interrupted.
 *
 * @param mayDelete whether Pulsar brings again what is in an index that a worker creates meanwhile.
 * @param pause waits between two tries, and between two questions whether it is done.
 * @throws AppError `search_unavailable`, `snapshot_unusable`.
 */
export async function restoreIndices(
  client: Client,
  config: Config,
  snapshot: Snapshot,
  { restored, replaced }: RestorePlan,
  mayDelete: boolean,
  pause: () => Promise<void>,
): Promise<void> {
  for (const index of restored) {
    await restoreOne(
      client,
      config,
      { snapshot: snapshot.name, index, replaces: replaced.includes(index), mayDelete },
      pause,
    )
    while (!(await isWritable(client, config, index))) await pause()
  }
}

interface OneRestore {
  readonly snapshot: string
  readonly index: string
  readonly replaces: boolean
  readonly mayDelete: boolean
}

async function restoreOne(
  client: Client,
  config: Config,
  { snapshot, index, replaces, mayDelete }: OneRestore,
  pause: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    // What a worker has stored in an index that it has created since, the replay brings again.
    if (replaces || attempt > 1)
      await client.indices.delete({ index }, { ignore: [404] }).catch(unavailable(config, `refused to delete ${index}`))
    try {
      await client.snapshot.restore({
        repository: repositoryOf(config),
        snapshot,
        indices: [index],
        include_global_state: false,
      })
      return
    } catch (cause) {
      const inTheWay = cause instanceof errors.ResponseError && /same name already exists/.test(cause.message)
      if (!inTheWay || !(replaces || mayDelete) || attempt >= MOST_TRIES)
        throw new AppError('snapshot_unusable', `Elasticsearch does not restore ${index} from ${snapshot}`, { cause })
      await pause()
    }
  }
}

/** Whether every primary shard is started. */
async function isWritable(client: Client, config: Config, index: string): Promise<boolean> {
  const { status } = await client.cluster.health({ index }).catch(unavailable(config))
  return status !== 'red'
}
