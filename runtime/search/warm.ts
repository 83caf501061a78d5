import type { Client, estypes } from '@elastic/elasticsearch'
import { type Config, warmReplicasOf } from '../config.ts'
import { moveToWarm, warmCandidates } from './age.ts'
import { unavailable } from './client.ts'
import { type AgedIndex, type Next, nextOf, type ShardCopy, type WarmNode } from './warm-plan.ts'

const FAILED = 'does not tend what has aged'
/** Between two looks. An index that was written meanwhile is not merged. */
const LOOK_MS = 60_000
/** Elasticsearch does not say how far a merge is, only that it runs. */
const MERGE = 'indices:admin/forcemerge'

/** Clocks, and where lines for operators go. */
export interface Tending {
  readonly nowMs: () => number
  readonly pause: (ms: number) => Promise<void>
  /** After it nothing is begun, and nothing is waited for. */
  readonly endMs: number
  readonly say: (line: string) => void
}

/** What is left of each index that has aged, by name: `done`, or the step that it waits for. */
export type Tended = Readonly<Record<string, Next>>

/**
 * The next step of each index that has aged, without taking any. Whether it is written is not known after one look, so it counts as quiet.
 *
 * @throws AppError `search_unavailable` when Elasticsearch does not answer.
 */
export async function warmSteps(client: Client, config: Config, nowMs: number): Promise<Tended> {
  const { indices, nodes } = await look(client, config, nowMs)
  return Object.fromEntries(
    indices.map((index) => [index.name, nextOf(index, warmReplicasOf(config), nodes, index.written)]),
  )
}

/**
 * Brings indices that have aged to warm nodes, to fewer copies and to one segment a shard, until nothing is left to do or the time is
 * over. Each step is found by looking at Elasticsearch, so a later call continues from there. One index is merged at a time, the
 * oldest that is ready, and none while another merge of any kind was asked for.
 *
 * @throws AppError `search_unavailable` when Elasticsearch does not answer.
 */
export async function tendWarm(client: Client, config: Config, tending: Tending): Promise<Tended> {
  const replicas = warmReplicasOf(config)
  let written: ReadonlyMap<string, number> = new Map()
  for (;;) {
    const { indices, nodes } = await look(client, config, tending.nowMs())
    const steps = indices.map((index) => [index, nextOf(index, replicas, nodes, written.get(index.name))] as const)
    written = new Map(indices.map((index) => [index.name, index.written]))
    for (const [{ name }, step] of steps) await settle(client, config, name, step, tending.say)
    const merged = await mergeOne(client, config, steps, tending)
    const waits = merged || steps.some(([, step]) => step !== 'done' && step !== 'no_room')
    if (!waits || tending.nowMs() + LOOK_MS > tending.endMs)
      return Object.fromEntries(steps.map(([{ name }, step]) => [name, step]))
    if (!merged) await tending.pause(LOOK_MS)
  }
}

async function settle(client: Client, config: Config, index: string, step: Next, say: Tending['say']): Promise<void> {
  if (step === 'send') {
    await moveToWarm(client, config, [index])
    say(`${index}: sent to warm nodes`)
  }
  if (step === 'lower' || step === 'raise') {
    const replicas = warmReplicasOf(config)
    await client.indices
      .putSettings({ index, settings: { number_of_replicas: replicas } }, { ignore: [404] })
      .catch(unavailable(config, FAILED))
    say(`${index}: ${replicas} replicas`)
  }
}

/** Whether one was merged, or is being merged, before the time was over. */
async function mergeOne(
  client: Client,
  config: Config,
  steps: readonly (readonly [AgedIndex, Next])[],
  { nowMs, pause, endMs, say }: Tending,
): Promise<boolean> {
  const index = steps.find(([, step]) => step === 'merge')?.[0].name
  if (index === undefined || nowMs() + LOOK_MS > endMs) return false
  const isFree = !(await isMerging(client, config))
  if (isFree) {
    say(`${index}: is merged to one segment a shard`)
    await client.indices
      .forcemerge({ index, max_num_segments: 1, wait_for_completion: false })
      .catch(unavailable(config, FAILED))
  }
  do await pause(LOOK_MS)
  while (nowMs() + LOOK_MS <= endMs && (await isMerging(client, config)))
  return true
}

async function isMerging(client: Client, config: Config): Promise<boolean> {
  const { nodes = {} } = await client.tasks.list({ actions: `${MERGE}*` }).catch(unavailable(config, FAILED))
  return Object.values(nodes).some(({ tasks }) => Object.keys(tasks).length > 0)
}

async function look(
  client: Client,
  config: Config,
  nowMs: number,
): Promise<{ indices: readonly AgedIndex[]; nodes: ReadonlyMap<string, WarmNode> }> {
  const aged = await warmCandidates(client, config, nowMs)
  if (aged.length === 0) return { indices: [], nodes: new Map() }
  const index = aged.map(({ name }) => name)
  const found = unavailable(config, FAILED)
  // One that is deleted meanwhile, past its retention, is in none of these answers.
  const lenient = { index, ignore_unavailable: true }
  const { indices: segments } = await client.indices.segments(lenient).catch(found)
  const stats = await client.indices.stats({ ...lenient, metric: 'indexing' }).catch(found)
  const { nodes } = await client.nodes.stats({ metric: 'fs' }).catch(found)
  return {
    indices: aged.flatMap(({ name, replicas, isSent }) => {
      const shards = segments[name]?.shards
      const stat = stats.indices?.[name]
      if (shards === undefined || stat === undefined) return []
      const indexing = stat.primaries?.indexing as estypes.IndexingStats
      return [
        {
          ...{ name, replicas, isSent, isGreen: stat.health === 'green' },
          primaries: Object.keys(shards).length,
          copies: Object.values(shards).flatMap((copies) => [copies].flat().map(copyOf)),
          written: indexing.index_total + indexing.delete_total,
        },
      ]
    }),
    nodes: new Map(Object.entries(nodes).map(([id, node]) => [id, nodeOf(node)])),
  }
}

function copyOf({ routing, segments }: estypes.IndicesSegmentsShardsSegment): ShardCopy {
  const all = Object.values(segments)
  const sum = (of: (segment: estypes.IndicesSegmentsSegment) => number) =>
    all.reduce((total, one) => total + of(one), 0)
  return {
    isSettled: routing.state === 'STARTED' && !('relocating_node' in routing),
    node: routing.node,
    bytes: sum(({ size_in_bytes }) => Number(size_in_bytes)),
    documents: sum(({ num_docs, deleted_docs }) => num_docs + deleted_docs),
    inLargest: Math.max(0, ...all.map(({ num_docs }) => num_docs)),
  }
}

function nodeOf({ roles = [], fs }: estypes.NodesStats): WarmNode {
  return {
    isWarm: roles.includes('data_warm') || roles.includes('data'),
    totalBytes: Number(fs?.total?.total_in_bytes),
    freeBytes: Number(fs?.total?.available_in_bytes),
  }
}
