import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { onDemand } from '../kubernetes/job.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { RUNTIME_USER } from '../kubernetes/runtime-user.ts'
import { siteOf } from '../kubernetes/site.ts'
import { accessOf, containerEnv, type RuntimeArgs, runtimeVolumes, settingsConfig } from './environment.ts'

export interface ReplayArgs extends RuntimeArgs {
  /** Name of the `Workers` whose settings a replay has. */
  readonly workers: string
}

const RESOURCES = { cpuMillicores: 500, memoryMib: 512 }

/** What an operator says to a replay, as environment variables of its Job, and what holds where nothing is said. */
const ASKED = { REPLAY_FROM: 'earliest', REPLAY_TO: 'now', REPLAY_EVENTS_PER_SECOND: '2000' } as const

/**
 * The template of the Jobs that store again what Pulsar keeps. It never runs on its own: operators create a Job from it, see
 * "Fill a lost index again" in docs/operations.md. It has the rights of a worker.
 */
export class Replay extends ComponentResource {
  constructor(name: string, args: ReplayArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Replay', name, {}, opts)
    const { image, workers } = args
    const site = siteOf(name, args)
    const access = accessOf(args)
    const { volumes, mounts } = runtimeVolumes(access, 'worker')
    const template = podTemplate({
      site,
      tier: 'set-up',
      ...RUNTIME_USER,
      graceSeconds: Math.ceil(access.settings.shutdownGraceSeconds) + 5,
      // A stopped one reports how to continue; a restart from the beginning would repeat everything.
      restartPolicy: 'Never',
      volumes,
      containers: [
        {
          name: 'replay',
          image,
          args: [
            'replay',
            ...['--from', '$(REPLAY_FROM)', '--to', '$(REPLAY_TO)'],
            ...['--events-per-second', '$(REPLAY_EVENTS_PER_SECOND)'],
          ],
          settings: settingsConfig(workers),
          env: { ...containerEnv(access, RESOURCES.memoryMib, 'worker'), ...ASKED },
          resources: RESOURCES,
          mounts,
        },
      ],
    })
    new k8s.batch.v1.CronJob(
      name,
      {
        metadata: { name, namespace: site.namespace, labels: labelsOf(site, 'set-up') },
        spec: onDemand(template),
      },
      { parent: this },
    )
    this.registerOutputs()
  }
}
