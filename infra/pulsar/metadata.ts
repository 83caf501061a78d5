import type * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions, Input } from '@pulumi/pulumi'
import { checksum } from '../kubernetes/checksum.ts'
import { setUpJob } from '../kubernetes/job.ts'
import { podTemplate } from '../kubernetes/pod.ts'
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
  const template = podTemplate({
    site,
    tier: 'set-up',
    ...PULSAR_USER,
    graceSeconds: 30,
    restartPolicy: 'OnFailure',
    containers: [
      {
        name: 'metadata',
        image,
        command: ['bash', '-c', script],
        env: TOOL_ENV,
        resources: { cpuMillicores: 250, memoryMib: 512 },
      },
    ],
  })
  return setUpJob(site, name, checksum(script), template, opts)
}

/** The racks of the bookies, as brokers and bookies read them from ZooKeeper (`/bookies`). */
function rackMap(bookies: MetadataArgs['bookies']): string {
  const racks = Object.fromEntries(bookies.map(({ id, rack }) => [id, { rack, hostname: id }]))
  return JSON.stringify({ default: racks })
}

function metadataScript({ site, clusterName, zookeeper, bookies, ...args }: MetadataArgs): string {
  const broker = hostOf(site, args.broker)
  return `set -eu
zk() { bin/pulsar zookeeper-shell -server ${zookeeper} "$@" 2>&1; }
until zk ls / | grep -q '^\\[.*zookeeper'; do echo 'ZooKeeper does not answer yet'; sleep 3; done

if zk get /admin/clusters/${clusterName} | grep -q serviceUrl && zk get /ledgers/INSTANCEID | grep -q '^[0-9a-f-]\\{36\\}$'; then
  echo 'cluster ${clusterName} already exists; nothing is initialised'
elif zk ls /admin/clusters | grep -q '^\\[[^]]' && ! zk ls /admin/clusters | grep -q '[[ ]${clusterName}[],]'; then
  echo 'ZooKeeper belongs to another cluster:'; zk ls /admin/clusters | tail -n 1
  exit 1
else
  bin/pulsar initialize-cluster-metadata --cluster ${clusterName} \\
    --metadata-store zk:${zookeeper} --configuration-metadata-store zk:${zookeeper} \\
    --web-service-url http://${broker}:${ADMIN_PORT} --broker-service-url pulsar://${broker}:${BROKER_PORT}
fi

racks='${rackMap(bookies)}'
zk create /bookies '{}' || true
zk set /bookies "$racks"
zk get /bookies | grep -qF "$racks"
echo 'racks of the bookies are set'
`
}
