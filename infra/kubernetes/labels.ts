import type { Input } from '@pulumi/pulumi'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

/** Value of `partOf` for platforms. Each has a namespace of its own, so all have the same. */
export const PLATFORM = 'tracardi'

export const PART_OF = 'app.kubernetes.io/part-of'
/** Of a pod, its tier. */
export const TIER = 'app.kubernetes.io/name'
/** Of a node, its zone. */
export const ZONE = 'topology.kubernetes.io/zone'

/** What selects the pods of a tier. It can never change: selectors are immutable. */
export function selectorOf({ partOf }: Pick<Site, 'partOf'>, tier: Tier): Record<string, string> {
  return { [PART_OF]: partOf, [TIER]: tier }
}

/**
 * The recommended labels of everything that belongs to a tier. `name` would be the application and `component` its part; here both
 * are the tier, because selectors of sets that exist have it as `name`.
 */
export function labelsOf(site: Pick<Site, 'partOf' | 'instance'>, tier: Tier): Record<string, string> {
  return {
    ...selectorOf(site, tier),
    'app.kubernetes.io/component': tier,
    'app.kubernetes.io/instance': site.instance,
    'app.kubernetes.io/managed-by': 'pulumi',
  }
}

/** The label of the version that a pod runs: the tag of its image. An image by digest alone has none, nor one that is not known yet. */
export function versionLabel(image: Input<string> | undefined): Record<string, string> {
  const name = typeof image === 'string' ? image.split('/').at(-1) : undefined
  const tag = /^[^:@]+:([A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)(?:@|$)/.exec(name ?? '')?.[1]
  return tag === undefined ? {} : { 'app.kubernetes.io/version': tag }
}

/** Labels from a list of `name=value`, as a stack's configuration has it. */
export function labelsFrom(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.map((text) => text.split('=', 2) as [string, string]))
}
