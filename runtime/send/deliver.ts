import { setTimeout as sleep } from 'node:timers/promises'
import { type Agent, request } from 'undici'
import { backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'

const RETRY = { baseMs: 200, maxMs: 5000 }
const REQUEST_TIMEOUT_MS = 30_000

export interface Delivery {
  /** How long a call that is not answered 200 is tried again. */
  readonly retryForMs: number
  /** Of the source, where it has one. */
  readonly secret?: string | undefined
}

/**
 * Posts one call until it is answered 200; again after 429, 5xx or no answer. Its event ids stay the same, so a repetition
 * stores nothing twice.
 *
 * @param onAnswer called with the status of each answer; `error` if there was none.
 * @returns the last refusal; `undefined` if it was answered 200.
 */
export async function deliver(
  agent: Agent,
  url: string,
  body: string,
  { retryForMs, secret }: Delivery,
  onAnswer: (status: string) => void,
): Promise<string | undefined> {
  const sentAtMs = performance.now()
  for (let attempt = 0; ; attempt += 1) {
    const answer = await postOnce(agent, url, body, secret)
    onAnswer(answer.status)
    if (answer.status === '200') return undefined
    const mayPass = answer.status === 'error' || answer.status === '429' || answer.status.startsWith('5')
    if (!mayPass || performance.now() - sentAtMs > retryForMs) return `${answer.status}: ${answer.text.slice(0, 500)}`
    await sleep(Math.max(answer.retryAfterMs, backoffMs(attempt, RETRY, Math.random())))
  }
}

async function postOnce(agent: Agent, url: string, body: string, secret: string | undefined) {
  try {
    const response = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      },
      body,
      dispatcher: agent,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
    })
    const retryAfterMs = retryAfterMsOf(response.headers['retry-after'])
    return { status: String(response.statusCode), text: await response.body.text(), retryAfterMs }
  } catch (error) {
    return { status: 'error', text: messageOf(error), retryAfterMs: 0 }
  }
}

/** Seconds, as our API writes them; the date that a proxy may write instead leaves it to the backoff. */
function retryAfterMsOf(header: string | string[] | undefined): number {
  const seconds = Number(header ?? 0)
  return Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : 0
}
