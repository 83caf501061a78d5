import type { ComponentResourceOptions, Resource, ResourceTransformation } from '@pulumi/pulumi'
import type { Environment } from './site.ts'

const NAMESPACE = 'kubernetes:core/v1:Namespace'
const CLAIM = 'kubernetes:core/v1:PersistentVolumeClaim'
const STATEFUL_SET = 'kubernetes:apps/v1:StatefulSet'
/** Resources that the program cannot recreate: keys and passwords that volumes and clients depend on. */
const IDENTITY = /^(tls:index\/(privateKey|selfSignedCert):|random:index\/randomPassword:)/
/** What may be another one at any time, by an `up` alone: all that use it restart with it. */
const CHANGEABLE = /(^|-)(console-token|tokens-key(-\d+)?|user-(elastic|tracardi|backup))$/
/** Name of what the guard compares with. */
const FACTS = /(^|-)facts$/

/**
 * How an environment keeps its data when the stack is destroyed.
 *
 * `production` protects the namespace, sets and keys: a destroy is refused until an operator lifts that, and the volumes stay
 * even then. They need no protection of their own, which would stop an update that removes a drained server. `staging` keeps the volumes. `dev` leaves nothing: all goes with its namespace.
 */
export function protection(environment: Environment, namespace: () => Resource | undefined): ResourceTransformation {
  return ({ type, name, props, opts }) => ({
    props,
    opts: { ...opts, ...optionsFor(environment, type, name, isEmpty(props), namespace) },
  })
}

/** The options of a component with data in it, as its environment keeps it, wherever it is used. */
export function keeping(environment: Environment, opts: ComponentResourceOptions): ComponentResourceOptions {
  return { ...opts, transformations: [protection(environment, () => undefined), ...(opts.transformations ?? [])] }
}

/** A set without pods was drained: it may leave the stack. */
function isEmpty(props: { readonly spec?: { readonly replicas?: number } }): boolean {
  return props.spec?.replicas === 0
}

function optionsFor(
  environment: Environment,
  type: string,
  name: string,
  empty: boolean,
  namespace: () => Resource | undefined,
): { protect?: boolean; retainOnDelete?: boolean; deletedWith?: Resource } {
  if (environment === 'dev') {
    const owner = namespace()
    return owner !== undefined && type.startsWith('kubernetes:') && type !== NAMESPACE ? { deletedWith: owner } : {}
  }
  const keeps = type === NAMESPACE || type === CLAIM
  const protects =
    environment === 'production' &&
    (type === NAMESPACE ||
      (type === STATEFUL_SET && !empty) ||
      FACTS.test(name) ||
      (IDENTITY.test(type) && !CHANGEABLE.test(name)))
  return { ...(protects ? { protect: true } : {}), ...(keeps ? { retainOnDelete: true } : {}) }
}
