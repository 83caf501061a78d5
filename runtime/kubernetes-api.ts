import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { AppError } from './errors.ts'

const TIMEOUT_MS = 10_000
/** Where Kubernetes puts what a pod shows the API server. */
const ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount'

/** How Jobs of the stack reach the API server of their cluster. */
export interface KubernetesAccess {
  readonly url: string
  readonly namespace: string
  /** Folder with `token`, which Kubernetes renews, and `ca.crt`. */
  readonly folder: string
}

/**
 * The access of the pod that this process runs in.
 *
 * @param what the process does, as `a rollout`, for the error.
 * @throws AppError `command_invalid` outside of a pod.
 */
export function accessOfPod(env: NodeJS.ProcessEnv, what: string, folder = ACCOUNT_DIR): KubernetesAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (host === undefined || port === undefined)
    throw new AppError('command_invalid', `${what} runs in a pod of the stack; \`pulumi up\` starts it`)
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: readFileSync(`${folder}/namespace`, 'utf8').trim(),
    folder,
  }
}

export interface KubernetesCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** Statuses that are an answer too, besides those of success. @default [] */
  readonly accepted?: readonly number[]
}

export interface KubernetesAnswer<T> {
  readonly status: number
  readonly body: T
}

/** The API server of a cluster, called with the token of the pod. */
export class KubernetesApi {
  readonly #access: KubernetesAccess
  readonly #agent: Agent

  constructor(access: KubernetesAccess) {
    this.#access = access
    this.#agent = new Agent({ connect: { timeout: TIMEOUT_MS, ca: readFileSync(`${access.folder}/ca.crt`) } })
  }

  /** @throws AppError `cluster_unreachable` when it does not answer, or refuses. */
  async call<T>({ method, path, body, accepted = [] }: KubernetesCall): Promise<KubernetesAnswer<T>> {
    const { url, folder } = this.#access
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const { status, text } = await request(`${url}${path}`, {
      method,
      dispatcher: this.#agent,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      headers: {
        authorization: `Bearer ${readFileSync(`${folder}/token`, 'utf8').trim()}`,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
      .then(async (answer) => ({ status: answer.statusCode, text: await answer.body.text() }))
      .catch((cause: unknown) => {
        throw new AppError('cluster_unreachable', `the API server of Kubernetes does not answer at ${url}`, { cause })
      })
    if (status >= 300 && !accepted.includes(status))
      throw new AppError('cluster_unreachable', `Kubernetes answered ${status} to ${method} ${path}`, {
        context: { status, answer: text.slice(0, 500) },
      })
    return { status, body: JSON.parse(text) as T }
  }

  close(): Promise<void> {
    return this.#agent.close()
  }
}
