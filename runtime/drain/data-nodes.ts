import { counted, size } from '../telemetry/format.js'
import { type PlannedSet, setOf } from './plan.ts'

/** A copy of a shard, as Elasticsearch has it. */
export interface ShardCopy {
  readonly index: string
  readonly shard: number
  readonly isPrimary: boolean
  /** `STARTED`, `RELOCATING`, `INITIALIZING` or `UNASSIGNED`. */
  readonly state: string
  /** Where it is; while it moves, where it comes from. */
  readonly node: string | undefined
  readonly bytes: number
}

/** The disk of a node. */
export interface DataNode {
  readonly name: string
  readonly totalBytes: number
  readonly availableBytes: number
}

/** How full Elasticsearch lets a disk become before it moves no more shards to it: `cluster.routing.allocation.disk.*`. */
export interface Watermark {
  readonly isOn: boolean
  /** `low`: a share of the disk that is used (`85%`, `0.85`), or what stays free (`50gb`). */
  readonly low: string
  /** `low.max_headroom`: a share never keeps more than this free; `-1` for no such limit. */
  readonly maxHeadroom: string
}

/** What of a cluster decides whether nodes may leave it. */
export interface SearchState {
  readonly copies: readonly ShardCopy[]
  readonly nodes: readonly DataNode[]
  readonly watermark: Watermark
  /** Indices whose number of copies follows the number of nodes. */
  readonly expanding: ReadonlySet<string>
}

/** What the nodes that leave still hold. */
export interface Left {
  readonly shards: number
  readonly bytes: number
  readonly first: ShardCopy | undefined
}

/** A primary is a copy that answers. Without one, the data may be on a node that leaves, or nowhere. */
const SERVES = new Set(['STARTED', 'RELOCATING'])

export function leftOn(leaving: readonly string[], { copies }: SearchState): Left {
  const held = copies.filter(({ node }) => node !== undefined && leaving.includes(node))
  return { shards: held.length, bytes: bytesOf(held), first: held[0] }
}

/** The indices with a shard of which no copy serves. */
export function redIndices({ copies }: SearchState): readonly string[] {
  const red = copies.filter(({ isPrimary, state }) => isPrimary && !SERVES.has(state))
  return [...new Set(red.map(({ index }) => index))].sort()
}

/**
 * Why the others cannot take over what the leaving nodes hold: copies of a shard that would have no node of their own, or no space.
 * Empty when they can.
 */
export function obstaclesOf(
  sets: readonly PlannedSet[],
  leaving: readonly string[],
  state: SearchState,
): readonly string[] {
  const tiers = [...new Set(leaving.map((node) => setOf(sets, node)?.tier))]
  return tiers.flatMap((tier) => {
    const ofTier = (node: string) => setOf(sets, node)?.tier === tier
    const going = leaving.filter(ofTier)
    const staying = state.nodes.filter(({ name }) => ofTier(name) && !leaving.includes(name))
    const held = state.copies.filter(({ node }) => node !== undefined && going.includes(node))
    return [...tooManyCopies(held, staying, state), ...tooLittleSpace(held, staying, state)]
  })
}

function tooManyCopies(
  held: readonly ShardCopy[],
  staying: readonly DataNode[],
  state: SearchState,
): readonly string[] {
  const copiesOf = (of: ShardCopy) =>
    state.copies.filter(({ index, shard }) => index === of.index && shard === of.shard)
  const most = new Map<string, number>()
  for (const copy of held) {
    if (state.expanding.has(copy.index)) continue
    most.set(copy.index, Math.max(most.get(copy.index) ?? 0, copiesOf(copy).length))
  }
  return [...most]
    .filter(([, copies]) => copies > staying.length)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(
      ([index, copies]) =>
        `${index} has ${counted(copies, 'copy', 'copies')} of each shard and ${counted(staying.length, 'node')} would stay: keep more nodes, or lower its number_of_replicas`,
    )
}

function tooLittleSpace(
  held: readonly ShardCopy[],
  staying: readonly DataNode[],
  state: SearchState,
): readonly string[] {
  const bytes = bytesOf(held)
  const room = staying.reduce((sum, node) => sum + roomOn(node, state.watermark), 0)
  if (bytes <= room) return []
  return [
    `the leaving nodes hold ${size(bytes)} and the others have room for ${size(room)} below the low watermark (${state.watermark.low}): give them larger disks first, or delete indices`,
  ]
}

/** How many bytes Elasticsearch still puts on a node. */
export function roomOn({ totalBytes, availableBytes }: DataNode, { isOn, low, maxHeadroom }: Watermark): number {
  if (!isOn) return availableBytes
  const share = low.endsWith('%') ? Number(low.slice(0, -1)) / 100 : Number(low)
  const kept = Number.isNaN(share)
    ? bytesIn(low)
    : Math.min(totalBytes * (1 - share), maxHeadroom === '-1' ? Number.POSITIVE_INFINITY : bytesIn(maxHeadroom))
  return Math.max(0, availableBytes - kept)
}

const UNITS: Readonly<Record<string, number>> = { b: 0, kb: 1, mb: 2, gb: 3, tb: 4, pb: 5 }

/** Bytes of a size as Elasticsearch writes it: `200gb`. */
function bytesIn(text: string): number {
  const [, number, unit = ''] = /^([\d.]+)([kmgtp]?b)$/i.exec(text) ?? []
  return Number(number ?? 0) * 1024 ** (UNITS[unit.toLowerCase()] ?? 0)
}

function bytesOf(copies: readonly ShardCopy[]): number {
  return copies.reduce((sum, { bytes }) => sum + bytes, 0)
}
