import type { Load } from './load.ts'
import type { Question } from './question.ts'

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

/**
 * Pods that carry a load at `targetUtilisation`, and at `lossUtilisation` after the loss that the stack is to survive.
 *
 * @param limits the load, in pods at their limit.
 */
export function leastPods({ load, shape, c }: Question, limits: number): number {
  const { zones } = shape
  const left = Math.max(1, roundUp(limits / c.lossUtilisation))
  return Math.max(
    1,
    roundUp(limits / c.targetUtilisation),
    load.surviveNode ? left + 1 : 1,
    // Of `count` pods that are spread evenly a zone has `ceil(count / zones)`.
    load.surviveZone && zones > 1 ? Math.ceil((left * zones) / (zones - 1)) : 1,
  )
}

/** A loss that is to be survived, and what remains after it. */
export interface Loss {
  readonly of: 'node' | 'zone'
  /** Units that remain, at least 0. */
  readonly left: number
  /** Copies of each piece of data that the servers make again on what remains, at least 1. */
  readonly copies: number
}

type Asked = Pick<Load, 'surviveNode' | 'surviveZone'>

/**
 * The losses that a count of units must bear.
 *
 * Elasticsearch spreads copies by forced awareness: a zone holds at most `ceil(copies / zones)` of a shard
 * (AwarenessAllocationDecider), so what a lost zone held is made again in the others up to that. With two copies in three
 * zones both exist again afterwards; with three copies two remain. BookKeeper makes all copies again wherever there are bookies.
 *
 * @param count of units, spread evenly: a zone holds at most one more than another.
 * @param copies of each piece of data.
 */
export function lossesOf(count: number, copies: number, zones: number, asked: Asked, forced = true): readonly Loss[] {
  const perZone = forced ? Math.ceil(copies / zones) : copies
  const node: Loss = { of: 'node', left: count - 1, copies: Math.max(1, Math.min(copies, count - 1)) }
  const left = count - Math.ceil(count / zones)
  const zone: Loss = { of: 'zone', left, copies: Math.max(1, Math.min(copies, (zones - 1) * perZone, left)) }
  return [...(asked.surviveNode ? [node] : []), ...(asked.surviveZone && zones > 1 ? [zone] : [])]
}
