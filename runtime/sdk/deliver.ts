import { setTimeout as sleep } from 'node:timers/promises'
import { type Agent, request } from 'undici'
import { backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import { outcomeOf, type Response } from '../outcome.ts'

const REQUEST_TIMEOUT_MS = 30_000
/** Of the text of an answer that is repeated in a report, in characters. */
const MAX_TEXT = 500

/** What one attempt brought. */
export interface Answer {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** The beginning of the answer, or why none came. */
  readonly text: string
}

export interface Delivery {
  /** Of the source, where it has one. */
  readonly secret?: string | undefined
  /** Waits between attempts where the answer has no `Retry-After`. Unit: ms. */
  readonly backoff: { readonly baseMs: number; readonly maxMs: number }
  /**
   * Whether a call that is neither stored nor refused permanently is sent again.
   *
   * @param sinceMs the first attempt, in milliseconds.
   */
  readonly tryAgain: (answer: Answer, sinceMs: number) => boolean
  /** Ends attempts and waits. */
  readonly signal?: AbortSignal | undefined
}

/** `again`: nobody knows whether it is stored; sending it again is safe. */
export type Delivered = Answer & { readonly kind: 'stored' | 'refused' | 'again' }

/**
 * Posts one call until it is stored, refused permanently (400, 413, 415, 422), or given up. Its event ids stay the same, so a repetition
 * stores nothing twice.
 *
 * @param onAnswer called with what each attempt brought.
 */
export async function deliver(
  agent: Agent,
  url: string,
  body: string,
  delivery: Delivery,
  onAnswer: (answer: Answer) => void = () => undefined,
): Promise<Delivered> {
  const { secret, backoff, tryAgain, signal } = delivery
  const sentAtMs = performance.now()
  for (let attempt = 0; ; attempt += 1) {
    const { response, text } = await postOnce(agent, url, body, secret, signal)
    const answer = { status: response?.status ?? 0, text }
    onAnswer(answer)
    const outcome = outcomeOf(response, Date.now())
    if (outcome.kind !== 'again') return { ...answer, kind: outcome.kind }
    if (signal?.aborted || !tryAgain(answer, performance.now() - sentAtMs)) return { ...answer, kind: 'again' }
    const waitMs = Math.max(outcome.afterMs, backoffMs(attempt, backoff, Math.random()))
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    if (signal?.aborted) return { ...answer, kind: 'again' }
  }
}

async function postOnce(
  agent: Agent,
  url: string,
  body: string,
  secret: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly response: Response | undefined; readonly text: string }> {
  try {
    const {
      statusCode,
      headers,
      body: answered,
    } = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      },
      body,
      dispatcher: agent,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
      ...(signal ? { signal } : {}),
    })
    const text = await answered.text()
    const retryAfter = headers['retry-after'] === undefined ? null : String(headers['retry-after'])
    return { response: { status: statusCode, retryAfter, data: parsed(text) }, text: text.slice(0, MAX_TEXT) }
  } catch (error) {
    return { response: undefined, text: messageOf(error) }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
