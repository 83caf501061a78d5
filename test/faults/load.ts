import { v7 as uuidV7 } from 'uuid'
import { type Call, generateLoad } from '../../runtime/send/generate.ts'
import { type SendReport, sendCalls } from '../../runtime/send/sender.ts'
import { eventually } from '../support/until.ts'

const EVENTS_PER_CALL = 20

/** A load with ids, which remembers of each event that got a 200 which fault was on at that time. */
export class Load {
  /** Every id that got a 200, with the fault during which it did. */
  readonly accepted = new Map<string, string>()
  readonly report: Promise<SendReport>
  /** Ids of events with a 200 that no index takes. */
  readonly refused = new Set<string>()
  #fault = 'none'
  #stopped = false
  #begun = 0
  #answered = 0
  #pause: { readonly over: Promise<void>; readonly end: () => void } | undefined

  /** @param url of the API. */
  constructor(url: string, eventsPerSecond: number) {
    const options = { url, concurrency: 32, eventsPerSecond, retryForMs: 3_600_000 }
    this.report = sendCalls(this.#calls(), options, (call) => {
      this.#answered += 1
      this.take(call)
    })
  }

  /** From now on what gets a 200 does so during this fault. */
  during(fault: string): void {
    this.#fault = fault
  }

  take(call: Call): void {
    for (const { id } of call.events) this.accepted.set(id, this.#fault)
  }

  /** From now on no call begins; `resume` makes up for them. Resolves when all that had begun are answered 200. */
  async pause(): Promise<void> {
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    this.#pause = { over, end }
    await eventually(() => this.#answered === this.#begun)
  }

  resume(): void {
    this.#pause?.end()
    this.#pause = undefined
  }

  stop(): Promise<SendReport> {
    this.#stopped = true
    this.resume()
    return this.report
  }

  async *#calls(): AsyncGenerator<Call> {
    const load = { source: 'my-source', events: Number.MAX_SAFE_INTEGER, eventsPerCall: EVENTS_PER_CALL, profiles: 500 }
    for (const call of generateLoad(load)) {
      await this.#pause?.over
      if (this.#stopped) return
      this.#begun += 1
      yield call
    }
  }
}

/** A call of a few events, each of which the document refuses or not. @param nowMs the time in their ids. */
export function callOf(events: number, more: object = {}, nowMs = Date.now()): Call {
  return {
    source: { id: 'my-source' },
    events: Array.from({ length: events }, () => ({ id: uuidV7({ msecs: nowMs }), type: 'fault-test', ...more })),
  }
}

/** Posts a call once, and answers its status; nothing when there was no answer. */
export async function post(url: string, call: Call): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call),
      signal: AbortSignal.timeout(10_000),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return undefined
  }
}
