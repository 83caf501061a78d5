import { counted } from '../telemetry/format.js'
import { leftOver, vacant } from './claims.ts'
import { drainDataNodes, includeAgain } from './drain-data-nodes.ts'
import type { Kubernetes } from './kubernetes.ts'
import { comingOf, type DrainPlan, leavingOf, type SetNow } from './plan.ts'
import { type DrainRun, untilNothingIsLeft } from './repeat.ts'
import type { SearchCluster } from './search-cluster.ts'
import { giveVotes, takeVotes } from './votes.ts'

export interface DrainTools {
  readonly kubernetes: Kubernetes
  /** Where the sets are nodes of Elasticsearch. */
  readonly search?: SearchCluster | undefined
}

/**
 * Before a set gets other replicas: the servers that leave are emptied, and the volumes that drained servers left behind make room for
 * those that come.
 *
 * @returns what is left; `undefined` when nothing is.
 */
export async function beforeReplicas(
  { kubernetes, search }: DrainTools,
  plan: DrainPlan,
  run: DrainRun,
): Promise<string | undefined> {
  let now: readonly SetNow[] = []
  let forgotten: readonly string[] = []
  const unknown = await untilNothingIsLeft(run, async () => {
    now = await setsNow(kubernetes, plan)
    const known = new Set([...plan.gone, ...plan.sets.map(({ name }) => name)])
    forgotten = (await kubernetes.setsWithPods(plan.selector)).filter((name) => !known.has(name))
    return undefined
  })
  if (unknown !== undefined) return unknown
  if (forgotten.length > 0)
    return `the stack no longer has ${forgotten.join(', ')}, and there are pods of it: state the set again, with 0 servers, until it is empty`
  for (const { set, present } of now)
    if (set.unchecked && present > set.replicas)
      run.say(
        `NOT CHECKED, as the stack says (platform.skipCheck): ${set.name} goes from ${present} to ${set.replicas}. Nothing is drained, and what only its servers hold is lost.`,
      )
  const claims = await withoutLeftOver(kubernetes, now, run)
  if (claims !== undefined) return claims
  const shut = await shutOut(search, now, run)
  if (shut !== undefined) return shut
  // Those that come must not found a cluster of their own.
  const growing = now.filter((one) => one.present > 0 && comingOf(one).length > 0)
  const unmarked = await founded({ kubernetes, search }, growing, run)
  if (unmarked !== undefined) return unmarked
  const leaving = leavingOf(now)
  if (leaving.length === 0 || search === undefined) {
    run.say('no server leaves')
    return undefined
  }
  const left = await drainDataNodes(search, plan.sets, leaving, run)
  if (left !== undefined) return `${leaving.join(', ')}: ${left}`
  run.say(`${leaving.join(', ')}: no shard is left, and a copy of every shard serves elsewhere`)
  return takeVotes(search, plan.sets, leaving, run)
}

/**
 * After a set got its replicas: what was said to servers for their departure ends, and the volumes of those that are gone are deleted,
 * or marked as drained.
 *
 * @returns what is left; `undefined` when nothing is.
 */
export async function afterReplicas(
  { kubernetes, search }: DrainTools,
  plan: DrainPlan,
  run: DrainRun,
): Promise<string | undefined> {
  let now: readonly SetNow[] = []
  const present = await untilNothingIsLeft(run, async () => {
    now = await setsNow(kubernetes, plan)
    const leaving = leavingOf(now)
    return leaving.length === 0 ? undefined : `still there: ${leaving.join(', ')}`
  })
  if (present !== undefined) return present
  const excluded = search === undefined ? undefined : await includeAgain(search, plan.sets, run)
  if (excluded !== undefined) return excluded
  const votes = search === undefined ? undefined : await giveVotes(search, plan.sets, run)
  if (votes !== undefined) return votes
  const unmarked = await founded({ kubernetes, search }, now, run)
  if (unmarked !== undefined) return unmarked
  return untilNothingIsLeft(run, async () => {
    const gone = vacant(plan.sets, await kubernetes.claims())
    const at = new Date(run.clock.wallMs()).toISOString()
    for (const { name, isDrained } of gone) {
      if (plan.volumes === 'delete') await kubernetes.deleteClaim(name)
      else if (!isDrained) await kubernetes.markDrained(name, at)
    }
    if (gone.length > 0) {
      const done = plan.volumes === 'delete' ? 'deleted' : 'kept, with nothing in it that anybody needs'
      run.say(`${counted(gone.length, 'volume')} ${done}: ${gone.map(({ name }) => name).join(', ')}`)
    }
    return undefined
  })
}

/** Why nodes that come could not join. Nothing of this `up` changes it, so it is not waited for. */
async function shutOut(
  search: SearchCluster | undefined,
  now: readonly SetNow[],
  run: DrainRun,
): Promise<string | undefined> {
  const coming = now.flatMap((one) => comingOf(one).map((ordinal) => `${one.set.name}-${ordinal}`))
  const isThere = now.some(({ set, present }) => set.votes && present > 0)
  if (search === undefined || coming.length === 0 || !isThere) return undefined
  let closed: readonly string[] = []
  const unknown = await untilNothingIsLeft(run, async () => {
    closed = await search.closed()
    return undefined
  })
  if (unknown !== undefined || closed.length === 0) return unknown
  return `${closed.join(', ')} runs with the settings of an older release, and lets no other node join: state the old numbers in an \`up\` of its own, then let ${coming.join(', ')} come`
}

/** Marks sets with votes as those of the cluster that there is. */
function founded(
  { kubernetes, search }: DrainTools,
  now: readonly SetNow[],
  run: DrainRun,
): Promise<string | undefined> {
  const sets = now.filter(({ set, present }) => set.votes && present > 0).map(({ set }) => set.name)
  return untilNothingIsLeft(run, async () => {
    if (search === undefined || sets.length === 0) return undefined
    const cluster = await search.founded()
    if (cluster === undefined)
      return `${sets.join(', ')}: no master was ever elected; state the old number of masters until one is`
    for (const set of sets) await kubernetes.markFounded(set, cluster)
    return undefined
  })
}

async function setsNow(kubernetes: Kubernetes, { sets }: DrainPlan): Promise<readonly SetNow[]> {
  return Promise.all(sets.map(async (set) => ({ set, present: (await kubernetes.present(set.name)) ?? 0 })))
}

function withoutLeftOver(kubernetes: Kubernetes, now: readonly SetNow[], run: DrainRun): Promise<string | undefined> {
  return untilNothingIsLeft(run, async () => {
    const found = leftOver(now, await kubernetes.claims())
    for (const claim of found) await kubernetes.deleteClaim(claim)
    return found.length === 0
      ? undefined
      : `deletes what a drained server left behind, so that a new one gets a new volume: ${found.join(', ')}`
  })
}
