import type { KubernetesApi } from '../kubernetes-api.ts'
import { foundedName } from '../names.ts'

/** When the server that had a claim was drained and verified, as an instant of ISO 8601: the volume has nothing that anybody needs. */
export const DRAINED = 'tracardi.com/drained'

export interface Claim {
  readonly name: string
  readonly isDrained: boolean
}

/** What a drain asks of the API server. Every call throws AppError `cluster_unreachable` when it does not answer, or refuses. */
export interface Kubernetes {
  /** Pods that a StatefulSet has or keeps up, whichever is more; `undefined` when there is no such set. */
  present(set: string): Promise<number | undefined>
  /** Names of the sets with these labels that have pods, or keep some up. */
  setsWithPods(selector: string): Promise<readonly string[]>
  claims(): Promise<readonly Claim[]>
  markDrained(claim: string, at: string): Promise<void>
  /** Kubernetes deletes a claim when no pod uses it any more. */
  deleteClaim(claim: string): Promise<void>
  /**
   * States, for servers of a set that start, which cluster they belong to: one that lost its disk joins it, and never founds another.
   * Kubernetes deletes the mark with the set.
   */
  markFounded(set: string, cluster: string): Promise<void>
}

/** The status of what does not exist. */
const NONE = 404
const OR_NONE = { accepted: [NONE] } as const

/** The status of what exists already. */
const EXISTS = 409

interface StatefulSet {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly spec: { readonly replicas?: number }
  readonly status?: { readonly replicas?: number }
}

interface ClaimList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  }[]
}

export function kubernetes(api: KubernetesApi, namespace: string): Kubernetes {
  const sets = `/apis/apps/v1/namespaces/${namespace}/statefulsets`
  const claims = `/api/v1/namespaces/${namespace}/persistentvolumeclaims`
  return {
    present: async (set) => {
      const { status, body } = await api.call<StatefulSet>({ method: 'GET', path: `${sets}/${set}`, ...OR_NONE })
      return status === NONE ? undefined : podsOf(body)
    },
    setsWithPods: async (selector) => {
      const query = new URLSearchParams({ labelSelector: selector })
      const { body } = await api.call<{ items: readonly StatefulSet[] }>({ method: 'GET', path: `${sets}?${query}` })
      return body.items.filter((set) => podsOf(set) > 0).map(({ metadata }) => metadata.name)
    },
    claims: async () => {
      const { status, body } = await api.call<ClaimList>({ method: 'GET', path: claims, ...OR_NONE })
      return (status === NONE ? [] : body.items).map(({ metadata }) => ({
        name: metadata.name,
        isDrained: metadata.annotations?.[DRAINED] !== undefined,
      }))
    },
    markDrained: async (claim, at) => {
      const body = { metadata: { annotations: { [DRAINED]: at } } }
      await api.call({ method: 'PATCH', path: `${claims}/${claim}`, body, ...OR_NONE })
    },
    deleteClaim: async (claim) => {
      await api.call({ method: 'DELETE', path: `${claims}/${claim}`, ...OR_NONE })
    },
    markFounded: async (set, cluster) => {
      const { body: owner } = await api.call<StatefulSet>({ method: 'GET', path: `${sets}/${set}` })
      const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: set, uid: owner.metadata.uid }]
      const body = { metadata: { name: foundedName(set), ownerReferences }, data: { cluster } }
      const path = `/api/v1/namespaces/${namespace}/configmaps`
      await api.call({ method: 'POST', path, body, accepted: [EXISTS] })
    },
  }
}

function podsOf({ spec, status }: StatefulSet): number {
  return Math.max(spec.replicas ?? 1, status?.replicas ?? 0)
}
