import { AppError } from '../errors.ts'

/** A StatefulSet, as the stack wants it. Its pods, and so the servers in them, are called `${name}-${ordinal}`. */
export interface PlannedSet {
  readonly name: string
  /** Sets of one tier take over each other's data. */
  readonly tier: string
  readonly replicas: number
  /** Names of the claims of a pod, each without `-${name}-${ordinal}`. */
  readonly claims: readonly string[]
  /** Whether its servers elect the master of their cluster. */
  readonly votes: boolean
  /** An operator has said that nothing of this set is to be drained or verified. */
  readonly unchecked: boolean
}

/** What a drain is asked for. */
export interface DrainPlan {
  /** Namespace of the sets. */
  readonly namespace: string
  readonly sets: readonly PlannedSet[]
  /** Labels of the StatefulSets of these tiers, as the API server selects them. */
  readonly selector: string
  /** Sets that an operator has given up with their pods, by name. */
  readonly gone: readonly string[]
  /** What becomes of the volumes of a server that was drained and is gone. */
  readonly volumes: 'keep' | 'delete'
}

/** A set, and how many pods it has at present. */
export interface SetNow {
  readonly set: PlannedSet
  /** Pods that Kubernetes has or keeps up; 0 for a set that does not exist yet. */
  readonly present: number
}

/** @throws AppError `command_invalid` when the text is no plan. */
export function drainPlanFrom(text: string): DrainPlan {
  const { namespace, sets, volumes, selector, gone } = parsed(text)
  const isSets = sets?.every(({ name, replicas }) => typeof name === 'string' && Number.isInteger(replicas)) ?? false
  const isPlan = typeof namespace === 'string' && typeof selector === 'string' && Array.isArray(gone)
  if (!isPlan || sets === undefined || !isSets || (volumes !== 'keep' && volumes !== 'delete'))
    throw new AppError('command_invalid', '--plan is not the plan of a drain, which the stack writes')
  return { namespace, sets, volumes, selector, gone }
}

function parsed(text: string): Partial<DrainPlan> {
  try {
    return JSON.parse(text) as Partial<DrainPlan>
  } catch (cause) {
    throw new AppError('command_invalid', '--plan is not JSON', { cause })
  }
}

/** The pods that the stack no longer wants and that are to be drained: the highest ordinals of each set. */
export function leavingOf(now: readonly SetNow[]): readonly string[] {
  return now.flatMap(({ set, present }) => (set.unchecked ? [] : podsOf(set, set.replicas, present)))
}

/** The pods that the stack wants and that do not exist yet. */
export function comingOf({ set, present }: SetNow): readonly number[] {
  return ordinals(present, set.replicas)
}

/** Whether a server is one of these sets, whatever its ordinal. */
export function isOneOf(sets: readonly PlannedSet[], server: string): boolean {
  return setOf(sets, server) !== undefined
}

/** The set of a server, by its name. */
export function setOf(sets: readonly PlannedSet[], server: string): PlannedSet | undefined {
  const [, name] = /^(.+)-\d+$/.exec(server) ?? []
  return sets.find((set) => set.name === name)
}

function podsOf({ name }: PlannedSet, from: number, to: number): readonly string[] {
  return ordinals(from, to).map((ordinal) => `${name}-${ordinal}`)
}

function ordinals(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}
