import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { AppError } from '../errors.ts'

const TIMEOUT_MS = 10_000
/** Where Kubernetes puts what a pod shows the API server. */
const ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount'

/** When the server that had a claim was drained and verified, as an instant of ISO 8601: the volume has nothing that anybody needs. */
export const DRAINED = 'tracardi.com/drained'

export interface Claim {
  readonly name: string
  readonly isDrained: boolean
}

/** What a drain asks of the API server. Every call throws AppError `cluster_unreachable` when it does not answer, or refuses. */
export interface Kubernetes {
  /** Pods that a StatefulSet has or keeps up, whichever is more; `undefined` when there is no such set. */
  present(set: string): Promise<number | undefined>
  claims(): Promise<readonly Claim[]>
  markDrained(claim: string, at: string): Promise<void>
  /** Kubernetes deletes a claim when no pod uses it any more. */
  deleteClaim(claim: string): Promise<void>
  close(): Promise<void>
}

interface StatefulSet {
  readonly spec: { readonly replicas?: number }
  readonly status?: { readonly replicas?: number }
}

interface ClaimList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  }[]
}

export interface KubernetesAccess {
  readonly url: string
  readonly namespace: string
  /** Folder with `token` and `ca.crt`. Kubernetes renews the token there. */
  readonly folder: string
}

/** @throws AppError `command_invalid` outside of a pod. */
export function kubernetesOfPod(env: NodeJS.ProcessEnv, namespace: string): KubernetesAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (host === undefined || port === undefined)
    throw new AppError('command_invalid', 'a drain runs as a Job of the stack, in its cluster; `pulumi up` starts it')
  return { url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, namespace, folder: ACCOUNT_DIR }
}

export function kubernetes({ url, namespace, folder }: KubernetesAccess): Kubernetes {
  const agent = new Agent({ connect: { timeout: TIMEOUT_MS, ca: readFileSync(`${folder}/ca.crt`) } })

  async function call<T>(method: 'GET' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T | undefined> {
    const answer = await request(`${url}${path}`, {
      method,
      dispatcher: agent,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      headers: {
        authorization: `Bearer ${readFileSync(`${folder}/token`, 'utf8').trim()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
      .then(async ({ statusCode, body: text }) => ({ statusCode, text: await text.text() }))
      .catch((cause: unknown) => {
        throw new AppError('cluster_unreachable', `the API server of Kubernetes does not answer at ${url}`, { cause })
      })
    if (answer.statusCode === 404) return undefined
    if (answer.statusCode >= 300)
      throw new AppError('cluster_unreachable', `Kubernetes answered ${answer.statusCode} to ${method} ${path}`, {
        context: { status: answer.statusCode },
      })
    return JSON.parse(answer.text) as T
  }

  const claims = `/api/v1/namespaces/${namespace}/persistentvolumeclaims`
  return {
    present: async (set) => {
      const found = await call<StatefulSet>('GET', `/apis/apps/v1/namespaces/${namespace}/statefulsets/${set}`)
      return found === undefined ? undefined : Math.max(found.spec.replicas ?? 1, found.status?.replicas ?? 0)
    },
    claims: async () =>
      ((await call<ClaimList>('GET', claims))?.items ?? []).map(({ metadata }) => ({
        name: metadata.name,
        isDrained: metadata.annotations?.[DRAINED] !== undefined,
      })),
    markDrained: async (claim, at) => {
      await call('PATCH', `${claims}/${claim}`, { metadata: { annotations: { [DRAINED]: at } } })
    },
    deleteClaim: async (claim) => {
      await call('DELETE', `${claims}/${claim}`)
    },
    close: () => agent.close(),
  }
}
