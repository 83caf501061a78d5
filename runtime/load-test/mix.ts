import type { Random } from './random.ts'

interface Range {
  /** Part of all calls, over 0 to 1; all of them are 1. */
  readonly share: number
  readonly least: number
  readonly most: number
}

/** Events in one call: single clicks, pages that send what they gathered, and servers that send in bulks. */
const CALL_EVENTS: readonly Range[] = [
  { share: 0.4, least: 1, most: 1 },
  { share: 0.25, least: 2, most: 5 },
  { share: 0.2, least: 6, most: 20 },
  { share: 0.1, least: 21, most: 50 },
  { share: 0.05, least: 51, most: 100 },
]

/** Mean of the events in one call: 11.2. */
export const MEAN_CALL_EVENTS = CALL_EVENTS.reduce(
  (sum, { share, least, most }) => sum + (share * (least + most)) / 2,
  0,
)

/** Events of one call, 1 to 100. */
export function callEvents(random: Random): number {
  const { least, most } = ranged(CALL_EVENTS, random())
  return least + Math.floor(random() * (most - least + 1))
}

function ranged(ranges: readonly Range[], at: number): Range {
  let upTo = 0
  for (const range of ranges) {
    upTo += range.share
    if (at < upTo) return range
  }
  return ranges.at(-1) as Range
}

/** The data of an event: a click, a shop's page, or that and a text. */
export type EventSize = 'small' | 'usual' | 'large'

/** About 200, 560 and 2,000 bytes of JSON. */
export function eventSize(random: Random): EventSize {
  const at = random()
  if (at < 0.25) return 'small'
  return at < 0.9 ? 'usual' : 'large'
}

/**
 * Chooses profiles as visits are spread over visitors: the nth comes with a probability of 1/n of the first (Zipf's law).
 *
 * @param profiles how many there are, at least 1; they take 8 bytes each.
 * @returns a choice of one, counted from 0.
 */
export function zipf(profiles: number): (random: Random) => number {
  const upTo = new Float64Array(profiles)
  let sum = 0
  for (let rank = 0; rank < profiles; rank += 1) {
    sum += 1 / (rank + 1)
    upTo[rank] = sum
  }
  return (random) => {
    const at = random() * sum
    let low = 0
    let high = profiles - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((upTo[middle] as number) > at) high = middle
      else low = middle + 1
    }
    return low
  }
}
