/** What was not used for a while may be made up for by so much. */
const BURST_MS = 100

/** Holds a rate of events: each takes its time, and the next may be taken when that is over. */
export class Pace {
  readonly #msPerEvent: number
  readonly #now: () => number
  #freeAtMs = 0

  /** @param eventsPerSecond above 0 */
  constructor(eventsPerSecond: number, now: () => number) {
    this.#msPerEvent = 1000 / eventsPerSecond
    this.#now = now
  }

  /** Milliseconds until the next may be taken; 0 when it may be now. */
  get waitMs(): number {
    return Math.max(0, this.#freeAtMs - this.#now())
  }

  took(events: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#now() - BURST_MS) + events * this.#msPerEvent
  }
}
