import * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions } from '@pulumi/pulumi'
import { labelsOf, selectorOf } from './labels.ts'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

/** Lets a drain of machines take one pod of the tier at a time, in whatever zone. */
export function disruptionBudget(
  site: Site,
  tier: Tier,
  name: string,
  opts: CustomResourceOptions,
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
    opts,
  )
}
