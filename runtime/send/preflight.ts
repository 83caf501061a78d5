import { Agent } from 'undici'
import { AppError } from '../errors.ts'
import { type Delivered, deliver } from '../sdk/deliver.ts'

/** Of the public listener, and who sends to it. */
export interface Destination {
  /** `http://localhost:8585` */
  readonly url: string
  readonly source: string
  readonly secret?: string | undefined
}

/** Statuses with which the API answers who sends again later. */
const LATER: readonly number[] = [408, 429, 502, 503, 504]
const MAX_TEXT = 200

/** @throws AppError `command_invalid` for a text that is not the URL of a listener. */
export function listenerUrl(option: string, text: string): string {
  if (/^https?:\/\/[^\s/]+\/?$/.test(text) && URL.canParse(text)) return text.replace(/\/$/, '')
  throw new AppError('command_invalid', `${option} is "${text}"; allowed: a URL like http://host:8585`)
}

/**
 * Calls the API once, with a call that stores nothing. An API that takes no calls for the moment is no fault: the calls are sent again.
 *
 * @throws AppError `api_unavailable` when nothing answers, or what answers is not the public listener of an API.
 * @throws AppError `api_refused` when the API refuses every call of the source.
 */
export async function assertTaken({ url, source, secret }: Destination): Promise<void> {
  const agent = new Agent()
  const body = JSON.stringify({
    source: { id: source },
    options: { saveSession: false, saveProfile: false },
    events: [],
  })
  const delivery = { secret, backoff: { baseMs: 1, maxMs: 1 }, tryAgain: () => false }
  try {
    const fault = faultOf({ url, source }, await deliver(agent, `${url}/track`, body, delivery))
    if (fault) throw fault
  } finally {
    await agent.close()
  }
}

/** Why calls will never be taken, by an answer; `undefined` when calls may be taken. */
function faultOf(
  { url, source }: Pick<Destination, 'url' | 'source'>,
  { kind, status, text }: Pick<Delivered, 'kind' | 'status' | 'text'>,
): AppError | undefined {
  if (status === 0)
    return new AppError('api_unavailable', `the public listener of the API does not answer at ${url}: ${text}`)
  const detail = detailOf(text)
  if (kind === 'stored' || (LATER.includes(status) && detail !== undefined)) return undefined
  if (detail !== undefined && [401, 403].includes(status))
    return new AppError('api_refused', `${url} refuses every call of the source "${source}" (${status}): ${detail}`)
  const shown = detail ?? (text.trim().replaceAll(/\s+/g, ' ').slice(0, MAX_TEXT) || 'nothing')
  return new AppError(
    'api_unavailable',
    `${url} is not the public listener of an API: it answered ${status} to POST /track, with: ${shown}`,
  )
}

/** The reason that the API gives; `undefined` of an answer that is not from it. */
function detailOf(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown }
    return detail === undefined ? undefined : typeof detail === 'string' ? detail : JSON.stringify(detail)
  } catch {
    return undefined
  }
}
