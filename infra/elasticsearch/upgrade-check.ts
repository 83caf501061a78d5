import type * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions, Input } from '@pulumi/pulumi'
import { snapshotRepository } from '../../runtime/config.ts'
import { checksum, scriptOf } from '../kubernetes/config-files.ts'
import { CHECK_SECONDS, jobPod, setUpJob } from '../kubernetes/job.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { authorityConfig } from './certificates.ts'
import { ELASTICSEARCH_USER } from './node.ts'
import { membersService } from './node-sets.ts'
import { HTTP_PORT } from './settings.ts'
import { passwordSecret } from './users.ts'

export interface UpgradeCheckArgs {
  readonly site: Site
  /** Name of the cluster. */
  readonly cluster: string
  readonly image: Input<string>
  /** `platform.acknowledge`: with `elasticsearch.upgrade=version` there is no check. */
  readonly acknowledge: readonly string[]
  /** The version that the nodes are to run; no check where it is not known. */
  readonly version: string
  readonly security: boolean
  readonly indexPrefix: string
  /** Hours between two snapshots; 0 where there are none. */
  readonly snapshotHours: number
}

/**
 * The Job that the nodes wait for when their version changes. It ends well where no node runs, or one runs that version, so it stops no
 * update but an upgrade of a cluster that is not whole, or has no snapshot of late. Its image is the new one, so one that cannot be
 * pulled is found before a node stops.
 */
export function upgradeCheck(args: UpgradeCheckArgs, opts: CustomResourceOptions): readonly k8s.batch.v1.Job[] {
  const { version, acknowledge } = args
  return version === '' || acknowledge.includes(`elasticsearch.upgrade=${version}`) ? [] : [checkJob(args, opts)]
}

function checkJob(args: UpgradeCheckArgs, opts: CustomResourceOptions): k8s.batch.v1.Job {
  const { site, cluster, image, version, security, indexPrefix, snapshotHours } = args
  const scheme = security ? 'https' : 'http'
  const members = hostOf(site, membersService(cluster, 'elasticsearch-master'))
  const script = scriptOf(new URL('scripts/upgrade-check.sh', import.meta.url), {
    VERSION: version,
    URL: `${scheme}://${hostOf(site, cluster)}:${HTTP_PORT}`,
    MEMBERS: `${scheme}://${members}:${HTTP_PORT}`,
    WAIT_SECONDS: CHECK_SECONDS,
    SNAPSHOT_HOURS: snapshotHours,
    REPOSITORY: snapshotRepository(indexPrefix),
  })
  const password = { name: passwordSecret(cluster, 'elastic'), items: [{ key: 'password', path: 'elastic' }] }
  const template = jobPod({
    site,
    ...ELASTICSEARCH_USER,
    once: true,
    volumes: security
      ? [
          { name: 'authority', configMap: { name: authorityConfig(cluster) } },
          { name: 'users', projected: { defaultMode: 0o440, sources: [{ secret: password }] } },
        ]
      : [],
    containers: [
      {
        name: 'upgrade-check',
        image,
        command: ['bash', '-c', script],
        resources: { cpuMillicores: 100, memoryMib: 256 },
        mounts: security ? { '/authority': 'authority', '/users': 'users' } : {},
      },
    ],
  })
  return setUpJob(site, `${cluster}-upgrade`, checksum(script), template, opts, { retries: 0 })
}
