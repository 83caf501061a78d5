import type { Load } from './load.ts'

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
