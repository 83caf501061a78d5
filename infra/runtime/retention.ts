import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { labelsOf } from '../kubernetes/labels.ts'
import { siteOf } from '../kubernetes/site.ts'
import { MOST_NIGHT_HOURS } from '../sizing/limits.ts'
import { accessOf, adminPod, type RuntimeArgs, settingsOf } from './environment.ts'

export interface RetentionArgs extends RuntimeArgs {
  /** Whether anything is deleted. @default true */
  readonly expires?: boolean
  /** Name of the CronJob. @default the name of the component */
  readonly cronJob?: string
}

const RESOURCES = { cpuMillicores: 100, memoryMib: 256 }

/** Every night, in the time zone of the control plane: deletes what is past `EVENT_RETENTION_DAYS`, `SESSION_RETENTION_DAYS` and `PROFILE_RETENTION_DAYS`. */
const SCHEDULE = '17 3 * * *'

/** What a night does, as containers of one pod. */
function nightly(expires: boolean, ages: boolean): readonly (readonly [string, string])[] {
  return [
    ...(expires ? [['expire-indices', 'expire'] as const] : []),
    ...(ages ? [['age-indices', 'age'] as const] : []),
  ]
}

/** Deletes what is older than the stack keeps, and sends what has aged to warm nodes. It is the only part of the platform that deletes documents. */
export class Retention extends ComponentResource {
  constructor(name: string, args: RetentionArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Retention', name, {}, opts)
    const { image, cronJob = name, expires = true } = args
    const site = siteOf(name, args)
    const { tokenSecrets: _token, ...pulsar } = args.pulsar
    // It has nothing to do with Pulsar, so it gets no token.
    const access = accessOf({ ...args, pulsar })
    const containers = nightly(expires, access.settings.warmAfterDays > 0).map(([container, command]) => ({
      name: container,
      image,
      args: ['indices', command, '--apply'],
      env: settingsOf(access),
      resources: RESOURCES,
    }))
    const template = adminPod(site, access, containers)
    new k8s.batch.v1.CronJob(
      cronJob,
      {
        metadata: { name: cronJob, namespace: site.namespace, labels: labelsOf(site, 'set-up') },
        spec: {
          schedule: SCHEDULE,
          concurrencyPolicy: 'Forbid',
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 3,
          // A night that was missed is made up for within the day.
          startingDeadlineSeconds: 43_200,
          jobTemplate: { spec: { backoffLimit: 5, activeDeadlineSeconds: MOST_NIGHT_HOURS * 3600, template } },
        },
      },
      { parent: this },
    )
    this.registerOutputs()
  }
}
