import type {
  V1IngressClass,
  V1LimitRange,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ResourceQuota,
  V1StorageClass,
} from '@kubernetes/client-node'
import type {
  ClaimFact,
  ClusterFacts,
  LimitFact,
  NodeFact,
  PodFact,
  QuotaFact,
  StorageClassFact,
} from './cluster-facts.ts'
import { amountsOf, requestsOf } from './quantity.ts'

/** Objects of the API server as the plain facts that decide. */
export function nodeFact({ metadata, spec, status }: V1Node): NodeFact {
  return {
    name: metadata?.name ?? '',
    labels: metadata?.labels ?? {},
    taints: spec?.taints ?? [],
    unschedulable: spec?.unschedulable ?? false,
    allocatable: amountsOf(status?.allocatable),
    pods: Number(status?.allocatable?.['pods'] ?? 0),
  }
}

const ENDED: readonly (string | undefined)[] = ['Succeeded', 'Failed']

/** Nothing for a pod that has ended, or has no node yet. */
export function podFact({ metadata, spec, status }: V1Pod): readonly PodFact[] {
  if (spec?.nodeName === undefined || ENDED.includes(status?.phase)) return []
  return [
    {
      name: metadata?.name ?? '',
      namespace: metadata?.namespace ?? '',
      node: spec.nodeName,
      labels: metadata?.labels ?? {},
      requests: requestsOf(spec),
      apartFrom: spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    },
  ]
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'
const DEFAULT_INGRESS_CLASS = 'ingressclass.kubernetes.io/is-default-class'

export function classFact({ metadata, allowVolumeExpansion, volumeBindingMode }: V1StorageClass): StorageClassFact {
  return {
    name: metadata?.name ?? '',
    isDefault: metadata?.annotations?.[DEFAULT_CLASS] === 'true',
    allowsExpansion: allowVolumeExpansion ?? false,
    bindsImmediately: volumeBindingMode !== 'WaitForFirstConsumer',
  }
}

export function ingressClassFact({ metadata }: V1IngressClass): NonNullable<ClusterFacts['ingressClasses']>[number] {
  return { name: metadata?.name ?? '', isDefault: metadata?.annotations?.[DEFAULT_INGRESS_CLASS] === 'true' }
}

export function quotaFact({ metadata, spec }: V1ResourceQuota): QuotaFact {
  return {
    name: metadata?.name ?? '',
    hard: spec?.hard ?? {},
    scoped: (spec?.scopes ?? []).length > 0 || spec?.scopeSelector !== undefined,
  }
}

export function limitFacts({ metadata, spec }: V1LimitRange): readonly LimitFact[] {
  return (spec?.limits ?? []).map(({ type, min, max }) => ({
    name: metadata?.name ?? '',
    type,
    min: min ?? {},
    max: max ?? {},
  }))
}

export function claimFacts(
  claims: readonly V1PersistentVolumeClaim[],
  volumes: readonly V1PersistentVolume[],
): readonly ClaimFact[] {
  const terms = new Map(
    volumes.map(({ metadata, spec }) => [metadata?.name, spec?.nodeAffinity?.required?.nodeSelectorTerms]),
  )
  return claims.map(({ metadata, spec }) => {
    const reach = spec?.volumeName === undefined ? undefined : terms.get(spec.volumeName)
    return { name: metadata?.name ?? '', ...(reach === undefined ? {} : { terms: reach }) }
  })
}
