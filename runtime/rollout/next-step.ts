import type { GateCode } from './verdict.ts'

/** A StatefulSet, as far as a rollout concerns it. */
export interface SetState {
  readonly name: string
  readonly replicas: number
  /** Whether its controller has seen its last change. */
  readonly isObserved: boolean
  /** What its pods are to be made from. */
  readonly revision: string
}

/** A pod of one of them. */
export interface PodState {
  readonly name: string
  readonly set: string
  readonly ordinal: number
  readonly uid: string
  readonly revision: string
  readonly isReady: boolean
  /** It is being deleted. */
  readonly isGoing: boolean
  /** Why it is not ready, in the words of Kubernetes. */
  readonly problem?: string
}

/** Sets in the order in which they are rolled, and their pods. */
export interface RolloutState {
  readonly sets: readonly SetState[]
  readonly pods: readonly PodState[]
}

export type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait'; readonly code: GateCode; readonly reason: string }
  /** Pods that may be the next, the best one first. */
  | { readonly kind: 'take'; readonly pods: Candidates }

export type Candidates = readonly [PodState, ...PodState[]]

/** Names of all pods that are to run. */
export function expectedPods({ sets }: RolloutState): readonly string[] {
  return sets.flatMap(({ name, replicas }) => Array.from({ length: replicas }, (_, ordinal) => `${name}-${ordinal}`))
}

/**
 * What the pods alone allow. A pod that is not ready and not up to date is first, at any time: what corrects it must reach it.
 * Otherwise a pod is taken only when all others are ready.
 */
export function nextStep(state: RolloutState): Step {
  const stale = state.sets.find(({ isObserved }) => !isObserved)
  if (stale !== undefined) {
    return { kind: 'wait', code: 'set_not_observed', reason: `the controller has not seen the change of ${stale.name}` }
  }
  const outdated = outdatedPods(state)
  const broken = outdated.filter(({ isReady }) => !isReady)
  if (isAny(broken)) return { kind: 'take', pods: broken }
  const away = awayPods(state)
  if (away !== undefined) return { kind: 'wait', code: 'pod_not_ready', reason: away }
  return isAny(outdated) ? { kind: 'take', pods: outdated } : { kind: 'done' }
}

function isAny(pods: readonly PodState[]): pods is Candidates {
  return pods.length > 0
}

/** In the order of the sets; the last pod of a set first, as Kubernetes itself does. */
function outdatedPods({ sets, pods }: RolloutState): readonly PodState[] {
  return sets.flatMap(({ name, replicas, revision }) =>
    pods
      .filter((pod) => pod.set === name && pod.ordinal < replicas && pod.revision !== revision && !pod.isGoing)
      .sort((one, other) => other.ordinal - one.ordinal),
  )
}

function awayPods(state: RolloutState): string | undefined {
  for (const name of expectedPods(state)) {
    const pod = state.pods.find((one) => one.name === name)
    if (pod === undefined) return `${name} does not exist yet`
    if (pod.isGoing) return `${name} is being stopped`
    if (!pod.isReady) return `${name} is not ready${pod.problem === undefined ? '' : `: ${pod.problem}`}`
  }
  return undefined
}

/** The next pod: within its set, the one that leads comes after the others. */
export function chosen(pods: Candidates, leads: (pod: string) => boolean): PodState {
  const [first] = pods
  const set = pods.filter((pod) => pod.set === first.set)
  return set.find(({ name }) => !leads(name)) ?? first
}
