import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { labelsOf, selectorOf } from './labels.ts'
import { labelsOfPod, type PodTemplate } from './pod.ts'
import { keeping } from './protection.ts'
import { rolloutSeconds, rolloutTimeouts } from './rollout-time.ts'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

/** A volume of each pod. */
export interface ClaimArgs {
  readonly name: string
  readonly gib: number
  /** The class of the platform when empty. */
  readonly storageClass: string
}

export interface StatefulArgs {
  readonly site: Site
  readonly tier: Tier
  /** The headless Service that names the pods. */
  readonly serviceName: string
  readonly replicas: number
  readonly claims: readonly ClaimArgs[]
  readonly template: PodTemplate
  /** Additional labels that distinguish this set from the others of its tier. */
  readonly labels?: Readonly<Record<string, string>>
  /** A start that is not unusual, in seconds, where the startup probe allows one that is rare and much longer. */
  readonly usualStartSeconds?: number
  /** Seconds that a pod must be ready before the next one restarts. @default 5 */
  readonly readySeconds?: number
  /**
   * Whether a `roller` restarts its pods, each when the servers allow it, and waits for them. Otherwise Kubernetes does, each when the
   * one before is ready.
   *
   * @default false
   */
  readonly gated?: boolean
}

/**
 * A StatefulSet of the component's name with its volumes. The name is identity: another one is another set with empty volumes.
 * It holds data, and no change of its arguments can destroy any: the volumes are resources
 * of their own, which grow in place, and the fields of the set for which Kubernetes would need another one never change.
 */
export class Stateful extends ComponentResource {
  readonly set: k8s.apps.v1.StatefulSet
  /** Name in Kubernetes. */
  readonly name: string
  readonly replicas: number
  readonly template: PodTemplate
  /** How long one pod may take to stop and to be ready again, in seconds. */
  readonly podSeconds: number

  constructor(name: string, args: StatefulArgs, opts: ComponentResourceOptions) {
    super('tracardi-at-scale:kubernetes:Stateful', name, {}, keeping(args.site.environment, opts))
    const { site, replicas, template, usualStartSeconds } = args
    const { gated = false } = args
    const minReadySeconds = args.readySeconds ?? 5
    this.name = name
    this.replicas = replicas
    this.template = template
    this.podSeconds = rolloutSeconds({ template, steps: 1, minReadySeconds })
    const metadata = { namespace: site.namespace, labels: { ...labelsOf(site, args.tier), ...args.labels } }
    const claims = args.claims.flatMap((claim) =>
      Array.from({ length: replicas }, (_, ordinal) => {
        const claimName = `${claim.name}-${name}-${ordinal}`
        return new k8s.core.v1.PersistentVolumeClaim(
          claimName,
          {
            metadata: { ...metadata, name: claimName, annotations: { 'pulumi.com/skipAwait': 'true' } },
            spec: claimSpec(site, claim),
          },
          // A class never changes; that it was asked to is refused where the facts of the stack are compared.
          { parent: this, ignoreChanges: ['spec.storageClassName'] },
        )
      }),
    )
    this.set = new k8s.apps.v1.StatefulSet(
      name,
      {
        metadata: {
          ...metadata,
          name,
          labels: labelsOfPod(template),
          // Pods that are broken would be waited for, and what corrects them would come after the wait.
          ...(gated ? { annotations: { 'pulumi.com/skipAwait': 'true' } } : {}),
        },
        spec: {
          replicas,
          serviceName: args.serviceName,
          selector: { matchLabels: { ...selectorOf(site, args.tier), ...args.labels } },
          // A quorum that lost all its pods comes back only when they start together.
          podManagementPolicy: 'Parallel',
          updateStrategy: { type: gated ? 'OnDelete' : 'RollingUpdate' },
          minReadySeconds,
          revisionHistoryLimit: 5,
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          template,
          volumeClaimTemplates: args.claims.map((claim) => ({
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata: { name: claim.name },
            spec: claimSpec(site, claim),
          })),
        },
      },
      {
        parent: this,
        dependsOn: claims,
        // Immutable, and only used for a pod without a claim, which none of these is.
        ignoreChanges: ['spec.volumeClaimTemplates'],
        customTimeouts: rolloutTimeouts({
          template,
          steps: replicas,
          minReadySeconds,
          ...(usualStartSeconds === undefined ? {} : { usualStartSeconds }),
        }),
      },
    )
    this.registerOutputs({ set: this.set })
  }
}

function claimSpec(site: Site, { gib, storageClass }: ClaimArgs) {
  const storageClassName = storageClass || site.storageClass
  return {
    accessModes: ['ReadWriteOnce'],
    ...(storageClassName ? { storageClassName } : {}),
    resources: { requests: { storage: `${gib}Gi` } },
  }
}

/**
 * Sets of one tier, each after the one before: what restarts them restarts one pod of the tier at a time, as within a set.
 *
 * @param make gives a set that depends on the one before it.
 */
export function oneAfterTheOther<T>(
  items: readonly T[],
  make: (item: T, previous: readonly Stateful[]) => Stateful,
): readonly Stateful[] {
  const sets: Stateful[] = []
  for (const item of items) sets.push(make(item, sets.slice(-1)))
  return sets
}
