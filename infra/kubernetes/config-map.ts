import * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions, Input } from '@pulumi/pulumi'
import { labelsOf } from './labels.ts'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

/** Files that a tier reads, under a fixed name: the pods carry a digest of those that they read only at their start. */
export function configMap(
  site: Site,
  tier: Tier,
  name: string,
  data: Readonly<Record<string, Input<string>>>,
  opts: CustomResourceOptions,
): k8s.core.v1.ConfigMap {
  return new k8s.core.v1.ConfigMap(
    name,
    { metadata: { name, namespace: site.namespace, labels: labelsOf(site, tier) }, data: { ...data } },
    opts,
  )
}
