import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import { deployment } from './deployment.ts'
import { jobRights } from './job-rights.ts'
import { type ContainerArgs, type PodTemplate, podTemplate, type Resources, type Volume } from './pod.ts'
import { execCheck, probes } from './probes.ts'
import type { GateOptions } from './roller.ts'
import { RUNTIME_USER } from './runtime-user.ts'
import { type SiteArgs, siteOf } from './site.ts'
import { disruptionBudget } from './tier-objects.ts'

/** Servers of one kind that the keeper asks, as their roller does, and the disruption budgets of their tiers. */
export interface GatedServers extends GateOptions {
  readonly servers: 'zookeeper' | 'bookkeeper' | 'elasticsearch'
  /** Name of the Lease that their roller holds. */
  readonly lease: string
  /** A PodDisruptionBudget, and the StatefulSets whose pods it is for. */
  readonly budgets: readonly { readonly name: string; readonly sets: readonly string[] }[]
  /** How Elasticsearch is asked. */
  readonly access?: ServerAccess
}

/** What a container needs to reach servers as one of their users. */
export interface ServerAccess {
  readonly env: Readonly<Record<string, Input<string>>>
  readonly volumes: readonly Volume[]
  readonly mounts: NonNullable<ContainerArgs['mounts']>
  /** Changes with the credentials, which are read at the start. */
  readonly digest?: Input<string>
}

export interface BudgetKeeperArgs extends SiteArgs {
  /** Image of the runtime. */
  readonly image: Input<string>
  readonly gated: readonly GatedServers[]
}

/** What the keeper takes. It keeps nothing. */
export const KEEPER_RESOURCES: Resources = { cpuMillicores: 50, memoryMib: 256 }

const TIER = 'budget-keeper'
const ALIVE_FILE = '/tmp/alive'

/**
 * The Deployment that lets the disruption budgets of servers follow their health, so that a drain of machines is held to the gates of a
 * rollout. One replica: while it is down, the budgets stay as they are.
 */
export class BudgetKeeper extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: BudgetKeeperArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:kubernetes:BudgetKeeper', name, {}, opts)
    const site = siteOf(name, args)
    const { gated } = args
    const budgets = gated.flatMap((one) => one.budgets)
    const rules = [
      {
        apiGroups: ['policy'],
        resources: ['poddisruptionbudgets'],
        resourceNames: budgets.map((budget) => budget.name),
        verbs: ['get', 'patch'],
      },
      {
        apiGroups: ['apps'],
        resources: ['statefulsets'],
        resourceNames: budgets.flatMap(({ sets }) => sets),
        verbs: ['get'],
      },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: gated.map(({ lease }) => lease),
        verbs: ['get'],
      },
    ]
    const rights = jobRights(site, name, rules, { parent: this })
    this.deployment = deployment(
      site,
      { tier: TIER, name, replicas: 1, scaled: false, template: keeperPod(name, args) },
      { parent: this, dependsOn: [...rights] },
    )
    disruptionBudget(site, TIER, name, { parent: this })
    this.registerOutputs({ deployment: this.deployment })
  }
}

function keeperPod(name: string, args: BudgetKeeperArgs): PodTemplate {
  const site = siteOf(name, args)
  const plan = args.gated.map(({ access: _access, ...asked }) => asked)
  const access = args.gated.find((one) => one.access !== undefined)?.access
  const { env = {}, volumes = [], mounts = {}, digest } = access ?? {}
  // A round takes seconds, also when nobody answers. One that hangs would keep the budgets as they are.
  const works = execCheck('sh', '-c', `find ${ALIVE_FILE} -mmin -2 | grep -q .`)
  return podTemplate({
    site,
    tier: TIER,
    ...RUNTIME_USER,
    graceSeconds: 30,
    zones: site.zones,
    ...(digest === undefined ? {} : { checksums: { elasticsearch: digest } }),
    serviceAccount: name,
    callsApiServer: true,
    volumes,
    containers: [
      {
        name: TIER,
        image: args.image,
        args: ['keep-budgets', '--plan', JSON.stringify(plan), '--alive-file', ALIVE_FILE],
        env,
        resources: KEEPER_RESOURCES,
        mounts,
        probes: probes({ startSeconds: 120, ready: works, alive: works }),
      },
    ],
  })
}
