import type { Input, Resource } from '@pulumi/pulumi'
import { scriptOf } from '../kubernetes/config-files.ts'
import { Drain, type DrainSettings, type DrainStep } from '../kubernetes/drain.ts'
import type { ContainerArgs } from '../kubernetes/pod.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { PULSAR_USER, TOOL_ENV } from './server.ts'

export interface DrainZooKeeperArgs {
  readonly site: Site
  /** Name of the ensemble. */
  readonly name: string
  /** The headless Service of its nodes. */
  readonly members: string
  /** Image of Pulsar. */
  readonly pulsarImage: Input<string>
  /** Image of the runtime, which sees which pods there are. */
  readonly image: Input<string>
  readonly settings: DrainSettings
  readonly replicas: number
  /** Names of the claims of a node. */
  readonly claims: readonly string[]
}

const RESOURCES = { cpuMillicores: 100, memoryMib: 512 }

const FACT = 'zookeeper.replicas'

/** Kubernetes updates the file of a ConfigMap in a pod within that time. A node that leaves reads there that it must not join again. */
const SETTLE_SECONDS = 120

/** The Jobs that take the votes of nodes before these go: a node that only stops still counts for the quorum. */
export function drainZooKeeper(args: DrainZooKeeperArgs, parent: Resource, dependsOn: readonly Resource[]): Drain {
  const { site, name, image, settings, pulsarImage, replicas, claims } = args
  const container = (step: DrainStep): ContainerArgs => ({
    name: 'zookeeper',
    image: pulsarImage,
    command: ['bash', '-c', drainScript(args, step)],
    env: TOOL_ENV,
    resources: RESOURCES,
  })
  return new Drain(
    `${name}-drain`,
    {
      site,
      image,
      settings,
      servers: 'none',
      setOfFact: (key) => (key === FACT ? name : ''),
      tiers: ['zookeeper'],
      container,
      sets: [{ name, fact: FACT, tier: 'zookeeper', replicas, claims, votes: false }],
      pod: PULSAR_USER,
    },
    { parent, dependsOn: [...dependsOn] },
  )
}

function drainScript({ site, name, members, replicas }: DrainZooKeeperArgs, step: DrainStep): string {
  return scriptOf(new URL('scripts/drain-zookeeper.sh', import.meta.url), {
    WHEN: step.when,
    SET: name,
    DOMAIN: hostOf(site, members),
    WANTED: replicas,
    SKIPPED: step.unchecked.join(' '),
    SETTLE_SECONDS: step.when === 'before' ? SETTLE_SECONDS : 0,
    SECONDS: step.seconds,
    MESSAGE_FILE: step.messageFile,
  })
}
