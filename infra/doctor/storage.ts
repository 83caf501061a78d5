import type { ClusterFacts, StorageClassFact } from './cluster-facts.ts'
import { error, type Finding, listed, warning } from './finding.ts'
import type { Needs } from './needs.ts'

/** Whether the volumes of a stack can be made, and grow. */
export function storageFindings(needs: Needs, { storageClasses, claims = [] }: ClusterFacts): readonly Finding[] {
  if (storageClasses === undefined) return []
  const existing = new Set(claims.map(({ name }) => name))
  // A claim that exists has its class, whatever the stack asks for now.
  const names = new Set(needs.claims.filter(({ name }) => !existing.has(name)).map(({ storageClass }) => storageClass))
  return [...names].flatMap((name) => {
    const found = storageClasses.find((each) => (name === '' ? each.isDefault : each.name === name))
    return found === undefined ? [missing(name, storageClasses)] : faultsOf(found, needs)
  })
}

function missing(name: string, all: readonly StorageClassFact[]): Finding {
  const known = all.map((each) => each.name)
  const there = `the cluster has ${known.length === 0 ? 'none' : listed(known)}`
  return name === ''
    ? error(
        'storage_class_default_missing',
        `No StorageClass is the default one; ${there}. State platform.storageClass.`,
        { known },
      )
    : error('storage_class_missing', `There is no StorageClass ${name}; ${there}. Correct the name in the stack.`, {
        name,
        known,
      })
}

function faultsOf({ name, allowsExpansion, bindsImmediately }: StorageClassFact, { zones }: Needs): readonly Finding[] {
  return [
    ...(allowsExpansion
      ? []
      : [
          warning(
            'storage_class_cannot_expand',
            `StorageClass ${name} does not allow expansion, so disks can never grow. Set allowVolumeExpansion on it, or use another one.`,
            { name },
          ),
        ]),
    ...(bindsImmediately && zones.length > 0
      ? [
          error(
            'storage_class_binds_immediately',
            `StorageClass ${name} makes volumes before their pod has a zone, so a pod may never reach its volume. Use one with volumeBindingMode WaitForFirstConsumer.`,
            { name },
          ),
        ]
      : []),
  ]
}
