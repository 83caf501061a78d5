import * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions } from '@pulumi/pulumi'
import { labelsOf, selectorOf, type Tier } from './labels.ts'
import type { Site } from './site.ts'

/** Lets a drain of machines take one pod of the tier at a time, in whatever zone. */
export function disruptionBudget(
  site: Site,
  tier: Tier,
  opts: CustomResourceOptions,
): k8s.policy.v1.PodDisruptionBudget {
  return new k8s.policy.v1.PodDisruptionBudget(
    tier,
    {
      metadata: { name: tier, namespace: site.namespace, labels: labelsOf(tier) },
      spec: {
        maxUnavailable: 1,
        selector: { matchLabels: selectorOf(tier) },
        // A pod that is not ready holds up no drain: it does no work that could be interrupted.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    },
    opts,
  )
}
