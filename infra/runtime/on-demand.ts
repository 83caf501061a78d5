import * as k8s from '@pulumi/kubernetes'
import type { Resource } from '@pulumi/pulumi'
import { onDemand } from '../kubernetes/job.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { RUNTIME_USER } from '../kubernetes/runtime-user.ts'
import { siteOf } from '../kubernetes/site.ts'
import { accessOf, containerEnv, type RuntimeArgs, runtimeVolumes, settingsConfig } from './environment.ts'

export interface CommandArgs extends RuntimeArgs {
  /** Name of the `Workers` whose settings the command has. */
  readonly workers: string
}

/** A command that operators run. */
interface Command {
  /** Whose token of Pulsar it has. */
  readonly rights: 'worker' | 'api'
  readonly args: readonly string[]
  /** What an operator says to it, as environment variables of its Job, and what holds where nothing is said. */
  readonly asked: Readonly<Record<string, string>>
}

const RESOURCES = { cpuMillicores: 500, memoryMib: 512 }

/** The template of the Jobs of a command. It never runs on its own: operators create a Job from it. */
export function commandOnDemand(name: string, args: CommandArgs, command: Command, parent: Resource): void {
  const site = siteOf(name, args)
  const access = accessOf(args)
  const { volumes, mounts } = runtimeVolumes(access, command.rights)
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
        name: command.args[0] as string,
        image: args.image,
        args: [...command.args],
        settings: settingsConfig(args.workers),
        env: { ...containerEnv(access, RESOURCES.memoryMib, 'worker'), ...command.asked },
        resources: RESOURCES,
        mounts,
      },
    ],
  })
  new k8s.batch.v1.CronJob(
    name,
    { metadata: { name, namespace: site.namespace, labels: labelsOf(site, 'set-up') }, spec: onDemand(template) },
    { parent },
  )
}
