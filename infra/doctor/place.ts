import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { PART_OF, PLATFORM, TIER, ZONE } from '../kubernetes/labels.ts'
import type { ClaimFact, NodeFact, PodFact } from './cluster-facts.ts'
import type { Needs, PodNeed } from './needs.ts'
import { type Obstacle, Room } from './room.ts'

/**
 * `fits`: all pods found a node in every attempt. `may_not_fit`: it depends on which node the scheduler chooses for which pod.
 * `does_not_fit`: in no attempt.
 */
export interface Fit {
  readonly verdict: 'fits' | 'may_not_fit' | 'does_not_fit'
  /** Number of attempts in which all pods found a node. */
  readonly successes: number
  /** The first pod without a node in the attempt that came furthest, and on how many nodes what was in its way. */
  readonly stuck?: { readonly pod: string; readonly obstacles: Readonly<Partial<Record<Obstacle, number>>> }
}

/** What a scheduler decides by. */
export interface Machines {
  readonly nodes: readonly NodeFact[]
  readonly pods: readonly PodFact[]
  readonly claims: readonly ClaimFact[]
}

/** Enough that the attempts differ in all that a scheduler leaves open, and few enough for a preview. */
export const ATTEMPTS = 24

/** How much of an attempt is chance, against a score of at most 300: a scheduler decides ties by chance, and tiers start at the same time. */
const NOISE = [0, 20, 50, 100] as const

type Chance = (most: number) => number

/**
 * Whether the pods of a stack find a node each, in addition to what runs already. The scheduler takes pods one after the other and moves none
 * afterwards, so there may be room that it does not find. So this is tried several times, by the scheduler's own filters,
 * with other orders of the tiers and other preferences. The same input gives the same answer.
 *
 * @param more pods that start when all others run.
 */
export function fitOf(machines: Machines, needs: Needs, more: readonly PodNeed[] = []): Fit {
  const outcomes = Array.from({ length: ATTEMPTS }, (_, at) => attempt(machines, needs, more, at))
  const successes = outcomes.filter(({ stuck }) => stuck === undefined).length
  if (successes === ATTEMPTS) return { verdict: 'fits', successes }
  const [furthest] = outcomes.flatMap(({ stuck, placed }) => (stuck ? [{ stuck, placed }] : [])).sort(byPlaced)
  return {
    verdict: successes === 0 ? 'does_not_fit' : 'may_not_fit',
    successes,
    ...(furthest === undefined ? {} : { stuck: furthest.stuck }),
  }
}

const byPlaced = (one: Outcome, other: Outcome) => other.placed - one.placed

interface Outcome {
  readonly placed: number
  readonly stuck?: NonNullable<Fit['stuck']>
}

function attempt(machines: Machines, needs: Needs, more: readonly PodNeed[], at: number): Outcome {
  const chance = chanceOf(at)
  const { room, waiting, owners } = asItRuns(machines, needs)
  const ordered = at === 0 ? waiting : shuffledByOwner(waiting, chance)
  let placed = 0
  for (const pod of [...ordered, ...more]) {
    const obstacles: Partial<Record<Obstacle, number>> = {}
    const possible = machines.nodes.filter((node) => {
      const obstacle = room.obstacle(node, pod)
      if (obstacle !== undefined) obstacles[obstacle] = (obstacles[obstacle] ?? 0) + 1
      return obstacle === undefined
    })
    const noise = NOISE[at % NOISE.length] ?? 0
    const node = best(possible, (each) => scoreOf(room, each, pod, owners) + chance(noise))
    if (node === undefined) return { placed, stuck: { pod: pod.name, obstacles } }
    room.place(node, pod)
    owners.set(pod.owner, [...(owners.get(pod.owner) ?? []), node])
    placed += 1
  }
  return { placed }
}

/** The cluster with all that stays where it is, and the pods of the stack that have no place yet. */
function asItRuns({ nodes, pods, claims }: Machines, { namespace, pods: needed }: Needs) {
  const room = new Room(nodes, namespace, claims)
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const own = pods.filter((pod) => pod.namespace === namespace && pod.labels[PART_OF] === PLATFORM)
  for (const pod of pods) {
    const node = byName.get(pod.node)
    if (node !== undefined && !own.includes(pod)) room.put(node, pod)
  }
  const owners = new Map<string, readonly NodeFact[]>()
  const running = new Set(own)
  const waiting = needed.filter((pod) => {
    const found = [...running].find((each) => isSame(each, pod))
    const node = byName.get(found?.node ?? '')
    if (found === undefined || node === undefined) return true
    running.delete(found)
    // It restarts on that node if it can, because of its volumes; otherwise it needs another node.
    if (room.obstacle(node, pod) !== undefined) return true
    room.place(node, pod)
    owners.set(pod.owner, [...(owners.get(pod.owner) ?? []), node])
    return false
  })
  return { room, waiting, owners }
}

/** Whether a pod that runs is a planned one: by its name, which a Deployment makes up, or else by its tier. */
function isSame(running: PodFact, pod: PodNeed): boolean {
  if (pod.claims.length > 0) return running.name === pod.name
  return running.labels[TIER] === pod.labels[TIER]
}

function shuffledByOwner(pods: readonly PodNeed[], chance: Chance): readonly PodNeed[] {
  const keys = new Map(pods.map(({ owner }) => [owner, chance(1_000_000)]))
  return [...pods].sort((a, b) => (keys.get(a.owner) ?? 0) - (keys.get(b.owner) ?? 0))
}

/** As the default profile of the scheduler scores: apart from pods of the same kind first, then where most is free. */
function scoreOf(room: Room, node: NodeFact, pod: PodNeed, owners: ReadonlyMap<string, readonly NodeFact[]>): number {
  const others = owners.get(pod.owner) ?? []
  const zone = node.labels[ZONE]
  const here = others.filter((other) => other === node).length
  const inZone = others.filter((other) => other.labels[ZONE] === zone).length
  const [cpu, memory] = [room.share(node, pod, 'cpu'), room.share(node, pod, 'memory')]
  const apart = 100 / (1 + here) + 100 / (1 + inZone)
  return apart + 100 * (1 - (cpu + memory) / 2) - 50 * Math.abs(cpu - memory)
}

function best(nodes: readonly NodeFact[], score: (node: NodeFact) => number): NodeFact | undefined {
  let found: { readonly node: NodeFact; readonly score: number } | undefined
  for (const node of nodes) {
    const value = score(node)
    if (found === undefined || value > found.score) found = { node, score: value }
  }
  return found?.node
}

function chanceOf(seed: number): Chance {
  const generator = xoroshiro128plus(seed + 1)
  return (most) => (most === 0 ? 0 : uniformInt(generator, 0, most))
}
