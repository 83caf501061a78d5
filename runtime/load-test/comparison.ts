import { numberOf, type RunKey } from './event-id.ts'
import { NumberSet } from './number-set.ts'

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
