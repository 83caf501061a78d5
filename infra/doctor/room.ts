import type { V1PodAffinityTerm } from '@kubernetes/client-node'
import type { ClaimFact, NodeFact, PodFact } from './cluster-facts.ts'
import { isAmong, mayBeOn, selects, toleratedBy } from './match.ts'
import type { PodNeed } from './needs.ts'
import { type Amounts, NOTHING, RESOURCES, sum } from './quantity.ts'

/** Why a pod cannot be on a node; the first that the scheduler would find. */
export type Obstacle = 'taint' | 'zone' | keyof Amounts | 'pods' | 'volume' | 'apart' | 'spread'

/** A pod where it is. */
export type Placed = Pick<PodFact, 'namespace' | 'labels' | 'requests' | 'apartFrom'>

/** A share that a sum of quantities may be off by. */
const ROUNDING = 1e-9

interface Machine {
  totals: Amounts
  count: number
  /** Those that a pod of the stack may have to do with: of its namespace, or with an anti-affinity. */
  readonly pods: Placed[]
}

/** The machines of a cluster with what is on them, as a scheduler sees it. */
export class Room {
  readonly #nodes: readonly NodeFact[]
  readonly #namespace: string
  readonly #claims: ReadonlyMap<string, ClaimFact>
  readonly #on: ReadonlyMap<NodeFact, Machine>

  /** @param namespace of the pods that are put here. */
  constructor(nodes: readonly NodeFact[], namespace: string, claims: readonly ClaimFact[]) {
    this.#nodes = nodes
    this.#namespace = namespace
    this.#claims = new Map(claims.map((claim) => [claim.name, claim]))
    this.#on = new Map(nodes.map((node) => [node, { totals: NOTHING, count: 0, pods: [] }]))
  }

  put(node: NodeFact, pod: Placed): void {
    const machine = this.#machine(node)
    machine.totals = sum([machine.totals, pod.requests])
    machine.count += 1
    if (pod.namespace === this.#namespace || pod.apartFrom.length > 0) machine.pods.push(pod)
  }

  /** Puts a pod of the stack. */
  place(node: NodeFact, pod: PodNeed): void {
    this.put(node, this.#placed(pod))
  }

  /** The share of a resource that would be in use on a node with this pod. */
  share(node: NodeFact, pod: PodNeed, resource: keyof Amounts): number {
    return (this.#machine(node).totals[resource] + pod.requests[resource]) / node.allocatable[resource]
  }

  /** What keeps a pod from a node; nothing if it can run on it. */
  obstacle(node: NodeFact, pod: PodNeed): Obstacle | undefined {
    if (!toleratedBy(pod, node)) return 'taint'
    if (!mayBeOn(pod, node)) return 'zone'
    const short = RESOURCES.find(
      (name) =>
        pod.requests[name] > 0 &&
        this.#machine(node).totals[name] + pod.requests[name] > node.allocatable[name] * (1 + ROUNDING),
    )
    if (short !== undefined) return short
    if (this.#machine(node).count >= node.pods) return 'pods'
    if (!this.#reachesVolumes(node, pod)) return 'volume'
    if (this.#isKeptApart(node, pod)) return 'apart'
    return this.#wouldSkew(node, pod) ? 'spread' : undefined
  }

  #placed({ labels, requests, affinity }: PodNeed): Placed {
    const apartFrom = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    return { namespace: this.#namespace, labels, requests, apartFrom }
  }

  #machine(node: NodeFact): Machine {
    return this.#on.get(node) as Machine
  }

  #reachesVolumes(node: NodeFact, { claims }: PodNeed): boolean {
    return claims.every((name) => {
      const terms = this.#claims.get(name)?.terms
      return terms === undefined || isAmong(terms, node)
    })
  }

  /** By what the pod asks for, and by what those that run ask for. */
  #isKeptApart(node: NodeFact, need: PodNeed): boolean {
    const pod = this.#placed(need)
    return this.#nodes.some((other) =>
      this.#machine(other).pods.some((running) => {
        const near = ({ topologyKey }: V1PodAffinityTerm) =>
          node.labels[topologyKey] !== undefined && node.labels[topologyKey] === other.labels[topologyKey]
        return (
          pod.apartFrom.some((term) => near(term) && concerns(term, pod.namespace, running)) ||
          running.apartFrom.some((term) => near(term) && concerns(term, running.namespace, pod))
        )
      }),
    )
  }

  #wouldSkew(node: NodeFact, pod: PodNeed): boolean {
    return (pod.topologySpreadConstraints ?? [])
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
      .some(({ topologyKey, maxSkew, labelSelector }) => {
        const domain = node.labels[topologyKey]
        if (domain === undefined) return true
        const counts = new Map<string, number>()
        for (const other of this.#nodes) {
          const of = other.labels[topologyKey]
          if (of === undefined || !mayBeOn(pod, other)) continue
          const matching = this.#machine(other).pods.filter(
            ({ namespace, labels }) => namespace === this.#namespace && selects(labelSelector, labels),
          )
          counts.set(of, (counts.get(of) ?? 0) + matching.length)
        }
        const self = selects(labelSelector, pod.labels) ? 1 : 0
        return (counts.get(domain) ?? 0) + self - Math.min(...counts.values()) > maxSkew
      })
  }
}

/** Whether a term of a pod of one namespace is about another pod. A selector of namespaces is taken to select all. */
function concerns(term: V1PodAffinityTerm, namespace: string, pod: Placed): boolean {
  const { namespaces = [], namespaceSelector, labelSelector } = term
  const among = namespaces.length === 0 && namespaceSelector === undefined ? [namespace] : namespaces
  return (namespaceSelector !== undefined || among.includes(pod.namespace)) && selects(labelSelector, pod.labels)
}
