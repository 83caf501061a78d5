import type * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions, Input } from '@pulumi/pulumi'
import { checksum, scriptOf } from '../kubernetes/config-files.ts'
import { CHECK_SECONDS, jobPod, setUpJob } from '../kubernetes/job.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { PULSAR_USER, TOOL_ENV } from './server.ts'
import { clientAddress, membersService } from './zookeeper.ts'

export interface UpgradeCheckArgs {
  readonly site: Site
  /** Name of the Job. */
  readonly name: string
  readonly image: Input<string>
  /** `platform.acknowledge`: with `pulsar.upgrade=version` there is no check. */
  readonly acknowledge: readonly string[]
  /** The version that the servers are to run; no check where it is not known. */
  readonly version: string
  /** Name of the ensemble. */
  readonly zookeeper: string
}

/**
 * The Job that the servers of Pulsar wait for when their version changes. It ends well where none runs, or a broker runs that version, so
 * it stops no update but an upgrade while a bookie is down or a ledger lacks a copy. Its image is the new one, so one that cannot be
 * pulled is found before a server stops.
 */
export function upgradeCheck(args: UpgradeCheckArgs, opts: CustomResourceOptions): readonly k8s.batch.v1.Job[] {
  const { version, acknowledge } = args
  return version === '' || acknowledge.includes(`pulsar.upgrade=${version}`) ? [] : [checkJob(args, opts)]
}

function checkJob(args: UpgradeCheckArgs, opts: CustomResourceOptions): k8s.batch.v1.Job {
  const { site, name, image, version, zookeeper } = args
  const script = scriptOf(new URL('scripts/upgrade-check.sh', import.meta.url), {
    VERSION: version,
    ZOOKEEPER: clientAddress(site, zookeeper),
    API_SERVER: hostOf({ ...site, namespace: 'default' }, 'kubernetes'),
    MEMBERS: hostOf(site, membersService(zookeeper)),
    WAIT_SECONDS: CHECK_SECONDS,
  })
  const container = {
    name: 'upgrade-check',
    image,
    command: ['bash', '-c', script],
    env: TOOL_ENV,
    resources: { cpuMillicores: 250, memoryMib: 512 },
  }
  const template = jobPod({ site, ...PULSAR_USER, once: true, containers: [container] })
  return setUpJob(site, name, checksum(script), template, opts, { retries: 0 })
}
