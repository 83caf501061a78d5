import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { Agent } from 'undici'
import { deliver } from '../send/deliver.ts'
import type { Call } from '../send/generate.ts'
import type { DueCall } from './calls.ts'
import type { Meter } from './meter.ts'

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
  const startedAtMs = performance.now()
  const underWay = new Set<Promise<void>>()
  const post = async (due: DueCall) => {
    const dueAtMs = startedAtMs + due.dueMs
    const call = due.make(Date.now())
    const body = JSON.stringify(call)
    meter.sent(due.events, body.length - emptyBytes(call), performance.now() - dueAtMs)
    const refusal = await deliver(agent, url, body, options, (status) => meter.answered(status))
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
