import { planOf } from '../../../infra/config/plan.ts'
import type { ClusterFacts, NodeFact, PodFact } from '../../../infra/doctor/cluster-facts.ts'
import { type Needs, needsOf } from '../../../infra/doctor/needs.ts'
import { plannedObjects } from '../../../infra/doctor/planned-objects.ts'
import { amountsOf } from '../../../infra/doctor/quantity.ts'
import { changed, type StackName } from '../../support/stack.ts'

/** What a stack with these changes needs. */
export async function needsWith(stack: StackName, changes: Readonly<Record<string, unknown>> = {}): Promise<Needs> {
  const plan = planOf(changed(stack, changes))
  return needsOf(plan, await plannedObjects(plan))
}

/** A machine with room for a whole tier of any stack. */
export function machine(name: string, zone: string, changes: Partial<NodeFact> = {}): NodeFact {
  return {
    name,
    labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone },
    taints: [],
    unschedulable: false,
    allocatable: amountsOf({ cpu: '64', memory: '256Gi', 'ephemeral-storage': '100Gi' }),
    pods: 110,
    ...changes,
  }
}

export function machines(zones: readonly string[], each: number, changes: Partial<NodeFact> = {}): readonly NodeFact[] {
  return zones.flatMap((zone) =>
    Array.from({ length: each }, (_, at) => machine(`machine-${zone}-${at}`, zone, changes)),
  )
}

export function pod(name: string, node: string, changes: Partial<PodFact> = {}): PodFact {
  return { name, namespace: 'elsewhere', node, labels: {}, requests: amountsOf({}), apartFrom: [], ...changes }
}

/** A cluster that has all that any stack needs. */
export function cluster(changes: Partial<ClusterFacts> = {}): ClusterFacts {
  return {
    version: '1.33.4',
    nodes: machines(['a', 'b', 'c'], 6),
    pods: [pod('keda-operator-0', 'machine-a-0', { namespace: 'keda', labels: { app: 'keda-operator' } })],
    storageClasses: [{ name: 'fast', isDefault: true, allowsExpansion: true, bindsImmediately: false }],
    ingressClasses: [{ name: 'nginx', isDefault: true }],
    kinds: [
      'monitoring.coreos.com/v1/PodMonitor',
      'monitoring.coreos.com/v1/PrometheusRule',
      'keda.sh/v1alpha1/ScaledObject',
      'keda.sh/v1alpha1/TriggerAuthentication',
    ],
    groups: ['apps', 'metrics.k8s.io', 'custom.metrics.k8s.io', 'monitoring.coreos.com', 'keda.sh'],
    namespaces: ['default', 'keda', 'monitoring'],
    namespace: null,
    quotas: [],
    limits: [],
    claims: [],
    volumes: [],
    denied: [],
    ...changes,
  }
}
