import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import { labelsOf } from '../kubernetes/labels.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import type { Site } from '../kubernetes/site.ts'
import { containerEnv, RUNTIME_USER, type RuntimeAccess, runtimeVolumes, settingsOf } from './environment.ts'

export interface RetentionArgs {
  readonly site: Site
  readonly image: Input<string>
  readonly access: RuntimeAccess
}

const RESOURCES = { cpuMillicores: 100, memoryMib: 256 }

/** Every night, in the time zone of the control plane: deletes the event indices that are past `EVENT_RETENTION_DAYS`. */
const SCHEDULE = '17 3 * * *'

/** Deletes what is older than the stack keeps. It is the only part of the platform that deletes events. */
export class Retention extends ComponentResource {
  constructor(name: string, { site, image, ...args }: RetentionArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Retention', name, {}, opts)
    // It has nothing to do with Pulsar, so it gets no token.
    const access = { ...args.access, pulsar: { endpoint: args.access.pulsar.endpoint, dependsOn: [] } }
    const { volumes, mounts } = runtimeVolumes(access, 'admin')
    const template = podTemplate({
      tier: 'set-up',
      ...RUNTIME_USER,
      graceSeconds: 30,
      restartPolicy: 'OnFailure',
      pullSecret: site.pullSecret,
      cpuLimits: site.cpuLimits,
      volumes,
      containers: [
        {
          name: 'expire-indices',
          image,
          args: ['indices', 'expire', '--apply'],
          env: { ...containerEnv(access, RESOURCES.memoryMib, 'admin'), ...settingsOf(access) },
          resources: RESOURCES,
          mounts,
        },
      ],
    })
    new k8s.batch.v1.CronJob(
      'expire-indices',
      {
        metadata: { name: 'expire-indices', namespace: site.namespace, labels: labelsOf('set-up') },
        spec: {
          schedule: SCHEDULE,
          concurrencyPolicy: 'Forbid',
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 3,
          // A night that was missed is made up for within the day.
          startingDeadlineSeconds: 43_200,
          jobTemplate: { spec: { backoffLimit: 5, activeDeadlineSeconds: 3600, template } },
        },
      },
      { parent: this },
    )
    this.registerOutputs()
  }
}
