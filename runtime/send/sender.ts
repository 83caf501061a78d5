import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import { type Answer, type Delivered, type Delivery, deliver } from '../sdk/deliver.ts'
import type { Call } from './generate.ts'

const BACKOFF = { baseMs: 200, maxMs: 5000 }

export interface Patience {
  /** How long a call is tried again that gets 408, 429, 5xx or no answer. */
  readonly retryForMs: number
  /** Of the source, where it has one. */
  readonly secret?: string | undefined
}

/** An operator watches: what must be repaired, such as an unknown source, is not tried again. */
export function deliveryFor({ retryForMs, secret }: Patience): Delivery {
  return {
    secret,
    backoff: BACKOFF,
    tryAgain: ({ status }, sinceMs) => {
      const mayPass = status < 300 || status === 408 || status === 429 || status >= 500
      return mayPass && sinceMs <= retryForMs
    },
  }
}

/** The last answer to a call that was not stored; `undefined` of one that was. */
export function refusalOf({ kind, status, text }: Delivered): string | undefined {
  return kind === 'stored' ? undefined : `${status || 'error'}: ${text}`
}

export interface SendOptions extends Patience {
  /** Of the public listener, `http://localhost:8585`. */
  readonly url: string
  /** Maximum number of concurrent calls. */
  readonly concurrency: number
  /** Maximum rate in events a second; 0 sends as fast as they are answered. */
  readonly eventsPerSecond: number
  /** Called with what each attempt brought. */
  readonly onAnswer?: (answer: Answer) => void
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
  /** The first permanent refusal. */
  readonly firstRefusal: string | undefined
}

/** Sends calls, each again after 429, 5xx or no answer, with the same event ids: a repetition stores nothing twice. */
export async function sendCalls(
  calls: AsyncIterable<Call> | Iterable<Call>,
  options: SendOptions,
  onAccepted: (call: Call) => void = () => undefined,
): Promise<SendReport> {
  const agent = new Agent({ connections: options.concurrency, pipelining: 1 })
  const delivery = deliveryFor(options)
  const startedAt = performance.now()
  const tally = { calls: 0, accepted: 0, failed: 0 }
  const answers: Record<string, number> = {}
  const latencies: number[] = []
  let firstRefusal: string | undefined
  let begun = 0

  const post = async (call: Call) => {
    const sentAt = performance.now()
    const body = JSON.stringify(call)
    const delivered = await deliver(agent, `${options.url}/track`, body, delivery, (answer) => {
      options.onAnswer?.(answer)
      const key = answer.status || 'error'
      answers[key] = (answers[key] ?? 0) + 1
    })
    const refusal = refusalOf(delivered)
    if (refusal === undefined) {
      latencies.push(performance.now() - sentAt)
      tally.accepted += call.events.length
      onAccepted(call)
    } else {
      firstRefusal ??= refusal
      tally.failed += call.events.length
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
    // Also when the input breaks off: started calls are answered before that is reported.
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
