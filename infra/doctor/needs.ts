import type { V1PodSpec } from '@kubernetes/client-node'
import type { Plan } from '../config/resolved.ts'
import type { PlannedObject } from './planned-objects.ts'
import { type Amounts, quantity, requestsOf } from './quantity.ts'

/** What of a pod decides where it may run. */
export type Scheduling = Pick<V1PodSpec, 'affinity' | 'nodeSelector' | 'tolerations' | 'topologySpreadConstraints'>

/** A pod that the stack is to have. */
export interface PodNeed extends Scheduling {
  readonly name: string
  /** Name of the StatefulSet, Deployment, Job or pod that it is of. */
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly requests: Amounts
  readonly limits: Amounts
  readonly containers: readonly { readonly requests: Listed; readonly limits: Listed }[]
  /** Names of its claims. */
  readonly claims: readonly string[]
}

type Listed = Readonly<Record<string, string>>

/** What a stack needs of a cluster. */
export interface Needs {
  readonly namespace: string
  /** Whether the stack makes it. */
  readonly createNamespace: boolean
  readonly zones: readonly string[]
  /** Pods that run all the time, in the order in which they are made; at the minimum of a scaler. */
  readonly pods: readonly PodNeed[]
  /** Groups of pods that run in addition for a time, one group after the other: the largest Job, and what a rollout makes first. */
  readonly passing: readonly (readonly PodNeed[])[]
  readonly claims: readonly { readonly name: string; readonly storageClass: string; readonly gib: number }[]
  /** Kinds of objects, each once. */
  readonly kinds: readonly { readonly group: string; readonly version: string; readonly kind: string }[]
  /** Class of each Ingress; empty for the default one. */
  readonly ingressClasses: readonly string[]
  /** Groups of metrics that its scalers ask. */
  readonly metrics: readonly ('metrics.k8s.io' | 'custom.metrics.k8s.io')[]
  /** Namespace in which KEDA is expected; nothing if the stack does not use it. */
  readonly kedaNamespace?: string
  readonly monitoringNamespaces: readonly string[]
  readonly memoryMap: boolean
}

/** @param objects those of the plan, see `plannedObjects`. */
export function needsOf(plan: Plan, objects: readonly PlannedObject[]): Needs {
  const { namespace, createNamespace, zones, monitoringNamespaces } = plan.platform
  const of = (kind: string) => objects.filter((object) => object.kind === kind).map(({ inputs }) => inputs)
  const workloads = objects
    .filter(({ kind }) => WORKLOADS.includes(kind))
    .map(({ kind, inputs }) => podsOf(kind, inputs))
  const passing = workloads.flatMap((workload) => workload.passing)
  const scalers = of('HorizontalPodAutoscaler').flatMap(({ spec }) => spec.metrics as { readonly type: string }[])
  return {
    namespace,
    createNamespace,
    zones,
    pods: workloads.flatMap(({ pods }) => pods),
    passing: largestOf(passing),
    claims: of('PersistentVolumeClaim').map(({ metadata, spec }) => ({
      name: metadata.name,
      storageClass: spec.storageClassName ?? '',
      gib: quantity(spec.resources.requests.storage) / 2 ** 30,
    })),
    kinds: [...new Map(objects.map(({ group, version, kind }) => [kind, { group, version, kind }])).values()],
    ingressClasses: of('Ingress').map(({ spec }) => spec.ingressClassName ?? ''),
    metrics: [
      ...(scalers.some(({ type }) => type === 'Resource') ? (['metrics.k8s.io'] as const) : []),
      ...(scalers.some(({ type }) => type === 'Pods') ? (['custom.metrics.k8s.io'] as const) : []),
    ],
    ...(of('ScaledObject').length > 0 ? { kedaNamespace: plan.workers.kedaNamespace } : {}),
    monitoringNamespaces,
    memoryMap: plan.elasticsearch.url === '' && plan.elasticsearch.memoryMap,
  }
}

const WORKLOADS = ['StatefulSet', 'Deployment', 'Job', 'CronJob', 'Pod']

// biome-ignore lint/suspicious/noExplicitAny: the inputs of any kind of workload
type Any = any

function podsOf(kind: string, inputs: Any): { pods: readonly PodNeed[]; passing: readonly PodNeed[][] } {
  const owner: string = inputs.metadata.name
  const { metadata, spec } = templateOf(kind, inputs)
  const pod = (name: string): PodNeed => ({
    name,
    owner,
    labels: metadata.labels,
    ...scheduling(spec),
    requests: requestsOf(spec),
    limits: requestsOf(spec, 'limits'),
    containers: [...(spec.initContainers ?? []), ...spec.containers].map(({ resources }) => ({
      requests: resources?.requests ?? {},
      limits: resources?.limits ?? {},
    })),
    claims:
      kind === 'StatefulSet'
        ? inputs.spec.volumeClaimTemplates.map((claim: Any) => `${claim.metadata.name}-${name}`)
        : [],
  })
  if (kind === 'Job' || kind === 'CronJob' || kind === 'Pod') return { pods: [], passing: [[pod(owner)]] }
  const replicas: number = inputs.spec.replicas ?? 1
  const pods = Array.from({ length: replicas }, (_, ordinal) => pod(`${owner}-${ordinal}`))
  if (kind === 'StatefulSet') return { pods, passing: [] }
  const surge = Math.ceil((replicas * Number.parseInt(inputs.spec.strategy?.rollingUpdate?.maxSurge ?? '0', 10)) / 100)
  return { pods, passing: [Array.from({ length: surge }, (_, ordinal) => pod(`${owner}-next-${ordinal}`))] }
}

function templateOf(kind: string, inputs: Any): Any {
  if (kind === 'Pod') return inputs
  return kind === 'CronJob' ? inputs.spec.jobTemplate.spec.template : inputs.spec.template
}

function scheduling({ affinity, nodeSelector, tolerations, topologySpreadConstraints }: Scheduling): Scheduling {
  return {
    ...(affinity === undefined ? {} : { affinity }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(topologySpreadConstraints === undefined ? {} : { topologySpreadConstraints }),
  }
}

/** Jobs and rollouts follow each other, so there must be room for the one that asks for most CPU, and the one that asks for most memory. */
function largestOf(groups: readonly (readonly PodNeed[])[]): readonly (readonly PodNeed[])[] {
  const total = (group: readonly PodNeed[], of: 'cpu' | 'memory') =>
    group.reduce((sum, { requests }) => sum + requests[of], 0)
  const largest = (of: 'cpu' | 'memory') => [...groups].sort((a, b) => total(b, of) - total(a, of)).slice(0, 1)
  return [...new Set([...largest('cpu'), ...largest('memory')])]
}
