import { isOneOf, type PlannedSet, setOf } from './plan.ts'
import { type DrainRun, untilNothingIsLeft } from './repeat.ts'
import type { SearchCluster, Votes } from './search-cluster.ts'

/**
 * Takes the votes of the masters that leave, and verifies that those that stay elect without them. So no quorum counts on a master that
 * goes. All votes go together: with two of three, the loss of either would stop the cluster. It can be ended at any moment and run
 * again: the exclusions are kept by Elasticsearch, and nothing is removed here.
 *
 * @returns what is left; `undefined` when nothing is.
 */
export function takeVotes(
  cluster: SearchCluster,
  sets: readonly PlannedSet[],
  leaving: readonly string[],
  run: DrainRun,
): Promise<string | undefined> {
  const going = leaving.filter((node) => setOf(sets, node)?.votes)
  const staying = stayingOf(sets)
  return untilNothingIsLeft(run, async () => {
    if (going.length === 0) return undefined
    const votes = await cluster.votes()
    const away = whoIsAway(staying, going, votes)
    if (away.length > 0)
      return `${going.join(', ')}: no vote is taken while these are not in the cluster: ${away.join(', ')}`
    if (going.some((node) => !votes.excluded.includes(node))) await cluster.takeVotes(going)
    // Read again: what is committed is what counts.
    return whoElects(staying, await cluster.votes())
  })
}

/** Without them the masters that stay could not elect, or are no majority of those who have to agree to the change. */
function whoIsAway(
  staying: readonly string[],
  going: readonly string[],
  { masters, voting }: Votes,
): readonly string[] {
  const isAway = (name: string) => !masters.includes(name)
  // A vote has no name while its node is not in the cluster.
  const voters = voting.filter(isAway)
  const named = voters.length === 0 ? [] : going.filter(isAway)
  const away = [...staying.filter(isAway), ...named]
  return away.length > 0 ? away : voters
}

function whoElects(staying: readonly string[], { elected, voting }: Votes): string | undefined {
  const others = voting.filter((name) => !staying.includes(name))
  if (others.length > 0) return `a master that does not stay still has a vote: ${others.join(', ')}`
  return elected !== undefined && staying.includes(elected) ? undefined : 'none of the masters that stay is elected'
}

/**
 * Lets the nodes of these sets vote again, once those that leave are gone from the cluster.
 *
 * @returns what is left to do; `undefined` when nothing is.
 */
export function giveVotes(
  cluster: SearchCluster,
  sets: readonly PlannedSet[],
  run: DrainRun,
): Promise<string | undefined> {
  return untilNothingIsLeft(run, async () => {
    const { masters, excluded } = await cluster.votes()
    const others = excluded.filter((name) => !isOneOf(sets, name))
    if (others.length === excluded.length) return undefined
    const staying = stayingOf(sets)
    const still = masters.filter((name) => excluded.includes(name) && isOneOf(sets, name) && !staying.includes(name))
    // It would get its vote back.
    if (still.length > 0) return `still in the cluster: ${still.join(', ')}`
    await cluster.giveVotes(others)
    return undefined
  })
}

function stayingOf(sets: readonly PlannedSet[]): readonly string[] {
  return sets
    .filter(({ votes }) => votes)
    .flatMap(({ name, replicas }) => Array.from({ length: replicas }, (_, ordinal) => `${name}-${ordinal}`))
}
