import type { KubernetesApi } from '../kubernetes-api.ts'
import type { PodState, RolloutState, SetState } from './next-step.ts'

/** What is known of a lock, and the version by which nobody else has changed it in between. */
export interface LeaseState {
  readonly holder: string
  readonly renewed: string
  readonly version: string
}

/** What a rollout asks of the API server. Every call throws AppError `cluster_unreachable` when it does not answer, or refuses. */
export interface Kubernetes {
  state(sets: readonly string[]): Promise<RolloutState>
  /** Evicts a pod, as a drain does. @returns false while a disruption budget forbids it */
  evict(pod: Pick<PodState, 'name' | 'uid'>): Promise<boolean>
  lease(name: string): Promise<LeaseState>
  /** @returns false when somebody else has changed it in between */
  writeLease(name: string, lease: LeaseState, durationSeconds: number): Promise<boolean>
}

interface StatefulSet {
  readonly metadata: { readonly generation?: number }
  readonly spec: { readonly replicas?: number; readonly selector: { readonly matchLabels: Record<string, string> } }
  readonly status?: { readonly observedGeneration?: number; readonly updateRevision?: string }
}

interface Pod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[]
  }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

interface ContainerStatus {
  readonly name: string
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } }
}

interface Lease {
  readonly metadata: { readonly resourceVersion: string }
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string }
}

/** While it lasts, nothing is wrong. */
const STARTING = ['ContainerCreating', 'PodInitializing']

export function kubernetes(api: KubernetesApi, namespace: string): Kubernetes {
  const core = `/api/v1/namespaces/${namespace}`
  const leasePath = (name: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`
  return {
    state: async (names) => {
      const sets: SetState[] = []
      const pods: PodState[] = []
      for (const name of names) {
        const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`
        const set = (await api.call<StatefulSet>({ method: 'GET', path })).body
        const { metadata, spec, status } = set
        const selector = Object.entries(spec.selector.matchLabels).map(([label, value]) => `${label}=${value}`)
        const query = new URLSearchParams({ labelSelector: selector.join(',') })
        const found = (await api.call<{ items: readonly Pod[] }>({ method: 'GET', path: `${core}/pods?${query}` })).body
        sets.push({
          name,
          replicas: spec.replicas ?? 1,
          isObserved: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
          revision: status?.updateRevision ?? '',
        })
        pods.push(...found.items.filter((pod) => isOf(pod, name)).map((pod) => podState(pod, name)))
      }
      return { sets, pods }
    },
    evict: async ({ name, uid }) => {
      const body = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        // Of this name there may be another pod by now.
        deleteOptions: { preconditions: { uid } },
      }
      const { status } = await api.call({
        method: 'POST',
        path: `${core}/pods/${name}/eviction`,
        body,
        accepted: [404, 409, 429],
      })
      return status !== 429
    },
    lease: async (name) => {
      const { metadata, spec } = (await api.call<Lease>({ method: 'GET', path: leasePath(name) })).body
      return {
        holder: spec?.holderIdentity ?? '',
        renewed: spec?.renewTime ?? '',
        version: metadata.resourceVersion,
      }
    },
    writeLease: async (name, { holder, renewed, version }, durationSeconds) => {
      const current = (await api.call<{ metadata: object }>({ method: 'GET', path: leasePath(name) })).body
      const body = {
        ...current,
        metadata: { ...current.metadata, resourceVersion: version },
        spec: { holderIdentity: holder, leaseDurationSeconds: durationSeconds, renewTime: renewed },
      }
      const { status } = await api.call({ method: 'PUT', path: leasePath(name), body, accepted: [409] })
      return status !== 409
    },
  }
}

function isOf({ metadata }: Pod, set: string): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'StatefulSet' && name === set)
}

function podState({ metadata, status }: Pod, set: string): PodState {
  const conditions = status?.conditions ?? []
  const isReady = conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True')
  const unscheduled = conditions.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False')
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    .map(({ state }) => state?.waiting)
    .find((one) => one?.reason !== undefined && !STARTING.includes(one.reason))
  const problem = unscheduled?.message ?? (waiting && [waiting.reason, waiting.message].filter(Boolean).join(', '))
  return {
    name: metadata.name,
    set,
    ordinal: Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1)),
    uid: metadata.uid,
    revision: metadata.labels?.['controller-revision-hash'] ?? '',
    isReady,
    isGoing: metadata.deletionTimestamp !== undefined,
    ...(problem === undefined ? {} : { problem }),
  }
}
