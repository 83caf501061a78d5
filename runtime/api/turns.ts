import { tooManyWaiting } from './refused.ts'

export interface TurnLimits {
  /** How long work may run in one turn of the event loop before further work waits for the next turn. */
  readonly sliceMs: number
  /** Maximum number that wait with the same key, and of all keys. */
  readonly waitingOfKey: number
  readonly waiting: number
}

/** As many as fit into a second when each takes some milliseconds; the rest of the world is served after each slice. */
const LIMITS: TurnLimits = { sliceMs: 5, waitingOfKey: 256, waiting: 4096 }

/**
 * Shares the event loop among calls. Otherwise, bodies that arrive together would be read, parsed and written one after the
 * other before anything else is answered. Work runs immediately during the slice of this turn; later work waits,
 * and the keys, a source or a client's address each, are served in rotation.
 */
export class Turns {
  readonly #limits: TurnLimits
  readonly #nowMs: () => number
  readonly #nextTurn: (begin: () => void) => void
  readonly #queues = new Map<string, (() => void)[]>()
  #waiting = 0
  #startedAtMs = 0
  #isScheduled = false

  constructor(
    limits: TurnLimits = LIMITS,
    nowMs: () => number = () => performance.now(),
    nextTurn: (begin: () => void) => void = setImmediate,
  ) {
    this.#limits = limits
    this.#nowMs = nowMs
    this.#nextTurn = nextTurn
  }

  /**
   * Runs the work, immediately or in a later turn. Resolves with its result, or rejects with its error.
   *
   * @returns `undefined` when too much waits: then the work does not run.
   */
  run<T>(key: string, work: () => T): Promise<T> | undefined {
    if (!this.#isScheduled) this.#begin()
    if (this.#waiting === 0 && this.#hasTime()) return settled(work)
    const queue = this.#queues.get(key) ?? []
    if (queue.length >= this.#limits.waitingOfKey || this.#waiting >= this.#limits.waiting) return undefined
    return new Promise<T>((resolve, reject) => {
      queue.push(() => void settled(work).then(resolve, reject))
      this.#queues.set(key, queue)
      this.#waiting += 1
    })
  }

  #hasTime(): boolean {
    return this.#nowMs() - this.#startedAtMs < this.#limits.sliceMs
  }

  /** The slice of this turn begins now; waiting work is served in the next turn. */
  #begin(): void {
    this.#startedAtMs = this.#nowMs()
    this.#isScheduled = true
    this.#nextTurn(() => {
      this.#isScheduled = false
      if (this.#waiting > 0) this.#serve()
    })
  }

  /** One of each key, around and around, until the slice is over. At least one: progress is made however slow the machine is. */
  #serve(): void {
    this.#begin()
    do {
      const [key, queue] = this.#queues.entries().next().value as [string, (() => void)[]]
      const work = queue.shift() as () => void
      // To the end of the rotation.
      this.#queues.delete(key)
      if (queue.length > 0) this.#queues.set(key, queue)
      this.#waiting -= 1
      work()
    } while (this.#waiting > 0 && this.#hasTime())
  }
}

/** @throws Refused 429 when too many wait for their turn. */
export function turn<T>(turns: Turns, key: string, work: () => T): Promise<T> {
  const done = turns.run(key, work)
  if (done === undefined) throw tooManyWaiting()
  return done
}

async function settled<T>(work: () => T): Promise<T> {
  return work()
}
