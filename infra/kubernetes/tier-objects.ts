import * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions, Input } from '@pulumi/pulumi'
import { labelsOf, selectorOf } from './labels.ts'
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

/**
 * Lets a drain of machines take one pod of the tier at a time, in any zone.
 *
 * @param kept whether a `BudgetKeeper` changes it afterwards.
 */
export function disruptionBudget(
  site: Site,
  tier: Tier,
  name: string,
  opts: CustomResourceOptions,
  kept = false,
): k8s.policy.v1.PodDisruptionBudget {
  return new k8s.policy.v1.PodDisruptionBudget(
    name,
    {
      metadata: { name, namespace: site.namespace, labels: labelsOf(site, tier) },
      spec: {
        maxUnavailable: 1,
        selector: { matchLabels: selectorOf(site, tier) },
        // A pod that is not ready holds up no drain: it does no work that could be interrupted.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    },
    // What the keeper has set stays through every later update.
    kept ? { ...opts, ignoreChanges: ['spec.maxUnavailable'] } : opts,
  )
}
