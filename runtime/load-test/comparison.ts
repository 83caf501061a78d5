import { randomBytes } from 'node:crypto'

/** Shown of each kind at most. */
const EXAMPLES = 10

/** What became of the events that got a 200. */
export interface Comparison {
  /** Events that got a 200. */
  readonly accepted: number
  /** Documents of this load test, in all indices together. */
  readonly stored: number
  /** Got a 200 and are nowhere. */
  readonly lost: number
  /** Stored more than once. */
  readonly twice: number
  /** Stored although their call got no 200: its answer was lost, or it was given up. That is no fault. */
  readonly storedWithout200: number
  /** `properties.number` of some lost ones, and of some that are stored twice. */
  readonly examples: { readonly lost: readonly number[]; readonly twice: readonly number[] }
}

/**
 * Compares the events that got a 200 with the stored ones.
 *
 * @param accepted numbers of the events that got a 200.
 * @param ids of the stored documents, in any order, each as often as it is stored.
 */
export async function compare(
  run: RunKey,
  accepted: NumberSet,
  ids: AsyncIterable<string> | Iterable<string>,
): Promise<Comparison> {
  const found = new NumberSet()
  const twice = new NumberSet()
  let stored = 0
  let without200 = 0
  for await (const id of ids) {
    const number = numberOf(run, id)
    if (number === undefined) continue
    stored += 1
    if (!found.add(number)) twice.add(number)
    else if (!accepted.has(number)) without200 += 1
  }
  const lost: number[] = []
  let lostCount = 0
  for (const number of accepted) {
    if (found.has(number)) continue
    lostCount += 1
    if (lost.length < EXAMPLES) lost.push(number)
  }
  return {
    accepted: accepted.size,
    stored,
    lost: lostCount,
    twice: twice.size,
    storedWithout200: without200,
    examples: { lost, twice: [...twice].slice(0, EXAMPLES) },
  }
}

const FIRST_BYTES = 1 << 16

/** Whole numbers from 0 on, one bit each: the events of 10 minutes at 5,000 a second take 0.4 MB. */
export class NumberSet {
  size = 0
  #bits = new Uint8Array(FIRST_BYTES)

  /** @returns whether it is new. */
  add(number: number): boolean {
    const byte = number >>> 3
    if (byte >= this.#bits.length) this.#growTo(byte + 1)
    const bit = 1 << (number & 7)
    const before = this.#bits[byte] as number
    if ((before & bit) !== 0) return false
    this.#bits[byte] = before | bit
    this.size += 1
    return true
  }

  has(number: number): boolean {
    return ((this.#bits[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0
  }

  /** In ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (let byte = 0; byte < this.#bits.length; byte += 1) {
      const bits = this.#bits[byte] as number
      for (let bit = 0; bit < 8; bit += 1) if ((bits & (1 << bit)) !== 0) yield byte * 8 + bit
    }
  }

  #growTo(bytes: number): void {
    const grown = new Uint8Array(Math.max(bytes, this.#bits.length * 2))
    grown.set(this.#bits)
    this.#bits = grown
  }
}

/** Names one load test: ten hexadecimal digits, that are in the id of each of its events. */
export type RunKey = string

const HEX_BYTES = 5
/** Events that one load test can number. */
export const MAX_EVENTS = 2 ** 32

export function newRunKey(): RunKey {
  return randomBytes(HEX_BYTES).toString('hex')
}

/**
 * A UUIDv7 whose random part holds the load test and the number of the event: what was accepted and what is stored can then
 * be compared by one bit for each event.
 *
 * @param number 0 up to but not including `MAX_EVENTS`.
 */
export function eventId(run: RunKey, number: number, timeMs: number): string {
  const time = timeMs.toString(16).padStart(12, '0')
  const count = number.toString(16).padStart(8, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${run.slice(0, 3)}-8${run.slice(3, 6)}-${run.slice(6)}${count}`
}

/** The number of an event; `undefined` for an id that is not of this load test. */
export function numberOf(run: RunKey, id: string): number | undefined {
  const ours = id.length === 36 && id.slice(15, 18) === run.slice(0, 3) && id.slice(20, 23) === run.slice(3, 6)
  if (!ours || id.slice(24, 28) !== run.slice(6)) return undefined
  const number = Number.parseInt(id.slice(28), 16)
  return Number.isNaN(number) ? undefined : number
}
