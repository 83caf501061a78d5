import { LatencyHistogram } from './latency.ts'
import { NumberSet } from './number-set.ts'
import type { LoadInterval, LoadTotal } from './record.ts'

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
