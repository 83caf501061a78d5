import type * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions, Input } from '@pulumi/pulumi'
import { checksum, scriptOf } from '../kubernetes/config-files.ts'
import { jobPod, setUpJob } from '../kubernetes/job.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { PULSAR_USER, TOOL_ENV } from './server.ts'

const { pulsar: BROKER_PORT, http: ADMIN_PORT } = TIERS.broker.ports

export interface MetadataArgs {
  readonly site: Site
  /** Name of the Job. */
  readonly name: string
  readonly image: Input<string>
  readonly clusterName: string
  /** Address of ZooKeeper, `host:port`. */
  readonly zookeeper: string
  /** Service of the brokers. */
  readonly broker: string
  /** Every bookie with its rack. */
  readonly bookies: readonly { readonly id: string; readonly rack: string }[]
}

/**
 * Writes what Pulsar must find in ZooKeeper before its first start, and the racks of the bookies. It checks first: if the
 * cluster already exists, nothing is initialised, however often the Job runs.
 */
export function metadataJob(args: MetadataArgs, opts: CustomResourceOptions): k8s.batch.v1.Job {
  const { site, name, image } = args
  const script = metadataScript(args)
  const container = {
    name: 'metadata',
    image,
    command: ['bash', '-c', script],
    env: TOOL_ENV,
    resources: { cpuMillicores: 250, memoryMib: 512 },
  }
  const template = jobPod({ site, ...PULSAR_USER, containers: [container] })
  return setUpJob(site, name, checksum(script), template, opts)
}

/** The racks of the bookies, as brokers and bookies read them from ZooKeeper (`/bookies`). */
function rackMap(bookies: MetadataArgs['bookies']): string {
  const racks = Object.fromEntries(bookies.map(({ id, rack }) => [id, { rack, hostname: id }]))
  return JSON.stringify({ default: racks })
}

function metadataScript({ site, clusterName, zookeeper, bookies, ...args }: MetadataArgs): string {
  return scriptOf(new URL('scripts/metadata.sh', import.meta.url), {
    ZOOKEEPER: zookeeper,
    CLUSTER: clusterName,
    BROKER: hostOf(site, args.broker),
    ADMIN_PORT,
    BROKER_PORT,
    RACKS: rackMap(bookies),
  })
}
