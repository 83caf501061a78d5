import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { partitionName, type Topics } from '../names.ts'
import type { SetUpStep } from '../set-up-step.ts'
import type { PulsarAdmin } from './admin.ts'
import { lastRefusal } from './attempts.ts'

const ROUNDS = 5
const ROUND_MS = 1000

/** A bundle that holds partitions of the topic. */
export interface PlacedBundle {
  readonly range: string
  readonly broker: string
  readonly partitions: number
}

interface Move {
  readonly range: string
  readonly to: string
}

/**
 * The fewest moves, one after another from the broker with most partitions to the one with fewest, until no move makes them
 * more alike. Brokers that serve none count; a bundle moves as a whole.
 */
export function movesFor(placed: readonly PlacedBundle[], brokers: readonly string[]): readonly Move[] {
  const target = new Map(placed.map(({ range, broker }) => [range, broker]))
  for (;;) {
    const now = placed.map((bundle) => ({ ...bundle, broker: target.get(bundle.range) ?? bundle.broker }))
    const counts = countsOf(now, brokers)
    const most = extremeOf(counts, (count, best) => count > best)
    const fewest = extremeOf(counts, (count, best) => count < best)
    const difference = most.count - fewest.count
    // The moved part must be smaller than the difference; otherwise the two only swap.
    const helpful = now
      .filter(({ broker, partitions }) => broker === most.broker && partitions < difference)
      .sort((a, b) => Math.abs(difference / 2 - a.partitions) - Math.abs(difference / 2 - b.partitions))[0]
    if (!helpful) return placed.flatMap(({ range, broker }) => moved(range, broker, target.get(range)))
    target.set(helpful.range, fewest.broker)
  }
}

function moved(range: string, from: string, to = from): Move[] {
  return to === from ? [] : [{ range, to }]
}

function countsOf(placed: readonly PlacedBundle[], brokers: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map(brokers.map((broker) => [broker, 0]))
  for (const { broker, partitions } of placed) counts.set(broker, (counts.get(broker) ?? 0) + partitions)
  return counts
}

function extremeOf(
  counts: ReadonlyMap<string, number>,
  isBetter: (count: number, best: number) => boolean,
): { broker: string; count: number } {
  return [...counts]
    .map(([broker, count]) => ({ broker, count }))
    .reduce((best, one) => (isBetter(one.count, best.count) ? one : best))
}

/**
 * Gives every broker about as many partitions of the topic as the others. The load manager of Pulsar places a bundle once, when a
 * topic in it is first used. It moves bundles only away from brokers that are busier than the others by 10 % of their
 * machine's capacity. So a broker that is added to a cluster with spare capacity gets nothing.
 *
 * A move loses nothing: the broker closes the topics of the bundle, their clients reconnect, publish again what has no receipt,
 * and receive again what is not acknowledged. If no broker has two partitions more than another, nothing moves.
 */
export async function ensureSpread(
  admin: PulsarAdmin,
  topics: Topics,
  partitions: number,
  roundMs = ROUND_MS,
): Promise<SetUpStep> {
  const what = `spread of ${topics.events}`
  const namespace = `${topics.tenant}/${topics.namespace}`
  const brokers = await admin.brokers()
  if (!brokers) return { what, state: 'exists', detail: 'left to Pulsar, because this token may not list its brokers' }
  let moves = 0
  let fault: unknown
  for (let round = 0; ; round += 1) {
    const placed = await placedBundles(admin, topics.events, partitions)
    if (placed.some(({ broker }) => !brokers.includes(broker)))
      return {
        what,
        state: 'exists',
        detail: 'left to Pulsar, whose list of brokers does not name those that serve it',
      }
    const next = movesFor(placed, brokers)
    const detail = textOf(placed, brokers)
    if (next.length === 0) return { what, state: moves === 0 ? 'exists' : 'updated', detail }
    if (round === ROUNDS) return { what, state: 'differs', detail: `${detail}${refusalOf(next.length, fault)}` }
    if (round > 0) await sleep(roundMs)
    fault = await lastRefusal(next, ({ range, to }) => admin.moveBundle(namespace, range, to))
    moves += next.length
  }
}

function refusalOf(moves: number, fault: unknown): string {
  return `, and Pulsar did not move ${moves} bundles${fault === undefined ? '' : `: ${messageOf(fault)}`}`
}

async function placedBundles(admin: PulsarAdmin, topic: string, partitions: number): Promise<readonly PlacedBundle[]> {
  const bundles = new Map<string, PlacedBundle>()
  for (let partition = 0; partition < partitions; partition += 1) {
    const { range, broker } = await admin.placeOf(partitionName(topic, partition))
    bundles.set(range, { range, broker, partitions: (bundles.get(range)?.partitions ?? 0) + 1 })
  }
  return [...bundles.values()]
}

function textOf(placed: readonly PlacedBundle[], brokers: readonly string[]): string {
  const counts = [...countsOf(placed, brokers).values()]
  return `${Math.min(...counts)} to ${Math.max(...counts)} partitions on each of ${brokers.length} brokers`
}
