import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import type { Call } from './generate.ts'

const RETRY = { baseMs: 200, maxMs: 5000 }
const REQUEST_TIMEOUT_MS = 30_000

export interface SendOptions {
  /** Of the public listener, `http://localhost:8585`. */
  readonly url: string
  /** Calls under way at once. */
  readonly concurrency: number
  /** Most events a second; 0 sends as fast as they are answered. */
  readonly eventsPerSecond: number
  /** How long a call that is not answered 200 is tried again. */
  readonly retryForMs: number
}

export interface SendReport {
  readonly calls: number
  /** Events answered 200. */
  readonly accepted: number
  /** Events of calls that were never answered 200. */
  readonly failed: number
  /** Answers by status; `error` for calls that got none. */
  readonly answers: Readonly<Record<string, number>>
  readonly seconds: number
  readonly latenciesMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** The first answer that was a refusal for good. */
  readonly firstRefusal: string | undefined
}

/** Sends calls, each again after 429, 5xx or no answer, with the same event ids: a repetition stores nothing twice. */
export async function sendCalls(
  calls: AsyncIterable<Call> | Iterable<Call>,
  options: SendOptions,
  onAccepted: (call: Call) => void = () => undefined,
): Promise<SendReport> {
  const agent = new Agent({ connections: options.concurrency, pipelining: 1 })
  const startedAt = performance.now()
  const tally = { calls: 0, accepted: 0, failed: 0 }
  const answers: Record<string, number> = {}
  const latencies: number[] = []
  let firstRefusal: string | undefined
  let begun = 0

  const post = async (call: Call) => {
    const sentAt = performance.now()
    const body = JSON.stringify(call)
    for (let attempt = 0; ; attempt += 1) {
      const answer = await postOnce(agent, `${options.url}/track`, body)
      answers[answer.status] = (answers[answer.status] ?? 0) + 1
      if (answer.status === '200') {
        latencies.push(performance.now() - sentAt)
        tally.accepted += call.events.length
        onAccepted(call)
        return
      }
      const mayPass = answer.status === 'error' || answer.status === '429' || answer.status.startsWith('5')
      if (!mayPass || performance.now() - sentAt > options.retryForMs) {
        firstRefusal ??= `${answer.status}: ${answer.text.slice(0, 500)}`
        tally.failed += call.events.length
        return
      }
      await sleep(Math.max(answer.retryAfterMs, backoffMs(attempt, RETRY, Math.random())))
    }
  }
  const paced = async (events: number) => {
    begun += events
    if (options.eventsPerSecond === 0) return
    const waitMs = startedAt + ((begun - events) / options.eventsPerSecond) * 1000 - performance.now()
    if (waitMs > 0) await sleep(waitMs)
  }

  const underWay = new Set<Promise<void>>()
  try {
    for await (const call of calls) {
      await paced(call.events.length)
      tally.calls += 1
      const posting = post(call).finally(() => underWay.delete(posting))
      underWay.add(posting)
      if (underWay.size >= options.concurrency) await Promise.race(underWay)
    }
    await Promise.all(underWay)
  } finally {
    // Also when the input breaks off: what was begun is answered before that is told.
    await Promise.allSettled(underWay)
    await agent.close()
  }
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return {
    ...tally,
    answers,
    seconds: (performance.now() - startedAt) / 1000,
    latenciesMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    firstRefusal,
  }
}

async function postOnce(agent: Agent, url: string, body: string) {
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
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
