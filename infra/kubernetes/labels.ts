import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

/** Value of `partOf` for platforms. Each has a namespace of its own, so all have the same. */
export const PLATFORM = 'tracardi'

/** What selects the pods of a tier. It can never change: selectors are immutable. */
export function selectorOf({ partOf }: Pick<Site, 'partOf'>, tier: Tier): Record<string, string> {
  return { 'app.kubernetes.io/part-of': partOf, 'app.kubernetes.io/name': tier }
}

/** The labels of everything that belongs to a tier. */
export function labelsOf(site: Pick<Site, 'partOf'>, tier: Tier): Record<string, string> {
  return {
    ...selectorOf(site, tier),
    'app.kubernetes.io/managed-by': 'pulumi',
  }
}

/** The label by which the pods of one zone of a tier are told apart, where each zone has a StatefulSet of its own. */
export const ZONE_LABEL = 'tracardi.com/zone'
