import * as k8s from '@pulumi/kubernetes'
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  log,
  ResourceHook,
  type ResourceHookArgs,
} from '@pulumi/pulumi'
import { AppError } from '../../runtime/errors.ts'
import { type SiteArgs, siteOf } from '../kubernetes/site.ts'
import type { Facts } from './facts.ts'
import { type Allowances, judgedChanges } from './refusals.ts'

export interface GuardArgs extends SiteArgs, Allowances {
  /** What the data depends on. A change of one is compared with the value before. */
  readonly facts: Facts
  /** Changes that an operator has prepared, as `bookkeeper.replicas=3`. @default [] */
  readonly acknowledge?: readonly string[]
  /**
   * Whether only the namespace may be read. Its uid then shows which cluster it is, instead of that of `kube-system`. Fixed.
   *
   * @default false
   */
  readonly ownNamespaceOnly?: boolean
  /** What the names of its resources begin with. @default the name of the component and `-` */
  readonly prefix?: string
  /** Name of the ConfigMap that keeps the facts. @default `prefix` and `facts` */
  readonly configMap?: string
}

/**
 * Keeps what the data of the stack depends on, and refuses a change that could destroy any, before anything is changed: in
 * a preview already. It is registered before everything that holds data, so that what exists is always known here.
 */
export class Guard extends ComponentResource {
  /** Facts by key, and with them which cluster it is. */
  readonly facts: k8s.core.v1.ConfigMap

  constructor(name: string, args: GuardArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:safety:Guard', name, {}, opts)
    const { facts, prefix = `${name}-`, configMap = `${prefix}facts` } = args
    const { namespace } = siteOf(name, args)
    const known = args.ownNamespaceOnly ? namespace : 'kube-system'
    const refuse = new ResourceHook(
      `${prefix}refuse-changes-that-destroy-data`,
      (change) => refuseChanges(change, args, (text) => void log.warn(text, this)),
      { onDryRun: true },
    )
    // Read in a preview too, which would not ask the cluster otherwise: an unreachable one is reported immediately.
    const cluster = k8s.core.v1.Namespace.get(`${prefix}cluster`, known, { parent: this })
    this.facts = new k8s.core.v1.ConfigMap(
      `${prefix}facts`,
      {
        metadata: { name: configMap, namespace },
        data: { ...facts, cluster: cluster.metadata.uid },
      },
      // In another namespace it would be another object, with nothing to compare. So it stays, and reports the changed name.
      { parent: this, hooks: { beforeUpdate: [refuse] }, ignoreChanges: ['metadata.namespace'] },
    )
    this.registerOutputs({ facts: this.facts })
  }
}

/** The guard of a component that may be part of another one, which then has its own. */
export function guardOf(
  name: string,
  args: SiteArgs & {
    readonly guard?: boolean
    readonly acknowledge?: readonly string[]
    readonly runtimeImage?: Input<string>
    readonly drain?: { readonly skipCheck?: readonly string[] }
  },
  facts: Facts,
  parent: ComponentResource,
): readonly Guard[] {
  if (args.guard === false) return []
  const { acknowledge = [], runtimeImage, drain = {} } = args
  const allowances = { acknowledge, drains: runtimeImage !== undefined, skipCheck: drain.skipCheck ?? [] }
  return [new Guard(`${name}-guard`, { ...siteOf(name, args), facts, ...allowances }, { parent })]
}

/**
 * @param say takes what a reviewer must know of the changes that are not refused.
 * @throws AppError `change_refused` that lists every refused change.
 */
export function refuseChanges(
  { oldInputs, newInputs }: ResourceHookArgs,
  allowances: Allowances,
  say: (text: string) => void,
): void {
  const { refused, said } = judgedChanges(factsIn(oldInputs), factsIn(newInputs), allowances)
  for (const text of said) say(text)
  if (refused.length > 0) {
    throw new AppError(
      'change_refused',
      `refused, because it could destroy data:\n${refused.map((line) => `  - ${line}`).join('\n')}`,
      { context: { refused } },
    )
  }
}

function factsIn(inputs: unknown): Facts {
  return (inputs as { data?: Facts } | undefined)?.data ?? {}
}
