import { request } from 'undici'
import type { Config } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'
import type { LocalListeners } from './load-test.ts'

const ANSWER_LIMIT_MS = 10_000

/** Calls the private listener of an API with the token of the operators. */
export interface OperatorApi {
  readonly url: string
  /** @throws AppError `api_unavailable` when it does not answer; `api_refused` when it refuses the token. */
  get(path: string): Promise<unknown>
}

/**
 * The API that a command works with: the one that is named, that of the run on this machine, or the one at PRIVATE_PORT of this machine, as in
 * the pod of an API.
 */
export function operatorApi(
  config: Pick<Config, 'privatePort' | 'privateToken'>,
  named: string | undefined,
  run: LocalListeners | undefined,
): OperatorApi {
  const url = (named ?? run?.instances[0] ?? `http://127.0.0.1:${config.privatePort}`).replace(/\/$/, '')
  if (!/^https?:\/\/[^\s/]+$/.test(url)) {
    throw new AppError('command_invalid', `--api is "${named}"; allowed: a URL like http://host:8686`)
  }
  const headers = { authorization: `Bearer ${config.privateToken}` }
  return {
    url,
    get: async (path) => {
      const { status, body } = await asked(url, path, headers)
      if (status === 200 && body !== undefined) return body
      const reason = (body as { detail?: string } | undefined)?.detail
      if (reason === undefined)
        throw new AppError('api_unavailable', `${url} is not the private listener of an API: it answered ${status}`)
      throw new AppError(status === 401 ? 'api_refused' : 'api_unavailable', `${url} answered ${status}: ${reason}`)
    },
  }
}

async function asked(
  url: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: unknown }> {
  try {
    const limits = { headersTimeout: ANSWER_LIMIT_MS, bodyTimeout: ANSWER_LIMIT_MS }
    const response = await request(`${url}${path}`, { headers, ...limits })
    const text = await response.body.text()
    return { status: response.statusCode, body: jsonIn(text) }
  } catch (cause) {
    throw new AppError(
      'api_unavailable',
      `the private listener of the API does not answer at ${url}: ${messageOf(cause)}`,
    )
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
