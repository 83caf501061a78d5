import { PART_OF, PLATFORM } from '../kubernetes/labels.ts'
import type { ClusterFacts, LimitFact, QuotaFact } from './cluster-facts.ts'
import { error, type Finding, listed, warning } from './finding.ts'
import type { Needs, PodNeed } from './needs.ts'
import { quantity, sum } from './quantity.ts'

/** Whether the namespace of a stack takes its objects, and the user may make them. */
export function namespaceFindings(needs: Needs, facts: ClusterFacts): readonly Finding[] {
  return [
    ...existenceFindings(needs, facts),
    ...(facts.quotas ?? []).flatMap((quota) => quotaFindings(needs, facts, quota)),
    ...(facts.limits ?? []).flatMap((limit) => limitFindings(needs, limit)),
    ...rightFindings(facts),
  ]
}

function existenceFindings(needs: Needs, { namespace }: ClusterFacts): readonly Finding[] {
  const { namespace: name, createNamespace } = needs
  if (namespace === undefined) return []
  if (namespace === null)
    return createNamespace
      ? []
      : [
          error(
            'namespace_missing',
            `Namespace ${name} does not exist, and platform.createNamespace is no. Have it created, or remove that key.`,
            { name },
          ),
        ]
  if (namespace.terminating)
    return [
      error(
        'namespace_terminating',
        `Namespace ${name} is being deleted. Wait until it is gone, or free what it waits for.`,
        { name },
      ),
    ]
  if (createNamespace && !namespace.hasStack)
    return [
      error(
        'namespace_exists',
        `Namespace ${name} exists and no stack is in it, so \`up\` would fail with "already exists". State another platform.namespace.`,
        { name },
      ),
    ]
  const level = namespace.labels['pod-security.kubernetes.io/enforce'] ?? 'none'
  if (level === 'restricted') return []
  const remedy = createNamespace
    ? 'Somebody has changed it: `pulumi up --refresh` restores it.'
    : 'The pods of the stack need no more: have its owner set pod-security.kubernetes.io/enforce.'
  const text = `Namespace ${name} enforces PodSecurity ${level}, not restricted. ${remedy}`
  return [warning('pod_security_not_restricted', text, { name, level })]
}

/** What a quota counts, and how much of it the stack needs. */
function demandOf(all: readonly PodNeed[], claims: Needs['claims']): ReadonlyMap<string, number> {
  const [requests, limits] = [sum(all.map((pod) => pod.requests)), sum(all.map((pod) => pod.limits))]
  const storage = claims.reduce((total, { gib }) => total + gib * 2 ** 30, 0)
  return new Map([
    ['pods', all.length],
    ['count/pods', all.length],
    ['cpu', requests.cpu],
    ['requests.cpu', requests.cpu],
    ['limits.cpu', limits.cpu],
    ['memory', requests.memory],
    ['requests.memory', requests.memory],
    ['limits.memory', limits.memory],
    ['requests.ephemeral-storage', requests['ephemeral-storage']],
    ['limits.ephemeral-storage', limits['ephemeral-storage']],
    ['persistentvolumeclaims', claims.length],
    ['requests.storage', storage],
  ])
}

function quotaFindings(
  needs: Needs,
  { pods = [] }: ClusterFacts,
  { name, hard, scoped }: QuotaFact,
): readonly Finding[] {
  // Pods of the stack that run are among those that it needs; a quota for some pods only may not be about them.
  if (scoped) return []
  const others = pods.filter(({ namespace, labels }) => namespace === needs.namespace && labels[PART_OF] !== PLATFORM)
  const taken = sum(others.map(({ requests }) => requests))
  const beside = new Map<string, number>([
    ...(['pods', 'count/pods'] as const).map((name) => [name, others.length] as const),
    ...(['cpu', 'requests.cpu'] as const).map((name) => [name, taken.cpu] as const),
    ...(['memory', 'requests.memory'] as const).map((name) => [name, taken.memory] as const),
  ])
  const demands = [[], ...needs.passing].map((group) => demandOf([...needs.pods, ...group], needs.claims))
  const needed = (resource: string) => Math.max(...demands.map((demand) => demand.get(resource) ?? 0))
  const short = Object.entries(hard).filter(
    ([resource, most]) => needed(resource) + (beside.get(resource) ?? 0) > quantity(most) * (1 + 1e-9),
  )
  if (short.length === 0) return []
  const parts = short.map(
    ([resource, most]) => `${resource} ${most}, and the stack needs ${shown(needed(resource), resource)}`,
  )
  const text = `ResourceQuota ${name} of ${needs.namespace} is too small: ${parts.join('; ')}. Raise it, or make the stack smaller.`
  return [error('quota_too_small', text, { name, resources: short.map(([resource]) => resource) })]
}

/** A sum as quotas state it: memory and storage in GiB. */
function shown(value: number, resource: string): string {
  return /memory|storage/.test(resource) ? `${Math.ceil(value / 2 ** 30)}Gi` : String(Math.ceil(value * 10) / 10)
}

function limitFindings(needs: Needs, limit: LimitFact): readonly Finding[] {
  const refused = [...new Set(refusedBy(needs, limit))]
  if (refused.length === 0) return []
  const bounds = [bound('minimum', limit.min), bound('maximum', limit.max)].filter((part) => part !== '').join(', ')
  const text = `LimitRange ${limit.name} of ${needs.namespace} refuses ${listed(refused)}: ${limit.type} ${bounds}. Change it, or the sizes in the stack.`
  return [error('limit_range_refuses', text, { name: limit.name, refused })]
}

const bound = (name: string, values: Readonly<Record<string, string>>) => {
  const parts = Object.entries(values).map(([resource, value]) => `${resource} ${value}`)
  return parts.length === 0 ? '' : `${name} ${parts.join(' and ')}`
}

function refusedBy({ pods, passing, claims }: Needs, { type, min, max }: LimitFact): readonly string[] {
  const outside = (requests: Listed, limits: Listed) =>
    Object.entries(min).some(([name, least]) => quantity(requests[name] ?? 0) < quantity(least)) ||
    Object.entries(max).some(([name, most]) => quantity(limits[name] ?? requests[name] ?? 0) > quantity(most))
  if (type === 'PersistentVolumeClaim')
    return claims.filter(({ gib }) => outside({ storage: `${gib}Gi` }, { storage: `${gib}Gi` })).map(({ name }) => name)
  if (type !== 'Container') return []
  return [...pods, ...passing.flat()]
    .filter(({ containers }) => containers.some(({ requests, limits }) => outside(requests, limits)))
    .map(({ owner }) => owner)
}

type Listed = Readonly<Record<string, string>>

function rightFindings({ denied = [] }: ClusterFacts): readonly Finding[] {
  if (denied.length === 0) return []
  const text = `The user of the kubeconfig may not ${listed(denied)}. Grant it, or use another context.`
  return [error('right_missing', text, { denied })]
}
