import type { CustomResourceOptions, Input, Resource } from '@pulumi/pulumi'
import { type Config, settings, toEnv } from '../../runtime/config.ts'
import type { GatedServers } from '../kubernetes/budget-keeper.ts'
import { Drain, type DrainSettings } from '../kubernetes/drain.ts'
import { roller, rollOutName } from '../kubernetes/roller.ts'
import { RUNTIME_USER } from '../kubernetes/runtime-user.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import type { Stateful } from '../kubernetes/stateful.ts'
import { authorityConfig } from './certificates.ts'
import { replicasFact, setOfFact } from './facts.ts'
import { type NodeSet, tierName } from './node-sets.ts'
import { HTTP_PORT } from './settings.ts'
import { passwordSecret } from './users.ts'

/** What the Jobs of the runtime need that work on the nodes of a cluster. */
interface NodeJobArgs {
  readonly site: Site
  /** Name of the cluster. */
  readonly name: string
  /** Whether it has users, and TLS. */
  readonly security: boolean
  /** Image of the runtime; there are no Jobs without it. */
  readonly image: Input<string> | undefined
}

interface GateArgs extends NodeJobArgs {
  readonly indexPrefix: string
  /** Copies of each shard besides the primary, that the pipeline's indices are to have. */
  readonly indexReplicas: number | undefined
}

export interface RollOutArgs extends GateArgs {
  readonly sets: readonly Stateful[]
}

export interface GatedNodesArgs extends GateArgs {
  readonly budgets: GatedServers['budgets']
  /** Changes with the credentials. */
  readonly digest?: Input<string>
}

export interface DrainNodesArgs extends NodeJobArgs {
  readonly sets: readonly NodeSet[]
  /** Names of the claims of a node. */
  readonly claims: readonly string[]
  readonly drain: DrainSettings | undefined
}

/** A copy that was down is brought up to date from the operations that it missed, or, when these are too many, from files. */
const RECOVERY_SECONDS = 3600

const AUTHORITY_DIR = '/authority'
const PASSWORD_DIR = '/secrets/elasticsearch'

/** The Job that restarts the nodes: those with data first, masters last. It asks as API and workers do. */
export function rollOutNodes(args: RollOutArgs, opts: CustomResourceOptions): readonly Resource[] {
  const { site, name, image, sets, indexPrefix, indexReplicas = settings.indexReplicas.default } = args
  if (image === undefined) return []
  const masters = tierName(name, 'elasticsearch-master')
  const ordered = [...sets.filter((set) => set.name !== masters), ...sets.filter((set) => set.name === masters)]
  const { env, volumes, mounts } = accessAs('tracardi', args, { indexPrefix, indexReplicas })
  const gates = { servers: 'elasticsearch', sets: ordered, recoverySeconds: RECOVERY_SECONDS } as const
  return [roller({ site, name, image, ...gates, env, volumes, mounts }, opts)]
}

/** How the keeper of budgets asks the cluster: as the Job that restarts the nodes does. */
export function gatedNodes(args: GatedNodesArgs): readonly GatedServers[] {
  const { name, image, budgets, digest, indexPrefix, indexReplicas = settings.indexReplicas.default } = args
  if (image === undefined) return []
  const access = {
    ...accessAs('tracardi', args, { indexPrefix, indexReplicas }),
    ...(digest === undefined ? {} : { digest }),
  }
  return [{ servers: 'elasticsearch', lease: rollOutName(name), budgets, access }]
}

/** The Jobs that empty data nodes before they go, and take the votes of masters. They have the administrator's rights: no other user may change allocation. */
export function drainNodes(args: DrainNodesArgs, opts: CustomResourceOptions): Drain | undefined {
  const { site, name, image, drain = {}, claims } = args
  if (image === undefined) return undefined
  const { env, volumes, mounts } = accessAs('elastic', args)
  const sets = args.sets.map((set) => ({
    name: set.name,
    fact: replicasFact(name, set),
    // Masters with data and data nodes take over each other's shards.
    tier: set.roles.includes('data') ? 'elasticsearch-data' : set.tier,
    replicas: set.share.replicas,
    claims,
    votes: set.roles.includes('master'),
  }))
  const pod = { ...RUNTIME_USER, volumes }
  return new Drain(
    `${name}-drain`,
    {
      site,
      settings: drain,
      image,
      servers: 'elasticsearch',
      sets,
      setOfFact: (key) => setOfFact(name, key),
      tiers: ['elasticsearch-data', 'elasticsearch-warm'],
      pod,
      env,
      mounts,
    },
    opts,
  )
}

/** How a Job asks the cluster as one of its users, with more settings of the runtime. */
function accessAs(user: 'tracardi' | 'elastic', { site, name, security }: NodeJobArgs, config: Partial<Config> = {}) {
  const host = `${hostOf(site, name)}:${HTTP_PORT}`
  if (!security) return { env: toEnv({ elasticHost: `http://${host}`, ...config }), volumes: [], mounts: {} }
  const secured = { elasticUsername: user, elasticCaFile: `${AUTHORITY_DIR}/ca.crt` }
  return {
    env: {
      ...toEnv({ elasticHost: `https://${host}`, ...config, ...secured }),
      ELASTIC_HTTP_AUTH_PASSWORD_FILE: `${PASSWORD_DIR}/password`,
    },
    volumes: [
      { name: 'authority', configMap: { name: authorityConfig(name) } },
      { name: 'elasticsearch', secret: { secretName: passwordSecret(name, user), defaultMode: 0o440 } },
    ],
    mounts: { [AUTHORITY_DIR]: 'authority', [PASSWORD_DIR]: 'elasticsearch' },
  }
}
