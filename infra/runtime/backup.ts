import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { onDemand } from '../kubernetes/job.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { siteOf } from '../kubernetes/site.ts'
import { accessOf, adminPod, type RuntimeArgs, settingsOf } from './environment.ts'

export interface BackupArgs extends RuntimeArgs {
  /** Hours between two snapshots. 1 to 24. */
  readonly intervalHours: number
  /** Name of the CronJob that makes them. @default the name of the component and `-snapshot` */
  readonly snapshotJob?: string
  /** Name of the suspended CronJob from which a restore is created. @default the name of the component and `-restore` */
  readonly restoreJob?: string
}

const RESOURCES = {
  snapshot: { cpuMillicores: 100, memoryMib: 256 },
  restore: { cpuMillicores: 500, memoryMib: 512 },
}

/** What an operator says to a restore, as environment variables of its Job. Where nothing is said, it changes nothing. */
const ASKED = {
  RESTORE_TO: 'latest',
  RESTORE_EXISTING: '--keep',
  RESTORE_MODE: '--dry-run',
  RESTORE_EVENTS_PER_SECOND: '2000',
} as const

/**
 * Makes snapshots of the indices, and deletes old ones. From the second CronJob, which never runs by itself, operators create a
 * Job that restores them. Both have a user of Elasticsearch of their own: API and workers cannot delete a snapshot.
 */
export class Backup extends ComponentResource {
  constructor(name: string, args: BackupArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Backup', name, {}, opts)
    const { image, intervalHours, snapshotJob = `${name}-snapshot`, restoreJob = `${name}-restore` } = args
    const site = siteOf(name, args)
    const { backup, ...search } = args.elasticsearch.endpoint
    const access = { ...accessOf(args), search: { ...search, ...backup } }
    const env = settingsOf(access)
    const snapshot = { name: 'snapshot', image, args: ['snapshots', 'take'], env, resources: RESOURCES.snapshot }
    const options = [
      ...['--to', '$(RESTORE_TO)', '$(RESTORE_EXISTING)', '$(RESTORE_MODE)'],
      ...['--events-per-second', '$(RESTORE_EVENTS_PER_SECOND)'],
    ]
    const restore = {
      name: 'restore',
      image,
      args: ['restore', ...options],
      env: { ...env, ...ASKED },
      resources: RESOURCES.restore,
    }
    const make = (job: string, spec: k8s.types.input.batch.v1.CronJobSpec) =>
      new k8s.batch.v1.CronJob(
        job,
        { metadata: { name: job, namespace: site.namespace, labels: labelsOf(site, 'set-up') }, spec },
        { parent: this },
      )
    make(snapshotJob, {
      schedule: intervalHours === 24 ? '41 1 * * *' : `41 */${intervalHours} * * *`,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      startingDeadlineSeconds: intervalHours * 1800,
      concurrencyPolicy: 'Forbid',
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 24 * 3600,
          template: adminPod(site, access, [snapshot], { once: true }),
        },
      },
    })
    const graceSeconds = Math.ceil(access.settings.shutdownGraceSeconds) + 5
    make(restoreJob, onDemand(adminPod(site, access, [restore], { once: true, graceSeconds })))
    this.registerOutputs()
  }
}
