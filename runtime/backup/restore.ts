import { type Client, errors } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { indicesOf } from '../names.ts'
import { unavailable } from '../search/client.ts'
import { repositoryOf } from './repository.ts'
import { isWhole, type Snapshot, type WholeSnapshot } from './snapshots.ts'

/** Which snapshot: the newest, the newest that was complete at a time, or one by its name. */
export type Target = 'latest' | { readonly timeMs: number } | { readonly name: string }

/**
 * The snapshot from which to restore.
 *
 * @throws AppError `snapshot_unusable` when there is none from which everything can be restored.
 */
export function chosenSnapshot(all: readonly Snapshot[], target: Target): WholeSnapshot {
  if (typeof target === 'object' && 'name' in target) {
    const found = all.find(({ name }) => name === target.name)
    if (found === undefined) throw new AppError('snapshot_unusable', `there is no snapshot ${target.name}`)
    if (!isWhole(found))
      throw new AppError('snapshot_unusable', `the snapshot ${target.name} is not whole: ${stateOf(found)}`)
    return found
  }
  const untilMs = target === 'latest' ? Number.POSITIVE_INFINITY : target.timeMs
  const found = all.filter(isWhole).findLast(({ endedAtMs }) => endedAtMs <= untilMs)
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

/**
 * @param only some of the indices; all when empty.
 * @param never the record of erasures. It is never replaced, because the existing one knows more, and it is restored first: what stores
 *   events asks it.
 * @throws AppError `snapshot_unusable` for an index that the snapshot does not have.
 */
export function restorePlan(
  { name, indices }: Snapshot,
  existing: readonly string[],
  { replace, only, never }: { readonly replace: boolean; readonly only: readonly string[]; readonly never: string },
): RestorePlan {
  const unknown = only.filter((index) => !indices.includes(index))
  if (unknown.length > 0)
    throw new AppError(
      'snapshot_unusable',
      `the snapshot ${name} has no index ${unknown.join(', ')}; it has ${indices.join(', ')}`,
    )
  const wanted = only.length > 0 ? only : indices
  const present = wanted.filter((index) => existing.includes(index))
  const replaced = replace ? present.filter((index) => index !== never) : []
  const restored = wanted.filter((index) => replaced.includes(index) || !present.includes(index))
  return {
    restored: [...restored.filter((index) => index === never), ...restored.filter((index) => index !== never)],
    replaced,
    kept: present.filter((index) => !replaced.includes(index)),
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
      {
        ...{ snapshot: snapshot.name, index, replaces: replaced.includes(index) },
        // Pulsar does not have erasures.
        mayDelete: mayDelete && index !== indicesOf(config).erasures,
      },
      pause,
    )
    await untilWritable(client, config, index, pause)
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

/** How often nothing may be under way in a row: shards that are to be restored wait for a node only for a moment. */
const MOST_IDLE_POLLS = 120

/** Waits until every primary shard is started. */
async function untilWritable(client: Client, config: Config, index: string, pause: () => Promise<void>): Promise<void> {
  for (let idlePolls = 0; idlePolls < MOST_IDLE_POLLS; ) {
    const { status, initializing_shards: initializing } = await client.cluster
      .health({ index })
      .catch(unavailable(config))
    if (status !== 'red') return
    idlePolls = initializing > 0 ? 0 : idlePolls + 1
    await pause()
  }
  throw new AppError(
    'snapshot_unusable',
    `a primary shard of ${index} is not being restored: \`GET _cluster/allocation/explain\` has the reason. Repeat with --replace after the cause is fixed, or with another snapshot`,
  )
}
