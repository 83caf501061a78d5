import { counted, size } from '../telemetry/format.js'
import { leftOn, obstaclesOf, redIndices, type SearchState } from './data-nodes.ts'
import { isOneOf, type PlannedSet } from './plan.ts'
import { type DrainRun, untilNothingIsLeft } from './repeat.ts'
import type { SearchCluster } from './search-cluster.ts'

/**
 * Moves every shard away from the nodes that leave, and verifies that none is left. It can be ended at any moment and run again: the
 * exclusion is kept by Elasticsearch, and nothing is removed here.
 *
 * @returns what is left; `undefined` when nothing is.
 */
export function drainDataNodes(
  cluster: SearchCluster,
  sets: readonly PlannedSet[],
  leaving: readonly string[],
  run: DrainRun,
): Promise<string | undefined> {
  return untilNothingIsLeft(run, async () => {
    const obstacles = obstaclesOf(sets, leaving, await cluster.state())
    if (obstacles.length > 0) return obstacles.join('; ')
    await excludeToo(cluster, leaving)
    // Read again: what was read before the exclusion says nothing about what has moved since.
    return whatIsLeft(cluster, leaving, await cluster.state())
  })
}

/**
 * Lets shards move to the nodes of these sets again, once those that leave are gone.
 *
 * @returns what is left to do; `undefined` when nothing is.
 */
export function includeAgain(
  cluster: SearchCluster,
  sets: readonly PlannedSet[],
  run: DrainRun,
): Promise<string | undefined> {
  return untilNothingIsLeft(run, async () => {
    const excluded = await cluster.excluded()
    const others = excluded.filter((name) => !isOneOf(sets, name))
    if (others.length < excluded.length) await cluster.exclude(others)
    return undefined
  })
}

/** Those of others stay. */
async function excludeToo(cluster: SearchCluster, leaving: readonly string[]): Promise<void> {
  const excluded = await cluster.excluded()
  const missing = leaving.filter((name) => !excluded.includes(name))
  if (missing.length > 0) await cluster.exclude([...excluded, ...missing])
}

async function whatIsLeft(
  cluster: SearchCluster,
  leaving: readonly string[],
  state: SearchState,
): Promise<string | undefined> {
  const { shards, bytes, first } = leftOn(leaving, state)
  const red = redIndices(state)
  const said = [
    ...(shards > 0 ? [`${counted(shards, 'shard')} with ${size(bytes)} left`] : []),
    ...(red.length > 0
      ? [
          `no copy of a shard serves in ${red.join(', ')}: its data may be on a node that leaves, so bring back the node that has it`,
        ]
      : []),
  ]
  const isMoving = state.copies.some(({ state: of }) => of === 'RELOCATING' || of === 'INITIALIZING')
  if (first !== undefined && red.length === 0 && !isMoving)
    said.push(`${first.index} does not move: ${await cluster.whyStays(first)}`)
  return said.length === 0 ? undefined : said.join('; ')
}
