import {
  ApiException,
  ApisApi,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  NetworkingV1Api,
  StorageV1Api,
  type V1APIResource,
  VersionApi,
} from '@kubernetes/client-node'
import { AppError } from '../../runtime/errors.ts'
import { PART_OF, PLATFORM } from '../kubernetes/labels.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import type { Needs } from './needs.ts'
import {
  claimFacts,
  classFact,
  ingressClassFact,
  limitFacts,
  nodeFact,
  podFact,
  quotaFact,
} from './objects-as-facts.ts'

/** What the provider does with each object of a stack. */
const VERBS = ['get', 'list', 'watch', 'create', 'patch', 'delete'] as const

const FORBIDDEN = 403
const MISSING = 404

/**
 * Reads what a stack asks of its cluster. Nothing is changed: the only objects created are reviews of the user's rights, which
 * the API server does not keep.
 *
 * @param context of the KUBECONFIG; the current one when empty.
 * @throws AppError `cluster_unreachable`.
 */
export async function readCluster(context: string, needs: Needs): Promise<ClusterFacts> {
  const config = configOf(context)
  const core = config.makeApiClient(CoreV1Api)
  const { namespace } = needs
  const { gitVersion } = await config
    .makeApiClient(VersionApi)
    .getCode()
    .catch((cause) => {
      const server = config.getCurrentCluster()?.server
      throw new AppError('cluster_unreachable', `the cluster of the kubeconfig, ${server}, does not answer`, { cause })
    })
  const [nodes, pods, classes, ingressClasses, namespaces, own, quotas, limits, claims, volumes] = await Promise.all([
    allowed(core.listNode()),
    allowed(core.listPodForAllNamespaces()),
    allowed(config.makeApiClient(StorageV1Api).listStorageClass()),
    allowed(config.makeApiClient(NetworkingV1Api).listIngressClass()),
    allowed(core.listNamespace()),
    allowed(namespaceOf(core, namespace)),
    allowed(core.listNamespacedResourceQuota({ namespace })),
    allowed(core.listNamespacedLimitRange({ namespace })),
    allowed(core.listNamespacedPersistentVolumeClaim({ namespace })),
    allowed(core.listPersistentVolume()),
  ])
  const served = await servedBy(config, needs)
  // The facts of a stack may be deleted, or not made yet, while its pods and volumes still exist.
  const inNamespace = (pods?.items ?? []).filter(({ metadata }) => metadata?.namespace === namespace)
  const leftovers = [...inNamespace, ...(claims?.items ?? [])].map(({ metadata }) => metadata?.labels ?? {})
  return defined({
    version: gitVersion.replace(/^v/, ''),
    nodes: nodes?.items.map(nodeFact),
    pods: pods?.items.flatMap(podFact),
    storageClasses: classes?.items.map(classFact),
    ingressClasses: ingressClasses?.items.map(ingressClassFact),
    namespaces: namespaces?.items.flatMap(({ metadata }) => metadata?.name ?? []),
    namespace: own && { ...own, hasStack: own.hasStack || leftovers.some((labels) => labels[PART_OF] === PLATFORM) },
    quotas: quotas?.items.map(quotaFact),
    limits: limits?.items.flatMap(limitFacts),
    claims: claims && claimFacts(claims.items, volumes?.items ?? []),
    volumes: volumes?.items.flatMap(({ metadata }) => metadata?.name ?? []),
    groups: served.groups,
    kinds: served.resources?.map(({ version, kind }) => `${version}/${kind}`),
    denied: await deniedOf(config, namespace, served.resources ?? []),
  })
}

function configOf(context: string): KubeConfig {
  const config = new KubeConfig()
  try {
    config.loadFromDefault()
  } catch (cause) {
    throw new AppError('cluster_unreachable', 'the kubeconfig cannot be read', { cause })
  }
  if (context === '') return config
  if (config.getContextObject(context) === null) {
    const known = config.contexts.map(({ name }) => name).join(', ')
    throw new AppError(
      'command_invalid',
      `the kubeconfig has no context "${context}"; it has: ${known}. Correct platform.context`,
    )
  }
  config.setCurrentContext(context)
  return config
}

/** Nothing where the user may not read it. */
async function allowed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiException && error.code === FORBIDDEN) return undefined
    throw error
  }
}

async function namespaceOf(core: CoreV1Api, name: string): Promise<NonNullable<ClusterFacts['namespace']> | null> {
  const found = await present(core.readNamespace({ name }))
  if (found === null) return null
  const facts = await present(core.readNamespacedConfigMap({ name: `${PLATFORM}-facts`, namespace: name }))
  return {
    labels: found.metadata?.labels ?? {},
    terminating: found.status?.phase === 'Terminating',
    hasStack: facts !== null,
  }
}

async function present<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiException && error.code === MISSING) return null
    throw error
  }
}

/** A kind that is served, with its version as `apps/v1`, or `v1` in the core group. */
interface Served {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** As rights name it, such as `statefulsets`. */
  readonly resource: string
  readonly namespaced: boolean
}

async function servedBy(
  config: KubeConfig,
  { kinds }: Needs,
): Promise<{ groups?: readonly string[]; resources?: readonly Served[] }> {
  const answer = await allowed(config.makeApiClient(ApisApi).getAPIVersions())
  if (answer === undefined) return {}
  const groups = answer.groups.map(({ name }) => name)
  const versions = new Map(kinds.map(({ group, version }) => [`${group}/${version}`, { group, version }]))
  const lists = await Promise.all(
    [...versions.values()].map(async ({ group, version }) => {
      const list =
        group === ''
          ? await present(config.makeApiClient(CoreV1Api).getAPIResources())
          : await present(config.makeApiClient(CustomObjectsApi).getAPIResources({ group, version }))
      return (list?.resources ?? [])
        .filter(
          ({ name, kind }) => !name.includes('/') && kinds.some((each) => each.kind === kind && each.group === group),
        )
        .map((resource: V1APIResource) => ({
          group,
          version: group === '' ? version : `${group}/${version}`,
          kind: resource.kind,
          resource: resource.name,
          namespaced: resource.namespaced,
        }))
    }),
  )
  return { groups, resources: lists.flat() }
}

/** What the user may not do with the kinds of the stack; one question is enough for somebody who may do all. */
async function deniedOf(
  config: KubeConfig,
  namespace: string,
  resources: readonly Served[],
): Promise<readonly string[]> {
  const api = config.makeApiClient(AuthorizationV1Api)
  const may = async (resourceAttributes: Readonly<Record<string, string>>) => {
    const { status } = await api.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } })
    return status?.allowed ?? false
  }
  if (await may({ verb: '*', group: '*', resource: '*' })) return []
  const questions = resources.flatMap((each) => VERBS.map((verb) => ({ ...each, verb })))
  const answers = await Promise.all(
    questions.map(async ({ group, resource, namespaced, verb }) => {
      const place: { namespace?: string } = namespaced ? { namespace } : {}
      const name = group === '' ? resource : `${resource}.${group}`
      return (await may({ verb, group, resource, ...place })) ? [] : [`${verb} ${name}`]
    }),
  )
  return answers.flat()
}

/** Without what is undefined, so that a part that could not be read is absent. */
function defined(facts: { [K in keyof ClusterFacts]: ClusterFacts[K] | undefined }): ClusterFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as unknown as ClusterFacts
}
