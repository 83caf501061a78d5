import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Config } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'

const TIMEOUT_MS = 5000
const READ_RETRIES = 4
const READ_RETRY_MS = 200
/** A bundle that moves meanwhile redirects a call again. */
const MAX_REDIRECTS = 4
/** For paths outside of the admin API. */
export const LOOKUP = 'lookup/v2/topic/'

export type AdminAccess = Pick<Config, 'pulsarApi' | 'pulsarAuthToken' | 'pulsarCaFile' | 'pulsarVerifyCerts'>
type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export interface AdminResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Calls of Pulsar's admin API. Every one throws AppError `queue_admin` when Pulsar does not answer. */
export class AdminHttp {
  readonly #access: AdminAccess
  readonly #agent: Agent

  constructor(access: AdminAccess) {
    this.#access = access
    this.#agent = new Agent({
      connect: {
        timeout: TIMEOUT_MS,
        rejectUnauthorized: access.pulsarVerifyCerts,
        ...(access.pulsarCaFile === '' ? {} : { ca: readFileSync(access.pulsarCaFile) }),
      },
    })
  }

  /** Any answer, also one that refuses. @param path below `admin/v2/`, or one that begins with `LOOKUP`. */
  async call(method: Method, path: string, body?: unknown): Promise<AdminResponse> {
    let url = `${this.#access.pulsarApi}/${path.startsWith(LOOKUP) ? '' : 'admin/v2/'}${path}`
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#callAt(url, method, body)
      const next = redirects < MAX_REDIRECTS ? redirectOf(answer, url) : undefined
      if (next === undefined) return answer
      url = next
    }
  }

  /** Creates what may exist already: 409 is fine, since several set-ups may run at the same time. */
  async ensure(method: Method, path: string, body?: unknown): Promise<void> {
    const answer = await this.call(method, path, body)
    if (answer.status >= 300 && answer.status !== 409) throw refused(method, path, answer)
  }

  /** `undefined` for what does not exist. */
  async read<T>(path: string): Promise<T | undefined> {
    let answer = await this.call('GET', path)
    // A broker that is just loading a topic, or moving it, answers 500 for a moment.
    for (let attempt = 0; answer.status >= 500 && attempt < READ_RETRIES; attempt += 1) {
      await sleep(READ_RETRY_MS * 2 ** attempt)
      answer = await this.call('GET', path)
    }
    if (answer.status === 404) return undefined
    if (answer.status >= 300) throw refused('GET', path, answer)
    return answer.text === '' ? undefined : (JSON.parse(answer.text) as T)
  }

  close(): Promise<void> {
    return this.#agent.close()
  }

  async #callAt(url: string, method: Method, body: unknown): Promise<AdminResponse> {
    const token = this.#access.pulsarAuthToken
    try {
      const response = await request(url, {
        method,
        dispatcher: this.#agent,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() }
    } catch (cause) {
      throw new AppError('queue_admin', `Pulsar does not answer at ${new URL(url).origin}`, { cause })
    }
  }
}

/** `undefined` where the token may not read it. */
export async function readable<T>(reading: () => Promise<T>): Promise<T | undefined> {
  try {
    return await reading()
  } catch (error) {
    if (error instanceof AppError && [401, 403].includes(Number(error.context['status']))) return undefined
    throw error
  }
}

/**
 * Where a broker sends who asks for a topic or bundle that another broker serves. The token goes along, as that broker asks for
 * it too, which is why no HTTP client can follow by itself; but never from HTTPS to HTTP.
 */
function redirectOf({ status, headers }: AdminResponse, url: string): string | undefined {
  const location = headers['location']
  if (status !== 307 || typeof location !== 'string') return undefined
  const next = new URL(location, url)
  return next.protocol === new URL(url).protocol ? next.href : undefined
}

export function refused(method: Method, path: string, answer: AdminResponse): AppError {
  let reason = answer.text
  try {
    reason = (JSON.parse(answer.text) as { reason?: string }).reason ?? reason
  } catch (error) {
    reason ||= messageOf(error)
  }
  return new AppError(
    'queue_admin',
    `Pulsar answered ${answer.status} to ${method} ${path}: ${reason.split('\n')[0]}`,
    {
      context: { status: answer.status },
    },
  )
}
