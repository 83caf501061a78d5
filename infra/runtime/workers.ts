import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import type { GroupOf } from '../config/read.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { disruptionBudget } from '../kubernetes/disruption.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { service } from '../kubernetes/service.ts'
import type { Site } from '../kubernetes/site.ts'
import { INSTANCES, MONITORING_PORT, type RuntimeAccess } from './environment.ts'
import { programPod, programSettings } from './program.ts'

export interface WorkersArgs {
  readonly site: Site
  readonly image: Input<string>
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
    const { site, image, config, access } = args
    const { configuration, digest } = programSettings({ site, access, tier: 'worker' }, this)
    const template = programPod({ site, image, access, tier: 'worker', resources: config }, { settings: digest })
    this.deployment = deployment(
      site,
      { tier: 'worker', replicas: config.replicas, template, scaled: config.autoscaling !== 'none' },
      { parent: this, dependsOn: [configuration] },
    )
    const ports = { monitoring: MONITORING_PORT }
    service(site, { tier: 'worker', name: INSTANCES.worker, ports, type: 'headless' }, { parent: this })
    disruptionBudget(site, 'worker', { parent: this })
    if (config.autoscaling === 'keda') this.scaledObject(args)
    if (config.autoscaling === 'hpa') this.horizontalPodAutoscaler(args)
    this.registerOutputs({ deployment: this.deployment })
  }

  /** KEDA adds a worker for each `backlogPerWorker` messages. Where the backlog cannot be read the count stays (KEDA 2.17 on). */
  private scaledObject({ site, config, access }: WorkersArgs): void {
    const { pulsar, plan } = access
    const topic = `persistent://${plan.runtime.pulsarTenant}/${plan.runtime.pulsarNamespace}/${plan.runtime.pulsarTopic}`
    const metadata = { namespace: site.namespace, labels: labelsOf('worker') }
    const secretName = pulsar.tokenSecrets?.worker
    if (secretName) {
      new k8s.apiextensions.CustomResource(
        'worker-trigger',
        {
          apiVersion: 'keda.sh/v1alpha1',
          kind: 'TriggerAuthentication',
          metadata: { ...metadata, name: 'worker' },
          spec: { secretTargetRef: [{ parameter: 'bearerToken', name: secretName, key: 'token' }] },
        },
        { parent: this },
      )
    }
    new k8s.apiextensions.CustomResource(
      'worker-scaler',
      {
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'ScaledObject',
        metadata: { ...metadata, name: 'worker' },
        spec: {
          scaleTargetRef: { name: 'worker' },
          minReplicaCount: config.minReplicas || config.replicas,
          maxReplicaCount: config.maxReplicas,
          fallback: { failureThreshold: 3, replicas: config.replicas, behavior: 'currentReplicasIfHigher' },
          advanced: { horizontalPodAutoscalerConfig: { behavior } },
          triggers: [
            {
              type: 'pulsar',
              metadata: {
                adminURL: pulsar.endpoint.adminUrl,
                topic,
                isPartitionedTopic: 'true',
                subscription: plan.runtime.pulsarSubscription,
                msgBacklogThreshold: `${config.backlogPerWorker}`,
                ...(secretName ? { authModes: 'bearer' } : {}),
              },
              ...(secretName ? { authenticationRef: { name: 'worker' } } : {}),
            },
          ],
        },
      },
      { parent: this, dependsOn: [this.deployment] },
    )
  }

  private horizontalPodAutoscaler({ site, config, access }: WorkersArgs): void {
    const held = Math.round((access.plan.runtime.bulkConcurrency * config.targetBusyPercent * 1000) / 100)
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      'worker',
      {
        metadata: { name: 'worker', namespace: site.namespace, labels: labelsOf('worker') },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'worker' },
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
