import { request } from 'undici'
import type { Config } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'
import type { LocalListeners } from './load-test.ts'
import { noticed } from './output.ts'

const ANSWER_LIMIT_MS = 10_000

/** Calls the private listener of an API with the token of the operators. */
export interface OperatorApi {
  readonly url: string
  /** @throws AppError `command_invalid` when it does not answer, or refuses. */
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
    get: (path) =>
      noticed(`no answer from ${url} yet`, ANSWER_LIMIT_MS, async () => {
        const { status, body } = await asked(`${url}${path}`, headers)
        if (status === 200) return body
        const reason = (body as { detail?: string } | undefined)?.detail ?? 'this is not the private listener of an API'
        throw new AppError('command_invalid', `${url} answered ${status}: ${reason}`)
      }),
  }
}

async function asked(url: string, headers: Record<string, string>): Promise<{ status: number; body: unknown }> {
  try {
    const limits = { headersTimeout: ANSWER_LIMIT_MS, bodyTimeout: ANSWER_LIMIT_MS }
    const response = await request(url, { headers, ...limits })
    const text = await response.body.text()
    return { status: response.statusCode, body: jsonIn(text) }
  } catch (cause) {
    throw new AppError(
      'command_invalid',
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
