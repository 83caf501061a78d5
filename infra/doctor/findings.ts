import type { ClusterFacts, Part } from './cluster-facts.ts'
import { type Finding, unknown } from './finding.ts'
import { machineFindings } from './machines.ts'
import { namespaceFindings } from './namespace.ts'
import type { Needs } from './needs.ts'
import { serviceFindings } from './services.ts'
import { storageFindings } from './storage.ts'

/** What each part is needed for; nothing depends on the others. */
const CHECKS: Readonly<Partial<Record<Part, string>>> = {
  nodes: 'whether the pods find machines',
  pods: 'whether the pods find machines',
  storageClasses: 'the StorageClass',
  ingressClasses: 'the IngressClass',
  kinds: 'the kinds that operators bring',
  namespace: 'whether the namespace exists',
  namespaces: 'the namespaces of monitoring',
  claims: 'which claims exist',
  volumes: 'where existing volumes can be attached',
  quotas: 'quotas',
  limits: 'limit ranges',
}

/** What a cluster lacks for a stack. Errors first. */
export function findingsOf(needs: Needs, facts: ClusterFacts): readonly Finding[] {
  const all = [
    ...serviceFindings(needs, facts),
    ...storageFindings(needs, facts),
    ...namespaceFindings(needs, facts),
    ...machineFindings(needs, facts),
    ...unread(facts),
  ]
  return LEVELS.flatMap((level) => all.filter((finding) => finding.level === level))
}

const LEVELS = ['error', 'warning', 'unknown'] as const

function unread(facts: ClusterFacts): readonly Finding[] {
  const parts = Object.keys(CHECKS).filter((part) => facts[part as Part] === undefined) as Part[]
  if (parts.length === 0) return []
  const without = [...new Set(parts.map((part) => CHECKS[part]))].join(', ')
  const text = `The user may not read ${parts.join(', ')}, so this was not checked: ${without}. Use a user that may read them.`
  return [unknown('not_readable', text, { parts })]
}
