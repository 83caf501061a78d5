import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { AppError } from '../errors.ts'
import type { PodState, RolloutState, SetState } from './next-step.ts'

const TIMEOUT_MS = 10_000
/** Where Kubernetes puts what a pod shows the API server. */
const ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface KubernetesAccess {
  readonly url: string
  readonly namespace: string
  /** Folder with `token`, which Kubernetes renews, and `ca.crt`. */
  readonly folder: string
}

/** @throws AppError `command_invalid` outside of a pod. */
export function accessOfPod(env: NodeJS.ProcessEnv, folder = ACCOUNT_DIR): KubernetesAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (host === undefined || port === undefined)
    throw new AppError('command_invalid', 'a rollout runs as a Job of the stack, in its cluster; `pulumi up` starts it')
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: readFileSync(`${folder}/namespace`, 'utf8').trim(),
    folder,
  }
}

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
  close(): Promise<void>
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

export function kubernetes({ url, namespace, folder }: KubernetesAccess): Kubernetes {
  const agent = new Agent({ connect: { timeout: TIMEOUT_MS, ca: readFileSync(`${folder}/ca.crt`) } })

  async function call<T>(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    body?: unknown,
    accepted: readonly number[] = [],
  ): Promise<{ readonly status: number; readonly body: T }> {
    const answer = await request(`${url}${path}`, {
      method,
      dispatcher: agent,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      headers: {
        authorization: `Bearer ${readFileSync(`${folder}/token`, 'utf8').trim()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
      .then(async ({ statusCode, body: text }) => ({ statusCode, text: await text.text() }))
      .catch((cause: unknown) => {
        throw new AppError('cluster_unreachable', `the API server of Kubernetes does not answer at ${url}`, { cause })
      })
    const { statusCode: status, text } = answer
    if (status >= 300 && !accepted.includes(status))
      throw new AppError('cluster_unreachable', `Kubernetes answered ${status} to ${method} ${path}`, {
        context: { status, answer: text.slice(0, 500) },
      })
    return { status, body: JSON.parse(text) as T }
  }

  const core = `/api/v1/namespaces/${namespace}`
  const leasePath = (name: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`
  return {
    state: async (names) => {
      const sets: SetState[] = []
      const pods: PodState[] = []
      for (const name of names) {
        const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`
        const set = (await call<StatefulSet>('GET', path)).body
        const { metadata, spec, status } = set
        const selector = Object.entries(spec.selector.matchLabels).map(([label, value]) => `${label}=${value}`)
        const query = new URLSearchParams({ labelSelector: selector.join(',') })
        const found = (await call<{ items: readonly Pod[] }>('GET', `${core}/pods?${query}`)).body
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
      const { status } = await call('POST', `${core}/pods/${name}/eviction`, body, [404, 409, 429])
      return status !== 429
    },
    lease: async (name) => {
      const { metadata, spec } = (await call<Lease>('GET', leasePath(name))).body
      return {
        holder: spec?.holderIdentity ?? '',
        renewed: spec?.renewTime ?? '',
        version: metadata.resourceVersion,
      }
    },
    writeLease: async (name, { holder, renewed, version }, durationSeconds) => {
      const current = (await call<{ metadata: object }>('GET', leasePath(name))).body
      const body = {
        ...current,
        metadata: { ...current.metadata, resourceVersion: version },
        spec: { holderIdentity: holder, leaseDurationSeconds: durationSeconds, renewTime: renewed },
      }
      return (await call('PUT', leasePath(name), body, [409])).status !== 409
    },
    close: () => agent.close(),
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
