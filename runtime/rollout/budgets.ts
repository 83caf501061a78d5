import type { KubernetesApi } from '../kubernetes-api.ts'
import { type Kubernetes, kubernetes } from './kubernetes.ts'

/** What the keeper of budgets asks of the API server. Every call throws AppError `cluster_unreachable` when it does not answer, or refuses. */
export interface Budgets extends Pick<Kubernetes, 'lease'> {
  /** Pods that a StatefulSet is to have. */
  replicas(set: string): Promise<number>
  maxUnavailable(budget: string): Promise<number>
  setMaxUnavailable(budget: string, pods: number): Promise<void>
}

/** Owner of the field, as `kubectl get pdb --show-managed-fields` names it. */
const FIELD_MANAGER = 'budget-keeper'

export function budgetsOf(api: KubernetesApi, namespace: string): Budgets {
  const budgetPath = (name: string) => `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${name}`
  return {
    lease: kubernetes(api, namespace).lease,
    replicas: async (set) => {
      const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets/${set}`
      const { body } = await api.call<{ readonly spec: { readonly replicas?: number } }>({ method: 'GET', path })
      return body.spec.replicas ?? 1
    },
    maxUnavailable: async (budget) => {
      const path = budgetPath(budget)
      const { body } = await api.call<{ readonly spec: { readonly maxUnavailable: number } }>({ method: 'GET', path })
      return body.spec.maxUnavailable
    },
    setMaxUnavailable: async (budget, pods) => {
      const path = `${budgetPath(budget)}?fieldManager=${FIELD_MANAGER}`
      await api.call({ method: 'PATCH', path, body: { spec: { maxUnavailable: pods } } })
    },
  }
}
