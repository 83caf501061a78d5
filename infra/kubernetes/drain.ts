import * as k8s from '@pulumi/kubernetes'
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Resource,
} from '@pulumi/pulumi'
import { checksum } from './config-files.ts'
import { endsWhereItStops, type JobPodArgs, jobPod, MESSAGE_FILE } from './job.ts'
import { jobRights } from './job-rights.ts'
import { labelsOf, PART_OF, TIER } from './labels.ts'
import type { ContainerArgs, PodTemplate } from './pod.ts'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

/** How servers that hold data are emptied before they go. */
export interface DrainSettings {
  /** How long one `up` drains before it reports what is left. 1 to 1440 minutes. @default 60 */
  readonly minutes?: number
  /** What becomes of the volumes of a server that was drained and is gone. @default 'keep' */
  readonly volumes?: 'keep' | 'delete'
  /** Servers that go without being drained: `key=old>new`, as a refusal of the guard says. For disasters. @default [] */
  readonly skipCheck?: readonly string[]
}

/** A StatefulSet that may get fewer replicas. */
export interface DrainedSet {
  readonly name: string
  /** Its key among the facts of the stack. */
  readonly fact: string
  readonly tier: Tier
  readonly replicas: number
  readonly claims: readonly string[]
  /** Whether its servers elect the master of their cluster. */
  readonly votes: boolean
}

/** What one of the Jobs has to do. */
export interface DrainStep {
  readonly when: 'before' | 'after'
  readonly seconds: number
  /** Names of the sets that are not to be drained or verified. */
  readonly unchecked: readonly string[]
  /** File for the reason why something is left. */
  readonly messageFile: string
}

export interface DrainArgs {
  readonly site: Site
  readonly settings: DrainSettings
  /** Image of the runtime. */
  readonly image: Input<string>
  readonly sets: readonly DrainedSet[]
  /** Name of the set with this key among the facts of the stack, which need not be one of `sets`. */
  readonly setOfFact: (key: string) => string
  /** Tiers of the sets. Those of them that the stack no longer has must have no pods. */
  readonly tiers: readonly Tier[]
  /** What the sets run: the kind of servers that the command itself drains. */
  readonly servers: 'elasticsearch' | 'none'
  /** User, volumes, and what the container of the command has besides its arguments. */
  readonly pod: Pick<JobPodArgs, 'user' | 'group' | 'volumes'>
  /**
   * The container that drains servers which the command does not drain, or forgets them: after the command before the sets, before it
   * after them.
   */
  readonly container?: (step: DrainStep) => ContainerArgs
  readonly env?: Readonly<Record<string, Input<string>>>
  readonly mounts?: ContainerArgs['mounts']
}

const RESOURCES = { cpuMillicores: 100, memoryMib: 256 }

/** What a Job has beyond the time of the drain, in minutes: its image is pulled, and its pods may be killed. */
const SPARE_MINUTES = 10

/**
 * Empties the servers that a change removes, before it does. A Job runs before the sets, and another one after them. Their names have
 * a digest of the wanted counts, so they run when a count changes; and of how they end, which no Job may change. They ask the API
 * server how many pods a set has now: a change is known whatever became of an earlier `up`.
 */
export class Drain extends ComponentResource {
  /** The sets depend on it. */
  readonly before: k8s.batch.v1.Job
  readonly #name: string
  readonly #args: DrainArgs

  constructor(name: string, args: DrainArgs, opts: ComponentResourceOptions) {
    super('tracardi-at-scale:kubernetes:Drain', name, {}, opts)
    this.#name = name
    this.#args = args
    const rights = this.#rights()
    this.before = this.#job('before', checksum(JSON.stringify([args.sets, endsWhereItStops()])), rights)
    this.registerOutputs()
  }

  /** Forgets the servers that are gone. It runs whenever the Job before the sets has run. */
  after(sets: readonly Resource[]): k8s.batch.v1.Job {
    return this.#job('after', interpolate`${this.before.metadata.uid}`.apply(checksum), sets)
  }

  #job(when: 'before' | 'after', digest: Input<string>, dependsOn: readonly Resource[]): k8s.batch.v1.Job {
    const { site, settings } = this.#args
    const { minutes = 60 } = settings
    const name = `${this.#name}-${when}`
    return new k8s.batch.v1.Job(
      name,
      {
        metadata: {
          name: interpolate`${name}-${digest}`.apply((text) => text.slice(0, name.length + 9)),
          namespace: site.namespace,
          labels: labelsOf(site, 'set-up'),
          annotations: { 'pulumi.com/replaceUnready': 'true' },
        },
        spec: {
          ...endsWhereItStops(),
          activeDeadlineSeconds: (minutes + SPARE_MINUTES) * 60,
          completions: 1,
          parallelism: 1,
          template: this.#template(when, minutes),
        },
      },
      { parent: this, dependsOn: [...dependsOn], customTimeouts: { create: `${minutes + 2 * SPARE_MINUTES}m` } },
    )
  }

  #template(when: 'before' | 'after', minutes: number): PodTemplate {
    const { site, settings, image, sets, servers, tiers, setOfFact, pod, container, env = {}, mounts = {} } = this.#args
    const { volumes = 'keep', skipCheck = [] } = settings
    const plan = {
      namespace: site.namespace,
      volumes,
      selector: `${PART_OF}=${site.partOf},${TIER} in (${tiers.join(',')})`,
      gone: skipCheck
        .filter((entry) => entry.endsWith('>none'))
        .map((entry) => setOfFact(entry.split('=', 1)[0] ?? '')),
      sets: sets.map(({ fact, ...set }) => ({
        ...set,
        unchecked: skipCheck.some((entry) => entry.startsWith(`${fact}=`) && entry.endsWith(`>${set.replicas}`)),
      })),
    }
    const command = {
      name: 'drain',
      image,
      args: [
        ...['drain', when, '--servers', servers, '--minutes', `${minutes}`],
        ...['--plan', JSON.stringify(plan), '--reason-file', MESSAGE_FILE],
      ],
      env,
      resources: RESOURCES,
      mounts,
    }
    const job = { site, ...pod, once: true, serviceAccount: this.#name, callsApiServer: true }
    if (container === undefined) return jobPod({ ...job, containers: [command] })
    const unchecked = plan.sets.filter((set) => set.unchecked).map((set) => set.name)
    const own = container({ when, seconds: minutes * 60, unchecked, messageFile: MESSAGE_FILE })
    const [first, second] = when === 'before' ? [command, own] : [own, command]
    return jobPod({ ...job, initContainers: [first], containers: [second] })
  }

  /** To see how many pods a set has, and to mark or delete the volumes of those that are gone. No more, and in this namespace. */
  #rights(): readonly Resource[] {
    const resourceNames = this.#args.sets.map(({ name }) => name)
    const rules = [
      { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames, verbs: ['get'] },
      // A set that the stack no longer has is in no list of names.
      { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['list'] },
      { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['list', 'patch', 'delete'] },
      // Which cluster they have founded; Kubernetes knows no right to make one of a name.
      ...(this.#args.sets.some(({ votes }) => votes)
        ? [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }]
        : []),
    ]
    return jobRights(this.#args.site, this.#name, rules, { parent: this })
  }
}
