import type { PodTemplate } from './pod.ts'

/**
 * What no probe limits, in seconds for each pod: it is scheduled, its volumes move to the node, its image is pulled, and a
 * program that is alive becomes ready.
 */
const UNPROBED_SECONDS = 120

/** The engine's own time for a workload, in seconds. No wait is shorter. */
const LEAST_SECONDS = 600

interface ProbeTimes {
  readonly periodSeconds: number
  readonly timeoutSeconds: number
  readonly failureThreshold: number
}

/** What of a pod decides how long it may take. `podTemplate` makes plain values of all of it. */
interface PodTimes {
  readonly terminationGracePeriodSeconds: number
  readonly containers: readonly { readonly startupProbe?: ProbeTimes; readonly readinessProbe?: ProbeTimes }[]
}

export interface Rollout {
  readonly template: PodTemplate
  /** Groups of pods that are replaced one after the other; a group of a StatefulSet is one pod. */
  readonly steps: number
  /** How long a pod must be ready before it counts, in seconds. */
  readonly minReadySeconds: number
  /**
   * A start that is not unusual, in seconds, where the startup probe allows one that is rare and much longer. Every step then
   * has this time, and all steps together have the rest of one longest start. The limit of the probe when omitted.
   */
  readonly usualStartSeconds?: number
}

/**
 * How long an update waits for a rollout, in seconds: for each step the grace period of the pod that goes, and the start and
 * the readiness of the one that comes.
 */
export function rolloutSeconds({ template, steps, minReadySeconds, usualStartSeconds }: Rollout): number {
  const pod = template.spec as unknown as PodTimes
  const longestStart = longest(pod, ({ startupProbe: probe }) =>
    probe ? probe.periodSeconds * probe.failureThreshold + probe.timeoutSeconds : 0,
  )
  const ready = longest(pod, ({ readinessProbe: probe }) => (probe ? probe.periodSeconds + probe.timeoutSeconds : 0))
  const start = Math.min(usualStartSeconds ?? longestStart, longestStart)
  const step = pod.terminationGracePeriodSeconds + UNPROBED_SECONDS + start + ready + minReadySeconds
  return Math.max(LEAST_SECONDS, steps * step + (longestStart - start))
}

/** The containers of a pod start at the same time. */
function longest({ containers }: PodTimes, seconds: (container: PodTimes['containers'][number]) => number): number {
  return Math.max(...containers.map(seconds))
}

/** The time of a rollout as the engine wants it, to make a workload and to change it. */
export function rolloutTimeouts(rollout: Rollout): { create: string; update: string } {
  const wait = `${rolloutSeconds(rollout)}s`
  return { create: wait, update: wait }
}
