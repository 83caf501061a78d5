import * as k8s from '@pulumi/kubernetes'
import { type CustomResourceOptions, type Input, output, type Resource } from '@pulumi/pulumi'
import { checksum } from './config-files.ts'
import { endsWhereItStops, jobPod, MESSAGE_FILE } from './job.ts'
import { jobRights } from './job-rights.ts'
import { labelsOf } from './labels.ts'
import type { ContainerArgs, Volume } from './pod.ts'
import { RUNTIME_USER } from './runtime-user.ts'
import type { Site } from './site.ts'
import type { Stateful } from './stateful.ts'

/** How the gates ask bookies and ZooKeeper. */
export interface GateOptions {
  /** Domain of the pods. */
  readonly domain?: string
  /** Port of the pods. */
  readonly port?: number
  /** ZooKeeper of the bookies, `host:port`. */
  readonly zookeeper?: string
  /** Bookies that a ledger is written to. */
  readonly ensemble?: number
}

export interface RollerArgs {
  readonly site: Site
  /** What its objects are called, with `-roll-out`. */
  readonly name: string
  /** Image of the runtime. */
  readonly image: Input<string>
  readonly servers: 'zookeeper' | 'bookkeeper' | 'elasticsearch'
  /** In the order of the rollout. */
  readonly sets: readonly Stateful[]
  readonly options?: GateOptions
  readonly env?: Readonly<Record<string, Input<string>>>
  readonly volumes?: readonly Volume[]
  readonly mounts?: ContainerArgs['mounts']
  /** How long servers may take to recover from the restart of one, besides the time of the pod itself, in seconds. */
  readonly recoverySeconds: number
}

/** Name of the Lease of a rollout, and what the names of its Jobs begin with. */
export function rollOutName(name: string): string {
  return `${name}-roll-out`
}

const RESOURCES = { cpuMillicores: 50, memoryMib: 256 }

/**
 * The Job that restarts the pods of gated sets, each when the servers allow it, and waits until they are ready. It is part of the
 * update: what depends on the servers depends on it. Its name contains a digest of the pods, so servers that do not change have no new one.
 *
 * It may read these sets and the pods of the namespace, and evict pods, which a disruption budget may forbid.
 */
export function roller(args: RollerArgs, opts: CustomResourceOptions): k8s.batch.v1.Job {
  const { site, servers, sets, options = {}, env = {}, volumes = [], mounts = {} } = args
  const name = rollOutName(args.name)
  const waitSeconds = Math.max(...sets.map(({ podSeconds }) => podSeconds)) + args.recoverySeconds
  const pods = sets.reduce((sum, { replicas }) => sum + replicas, 0)
  const container = {
    name: 'roll-out',
    image: args.image,
    args: [
      'roll-out',
      ...['--servers', servers, '--lease', name],
      ...sets.flatMap((set) => ['--set', set.name]),
      ...['--wait-minutes', `${Math.ceil(waitSeconds / 60)}`, '--reason-file', MESSAGE_FILE],
      ...Object.entries(options).flatMap(([option, value]) => [`--${option}`, `${value}`]),
    ],
    env,
    mounts,
    resources: RESOURCES,
  }
  const template = jobPod({
    site,
    ...RUNTIME_USER,
    once: true,
    serviceAccount: name,
    callsApiServer: true,
    volumes,
    containers: [container],
  })
  const ending = endsWhereItStops('roll-out')
  // A Job may not change how it ends: another way is another Job.
  const digest = output(sets.map((set) => [set.name, set.replicas, set.template])).apply((all) =>
    checksum(JSON.stringify([all, ending])).slice(0, 8),
  )
  const totalSeconds = (pods + 1) * waitSeconds
  return new k8s.batch.v1.Job(
    name,
    {
      metadata: {
        name: digest.apply((text) => `${name}-${text}`),
        namespace: site.namespace,
        labels: labelsOf(site, 'set-up'),
        annotations: { 'pulumi.com/replaceUnready': 'true' },
      },
      spec: {
        activeDeadlineSeconds: totalSeconds,
        completions: 1,
        parallelism: 1,
        ...ending,
        template,
      },
    },
    {
      ...opts,
      dependsOn: [...sets, ...rights(site, name, sets, opts), ...([opts.dependsOn ?? []].flat() as Resource[])],
      customTimeouts: { create: `${totalSeconds}s` },
    },
  )
}

/** What the Job may do, in its namespace only, and its lock, which it may not make itself. */
function rights(site: Site, name: string, sets: readonly Stateful[], opts: CustomResourceOptions): readonly Resource[] {
  const { parent } = opts
  const metadata = { name, namespace: site.namespace, labels: labelsOf(site, 'set-up') }
  const child = parent === undefined ? {} : { parent }
  const rules = [
    { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames: sets.map((set) => set.name), verbs: ['get'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [name],
      verbs: ['get', 'update'],
    },
  ]
  return [...jobRights(site, name, rules, child), new k8s.coordination.v1.Lease(name, { metadata }, child)]
}
