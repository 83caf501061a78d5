import { setTimeout as sleep } from 'node:timers/promises'
import type { State } from '../../runtime/console/state.ts'
import { SIGNED_IN } from '../support/private.ts'
import type { FaultTime, Shown } from './advice-report.ts'
import { expectedAdvice } from './expected-advice.ts'
import type { Program } from './program.ts'

const EVERY_MS = 500
const ANSWER_LIMIT_MS = 5000
/** A cause that is found once a minute needs this. */
const SHOWN_WITHIN_MS = 75_000
/** A little more than is allowed, so that what is late is found and not cut off. */
const GONE_LIMIT_MS = 40_000

/** Reads what the console of an API advises, all the time. */
export class ConsoleWatch {
  readonly shown: Shown[] = []
  readonly times: FaultTime[] = []
  /** Called while a fault is held and its advice is shown. */
  whenShown: () => Promise<void> = async () => undefined
  /** Of the API that is watched. */
  readonly url: string
  readonly #closing = new AbortController()
  readonly #reading: Promise<void>
  #fault = ''

  constructor(api: Program) {
    this.url = api.privateUrl
    this.#reading = this.#read()
  }

  /** Runs a fault; `hold` within it resolves when the expected advice is shown, or immediately where the fault is not held. */
  async during(fault: string, isHeld: boolean, run: () => Promise<void>): Promise<void> {
    const beganMs = performance.now()
    this.#fault = isHeld ? fault : ''
    const time = { fault, expected: expectedAdvice(fault), beganMs, isHeld }
    // While it is on, everything that it may cause is right.
    this.times.push({ ...time, endedMs: Number.POSITIVE_INFINITY })
    try {
      await run()
    } finally {
      this.times[this.times.length - 1] = { ...time, endedMs: performance.now() }
      this.#fault = ''
    }
  }

  readonly hold = async (): Promise<void> => {
    if (this.#fault === '') return
    const { any } = expectedAdvice(this.#fault)
    if (any.length === 0) return
    await this.#until((codes) => codes.some((code) => (any as readonly string[]).includes(code)), SHOWN_WITHIN_MS)
    await this.whenShown()
  }

  /** Resolves when the expected advice of the last fault is gone, or does not go. */
  async gone(): Promise<void> {
    const any: readonly string[] = this.times.at(-1)?.expected.any ?? []
    await this.#until((codes) => !codes.some((code) => any.includes(code) && code !== 'dead_letters'), GONE_LIMIT_MS)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#reading
  }

  async #until(holds: (codes: readonly string[]) => boolean, limitMs: number): Promise<void> {
    const endsAtMs = performance.now() + limitMs
    const from = this.shown.length
    while (performance.now() < endsAtMs) {
      const latest = this.shown.length > from ? this.shown.at(-1) : undefined
      if (latest && holds(latest.advice.map(({ code }) => code))) return
      await sleep(EVERY_MS)
    }
  }

  async #read(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        const limits = { headers: SIGNED_IN, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }
        const answer = await fetch(`${this.url}/console/advice`, limits)
        const { advice } = (await answer.json()) as Pick<State, 'advice'>
        const shown = advice.map(({ code, text, where, reason }) => ({
          code,
          text: `${where}: ${text} ${reason ?? ''}`,
        }))
        this.shown.push({ atMs: performance.now(), advice: shown })
      } catch {
        // It has just started.
      }
      await sleep(EVERY_MS)
    }
  }
}
