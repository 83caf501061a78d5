import * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions } from '@pulumi/pulumi'
import { selectorOf } from './labels.ts'
import { labelsOfPod, type PodTemplate } from './pod.ts'
import { rolloutTimeouts } from './rollout-time.ts'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

export interface DeploymentArgs {
  readonly tier: Tier
  readonly name: string
  /** Replicas; where a scaler owns them, those that the first rollout begins with. */
  readonly replicas: number
  readonly scaled: boolean
  readonly template: PodTemplate
}

const MIN_READY_SECONDS = 5

/** Share of the pods that a rollout makes at a time, in percent. */
const SURGE_PERCENT = 25

/** Maximum number of steps of a rollout, for any number of pods. */
const MOST_STEPS = 100 / SURGE_PERCENT

/** A Deployment whose rollout never has fewer pods ready than it is to have. */
export function deployment(
  site: Site,
  { tier, name, replicas, scaled, template }: DeploymentArgs,
  opts: CustomResourceOptions,
): k8s.apps.v1.Deployment {
  return new k8s.apps.v1.Deployment(
    name,
    {
      metadata: { name, namespace: site.namespace, labels: labelsOfPod(template) },
      spec: {
        replicas,
        selector: { matchLabels: selectorOf(site, tier) },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: `${SURGE_PERCENT}%`, maxUnavailable: 0 } },
        minReadySeconds: MIN_READY_SECONDS,
        revisionHistoryLimit: 5,
        progressDeadlineSeconds: 900,
        template,
      },
    },
    {
      ...opts,
      // A scaler owns the count then: what it has set stays through every later update.
      ...(scaled ? { ignoreChanges: ['spec.replicas'] } : {}),
      customTimeouts: rolloutTimeouts({
        template,
        steps: scaled ? MOST_STEPS : Math.ceil(replicas / Math.ceil((replicas * SURGE_PERCENT) / 100)),
        minReadySeconds: MIN_READY_SECONDS,
      }),
    },
  )
}
