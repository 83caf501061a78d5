import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { topicsOf } from '../../runtime/names.ts'
import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { service } from '../kubernetes/service.ts'
import { type Site, siteOf } from '../kubernetes/site.ts'
import { disruptionBudget } from '../kubernetes/tier-objects.ts'
import { accessOf, instancesService, MONITORING_PORT, type RuntimeAccess, type RuntimeArgs } from './environment.ts'
import { programPod, programSettings } from './program.ts'

/** Sizes of the workers, and what scales them. */
export interface WorkersSettings {
  /** Replicas of the worker. 1 to 500 pods. @default 4 */
  readonly replicas?: number
  /**
   * `keda`: a ScaledObject on the backlog of the subscription. `hpa`: a HorizontalPodAutoscaler on the bulks in flight, a metric of the workers, through a custom metrics adapter.
   *
   * @default 'none'
   */
  readonly autoscaling?: 'none' | 'keda' | 'hpa'
  /** Minimum replicas of autoscaling; 0: as many as `replicas`. 0 to 500 pods. @default 0 */
  readonly minReplicas?: number
  /**
   * Maximum replicas of autoscaling; at most one for each partition. 1 to 500 pods.
   *
   * @default 10
   */
  readonly maxReplicas?: number
  /** Backlog for which KEDA adds one worker. 1 to 1000000 messages. @default 200 */
  readonly backlogPerWorker?: number
  /** Target of `hpa`: bulks in flight, as a part of BULK_CONCURRENCY. 10 to 95 percent. @default 70 */
  readonly targetBusyPercent?: number
  /** CPU of one worker. 50 to 64000 millicores. @default 1000 */
  readonly cpuMillicores?: number
  /** Memory of one worker. 256 to 262144 MiB. @default 512 */
  readonly memoryMib?: number
}

export interface WorkersArgs extends RuntimeArgs, WorkersSettings {}

/** What the scalers are made from. */
interface Scaled {
  readonly name: string
  readonly site: Site
  readonly config: GroupOf<'workers'>
  readonly access: RuntimeAccess
}

/** Bulks in flight on average: `rate(tracardi_worker_bulk_seconds_sum[2m])`, which a custom metrics adapter serves. */
const BULKS_IN_FLIGHT = 'tracardi_worker_bulks_in_flight'

/** Up within a minute, down one worker in five: the next wave of events is never far, and a new worker costs a rebalance. */
const behavior = {
  scaleUp: { stabilizationWindowSeconds: 30, policies: [{ type: 'Percent', value: 100, periodSeconds: 60 }] },
  scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }] },
}

/** The workers: store what the API has published. Any number may run; more than there are partitions find little to do. */
export class Workers extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: WorkersArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Workers', name, {}, opts)
    const { image } = args
    const own: Scaled = {
      name,
      site: siteOf(name, args),
      config: withDefaults(name, 'workers', args),
      access: accessOf(args),
    }
    const { site, config, access } = own
    const { configuration, digest } = programSettings({ name, site, access, tier: 'worker' }, this)
    const template = programPod({ name, site, image, access, tier: 'worker', resources: config }, { settings: digest })
    this.deployment = deployment(
      site,
      { tier: 'worker', name, replicas: config.replicas, template, scaled: config.autoscaling !== 'none' },
      { parent: this, dependsOn: [configuration] },
    )
    const ports = { monitoring: MONITORING_PORT }
    service(site, { tier: 'worker', name: instancesService(name), ports, type: 'headless' }, { parent: this })
    disruptionBudget(site, 'worker', name, { parent: this })
    if (config.autoscaling === 'keda') this.scaledObject(own)
    if (config.autoscaling === 'hpa') this.horizontalPodAutoscaler(own)
    this.registerOutputs({ deployment: this.deployment })
  }

  /** KEDA adds a worker for each `backlogPerWorker` messages. Where the backlog cannot be read the count stays (KEDA 2.17 on). */
  private scaledObject({ name, site, config, access }: Scaled): void {
    const { pulsar, settings } = access
    const { events, eventsSubscription } = topicsOf(settings)
    const metadata = { namespace: site.namespace, labels: labelsOf(site, 'worker') }
    const secretName = pulsar.tokenSecrets?.worker
    if (secretName) {
      new k8s.apiextensions.CustomResource(
        `${name}-trigger`,
        {
          apiVersion: 'keda.sh/v1alpha1',
          kind: 'TriggerAuthentication',
          metadata: { ...metadata, name },
          spec: { secretTargetRef: [{ parameter: 'bearerToken', name: secretName, key: 'token' }] },
        },
        { parent: this },
      )
    }
    new k8s.apiextensions.CustomResource(
      `${name}-scaler`,
      {
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'ScaledObject',
        metadata: { ...metadata, name },
        spec: {
          scaleTargetRef: { name },
          minReplicaCount: config.minReplicas || config.replicas,
          maxReplicaCount: config.maxReplicas,
          fallback: { failureThreshold: 3, replicas: config.replicas, behavior: 'currentReplicasIfHigher' },
          advanced: { horizontalPodAutoscalerConfig: { behavior } },
          triggers: [
            {
              type: 'pulsar',
              metadata: {
                adminURL: pulsar.endpoint.adminUrl,
                topic: events,
                isPartitionedTopic: 'true',
                subscription: eventsSubscription,
                msgBacklogThreshold: `${config.backlogPerWorker}`,
                ...(secretName ? { authModes: 'bearer' } : {}),
              },
              ...(secretName ? { authenticationRef: { name } } : {}),
            },
          ],
        },
      },
      { parent: this, dependsOn: [this.deployment] },
    )
  }

  private horizontalPodAutoscaler({ name, site, config, access }: Scaled): void {
    const held = Math.round((access.settings.bulkConcurrency * config.targetBusyPercent * 1000) / 100)
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      name,
      {
        metadata: { name, namespace: site.namespace, labels: labelsOf(site, 'worker') },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
          minReplicas: config.minReplicas || config.replicas,
          maxReplicas: config.maxReplicas,
          metrics: [
            {
              type: 'Pods',
              pods: { metric: { name: BULKS_IN_FLIGHT }, target: { type: 'AverageValue', averageValue: `${held}m` } },
            },
          ],
          behavior,
        },
      },
      { parent: this, dependsOn: [this.deployment] },
    )
  }
}
