import type { V1LabelSelector, V1NodeSelectorTerm, V1Taint, V1Toleration } from '@kubernetes/client-node'
import type { NodeFact } from './cluster-facts.ts'
import type { Scheduling } from './needs.ts'

type Labels = Readonly<Record<string, string>>

interface Expression {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** Whether a selector of pods matches labels. One without any requirement matches all; none at all matches nothing. */
export function selects(selector: V1LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return equal && (selector.matchExpressions ?? []).every((expression) => matches(expression, labels))
}

/** Whether a node is one of those that a volume can be attached to, or an affinity requires: any term is enough. */
export function isAmong(terms: readonly V1NodeSelectorTerm[], node: NodeFact): boolean {
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    // A term without requirements matches no node.
    if (matchExpressions.length + matchFields.length === 0) return false
    return (
      matchExpressions.every((expression) => matches(expression, node.labels)) &&
      matchFields.every((expression) => matches(expression, { 'metadata.name': node.name }))
    )
  })
}

/** Whether a pod may be on a node by its selector and its required affinity. */
export function mayBeOn({ nodeSelector, affinity }: Scheduling, node: NodeFact): boolean {
  const selected = Object.entries(nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value)
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return selected && (required === undefined || isAmong(required.nodeSelectorTerms, node))
}

const UNSCHEDULABLE: V1Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** Whether no taint of a node keeps a pod away. */
export function toleratedBy({ tolerations = [] }: Scheduling, { taints, unschedulable }: NodeFact): boolean {
  return [...taints, ...(unschedulable ? [UNSCHEDULABLE] : [])]
    .filter(({ effect }) => effect !== 'PreferNoSchedule')
    .every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)))
}

function tolerates({ key, operator, value, effect }: V1Toleration, taint: V1Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (!key) return operator === 'Exists'
  return key === taint.key && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''))
}

function matches({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return Number(value) > Number(values[0])
    default:
      return Number(value) < Number(values[0])
  }
}
