import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { Agent } from 'undici'
import { deliver } from '../sdk/deliver.ts'
import type { Call } from '../send/generate.ts'
import { deliveryFor, refusalOf } from '../send/sender.ts'
import type { DueCall } from './calls.ts'
import { NumberSet } from './comparison.ts'
import { LatencyHistogram } from './latency.ts'
import type { LoadInterval, LoadTotal } from './record.ts'

export interface DriveOptions {
  /** Of the public listener. */
  readonly target: string
  /** Connections; calls beyond them wait, and their wait counts. */
  readonly connections: number
  /** Calls that may be without an answer: memory is bounded, and calls after them are sent late, which counts as well. */
  readonly maxUnderWay: number
  readonly retryForMs: number
}

/** Calls sent in one go, before answers are looked at. */
const CALLS_A_TURN = 32
const FULL_WAIT_MS = 5

/**
 * Sends each call when it is due, answered or not the ones before it: a system that is slow gets no less load for it, and
 * every latency counts from when the call was due.
 */
export async function drive(
  calls: Iterable<DueCall>,
  options: DriveOptions,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({ connections: options.connections, pipelining: 1 })
  const url = `${options.target}/track`
  const delivery = deliveryFor(options)
  const startedAtMs = performance.now()
  const underWay = new Set<Promise<void>>()
  const post = async (due: DueCall) => {
    const dueAtMs = startedAtMs + due.dueMs
    const call = due.make(Date.now())
    const body = JSON.stringify(call)
    meter.sent(due.events, body.length - emptyBytes(call), performance.now() - dueAtMs)
    const delivered = await deliver(agent, url, body, delivery, ({ status }) =>
      meter.answered(String(status || 'error')),
    )
    const refusal = refusalOf(delivered)
    if (refusal === undefined) meter.took(due.firstNumber, due.events, performance.now() - dueAtMs)
    else meter.gaveUp(due.events, refusal)
  }
  try {
    let sent = 0
    for (const due of calls) {
      await until(startedAtMs + due.dueMs, signal)
      while (underWay.size >= options.maxUnderWay) await sleep(FULL_WAIT_MS)
      if (signal.aborted) break
      const posting = post(due).finally(() => underWay.delete(posting))
      underWay.add(posting)
      sent += 1
      if (sent % CALLS_A_TURN === 0) await turn()
    }
    await Promise.all(underWay)
  } finally {
    await Promise.allSettled(underWay)
    await agent.close()
  }
}

/** What of a body is not its events: the source, the ids and the brackets, and a comma for each event but the first. */
function emptyBytes(call: Call): number {
  return JSON.stringify({ ...call, events: [] }).length + call.events.length - 1
}

async function until(atMs: number, signal: AbortSignal): Promise<void> {
  const earlyMs = atMs - performance.now()
  if (earlyMs > 0) await sleep(earlyMs, undefined, { signal }).catch(() => undefined)
}

/** Counts what becomes of the calls, for the whole and from sample to sample. */
export class Meter {
  /** Numbers of the events that got a 200. */
  readonly accepted = new NumberSet()
  underWay = 0
  #calls = 0
  #events = 0
  #failed = 0
  #bodyBytes = 0
  #firstRefusal: string | undefined
  readonly #answers: Record<string, number> = {}
  readonly #latency = new LatencyHistogram()
  readonly #lately = { sent: 0, accepted: 0, failed: 0, lateMs: 0, latency: new LatencyHistogram() }

  /** @param eventBytes of all events of the call together. */
  sent(events: number, eventBytes: number, lateMs: number): void {
    this.underWay += 1
    this.#calls += 1
    this.#events += events
    this.#bodyBytes += eventBytes
    this.#lately.sent += events
    this.#lately.lateMs = Math.max(this.#lately.lateMs, lateMs)
  }

  answered(status: string): void {
    this.#answers[status] = (this.#answers[status] ?? 0) + 1
  }

  /** @param latencyMs since the call was due. */
  took(firstNumber: number, events: number, latencyMs: number): void {
    this.underWay -= 1
    for (let number = firstNumber; number < firstNumber + events; number += 1) this.accepted.add(number)
    this.#lately.accepted += events
    this.#latency.add(latencyMs)
    this.#lately.latency.add(latencyMs)
  }

  gaveUp(events: number, refusal: string): void {
    this.underWay -= 1
    this.#failed += events
    this.#lately.failed += events
    this.#firstRefusal ??= refusal
  }

  /** The growth since the last call. */
  lately(): LoadInterval {
    const { sent, accepted, failed, lateMs, latency } = this.#lately
    const interval = { sent, accepted, failed, underWay: this.underWay, lateMs, latencyMs: latency.quantiles() }
    Object.assign(this.#lately, { sent: 0, accepted: 0, failed: 0, lateMs: 0 })
    latency.clear()
    return interval
  }

  total(): LoadTotal {
    return {
      calls: this.#calls,
      events: this.#events,
      accepted: this.accepted.size,
      failed: this.#failed,
      answers: { ...this.#answers },
      latencyMs: this.#latency.quantiles(),
      eventBytes: this.#events === 0 ? 0 : this.#bodyBytes / this.#events,
      firstRefusal: this.#firstRefusal,
    }
  }
}
