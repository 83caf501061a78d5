/** Rounds up, but not for the last digits of a floating-point number: 3.0000000001 units are 3. */
export function roundUp(value: number): number {
  return Math.ceil(value * (1 - 1e-9))
}

/** Rounds a count up so that each zone holds as many as the others. At least one is in each zone. */
export function evenly(count: number, zones: number): number {
  return Math.ceil(count / zones) * zones
}

/** Counts that are tried from the first that holds: beyond them more units only add to the cost. */
const TRIED = 60
/** Of more units than a stack can have, so small a part of them is one step. */
const FINE = 500

/**
 * The cheapest of the counts that hold, of equal ones the least.
 *
 * @param least from which the counts go up: a multiple of `zones`, and a bound that a count must reach to hold.
 * @param costOf what a count costs before its parts are rounded, so that rounding does not decide; none where it does not
 *   hold. It holds for every large count.
 */
export function cheapestCount(least: number, zones: number, costOf: (count: number) => number | undefined): number {
  let best = { count: least, cost: Number.POSITIVE_INFINITY }
  for (let count = least, tried = 0; tried < TRIED; count += evenly(Math.max(1, count / FINE), zones)) {
    const cost = costOf(count)
    if (cost === undefined) continue
    tried += 1
    if (cost < best.cost * (1 - 1e-9)) best = { count, cost }
  }
  return best.count
}
