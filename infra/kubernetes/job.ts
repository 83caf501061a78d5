import * as k8s from '@pulumi/kubernetes'
import { type CustomResourceOptions, type Input, output } from '@pulumi/pulumi'
import { labelsOf } from './labels.ts'
import { type PodArgs, type PodTemplate, podTemplate } from './pod.ts'
import type { Site } from './site.ts'

export interface JobPodArgs
  extends Pick<
    PodArgs,
    'site' | 'user' | 'group' | 'volumes' | 'initContainers' | 'containers' | 'serviceAccount' | 'callsApiServer'
  > {
  /** It runs once: a pod that failed stays with its log, because an operator must see why. @default it runs until it has succeeded */
  readonly once?: boolean
  /** Seconds between SIGTERM and SIGKILL. @default 30 */
  readonly graceSeconds?: number
}

/** A pod of the tier `set-up`. */
export function jobPod({ once = false, graceSeconds = 30, ...args }: JobPodArgs): PodTemplate {
  return podTemplate({ ...args, tier: 'set-up', graceSeconds, restartPolicy: once ? 'Never' : 'OnFailure' })
}

/** Where Kubernetes reads the message of a container that has ended, which an update shows. */
export const MESSAGE_FILE = '/dev/termination-log'

/** Exit codes of SIGKILL, which also the lack of memory is, and of SIGTERM. */
const KILLED: readonly number[] = [137, 143]

/**
 * How a Job ends of which the command can begin again where it was. The first pod that fails ends the Job: a command that stopped would stop
 * again, and the next `up` begins it again. A pod that was killed, or goes with its machine, is followed by another one.
 *
 * `FailJob` would say the same, but the provider does not see that a Job has failed for that reason: the update would wait until its limit.
 *
 * @param containerName the container that runs the command. @default any
 */
export function endsWhereItStops(
  containerName?: string,
): Pick<k8s.types.input.batch.v1.JobSpec, 'backoffLimit' | 'podFailurePolicy'> {
  const named = containerName === undefined ? {} : { containerName }
  return {
    backoffLimit: 0,
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'Ignore', onExitCodes: { ...named, operator: 'In', values: [...KILLED] } },
      ],
    },
  }
}

/** A CronJob that never runs by itself: operators create Jobs from it. */
export function onDemand(template: PodTemplate): k8s.types.input.batch.v1.CronJobSpec {
  return {
    suspend: true,
    schedule: '0 0 1 1 *',
    concurrencyPolicy: 'Forbid',
    jobTemplate: { spec: { backoffLimit: 0, template } },
  }
}

/**
 * A Job of the set-up. Its name contains a digest of its inputs. So a change creates a new Job in addition to the
 * old one, and an unchanged Job does not run again. Every such Job checks the state first: it may run at any time, repeatedly.
 *
 * @param digest everything that the Job depends on; it distinguishes one run from another.
 * @param options `retries`: how often a pod that failed is followed by another one, 10 by default.
 */
export function setUpJob(
  site: Site,
  name: string,
  digest: Input<string>,
  template: PodTemplate,
  opts: CustomResourceOptions,
  { retries = 10 }: { readonly retries?: number } = {},
): k8s.batch.v1.Job {
  return new k8s.batch.v1.Job(
    name,
    {
      metadata: {
        name: output(digest).apply((text) => `${name}-${text.slice(0, 8)}`),
        namespace: site.namespace,
        labels: labelsOf(site, 'set-up'),
        annotations: { 'pulumi.com/replaceUnready': 'true' },
      },
      spec: {
        backoffLimit: retries,
        activeDeadlineSeconds: 1200,
        completions: 1,
        parallelism: 1,
        template,
      },
    },
    { ...opts, customTimeouts: { create: '20m' } },
  )
}

/** How long a check of the servers waits until they are whole, in seconds: below the deadline of its Job. */
export const CHECK_SECONDS = 600
