/** A copy of a shard, as Elasticsearch has it. */
export interface ShardCopy {
  /** Whether it is in use, and not on its way to another node. */
  readonly isSettled: boolean
  readonly node: string
  readonly bytes: number
  /** Documents of all segments, deleted ones included. */
  readonly documents: number
  /** Documents of the largest segment, without deleted ones. */
  readonly inLargest: number
}

export interface WarmNode {
  readonly isWarm: boolean
  readonly totalBytes: number
  readonly freeBytes: number
}

/** An index that has aged. */
export interface AgedIndex {
  readonly name: string
  readonly replicas: number
  readonly isGreen: boolean
  /** Whether its setting prefers warm nodes already. */
  readonly isSent: boolean
  readonly primaries: number
  readonly copies: readonly ShardCopy[]
  /** Documents that were written since its shards started; another number after a move. */
  readonly written: number
}

/** What becomes of an index: `done`, a step to take, or why it waits. */
export type Next = 'done' | 'send' | 'lower' | 'raise' | 'merge' | Waits
export type Waits = 'not_green' | 'moving' | 'written' | 'no_room'

/** Part of a disk that may be full with the copy that a merge makes: the high watermark of Elasticsearch, above which shards leave. */
const FULL_RATIO = 0.9

/**
 * Part of the documents that may be outside of the largest segment. Late events and erasures make small segments, and for a few of
 * them nobody writes the whole shard again.
 */
const LOOSE_RATIO = 0.05

/**
 * The next step of an index. Copies that are too many go first, so that they are not moved, and only from a green index: what
 * remains is complete then. It is merged last, where it stays.
 *
 * @param writtenBefore what `written` was a while ago; none where nobody looked yet.
 */
export function nextOf(
  index: AgedIndex,
  replicas: number,
  nodes: ReadonlyMap<string, WarmNode>,
  writtenBefore: number | undefined,
): Next {
  if (index.replicas > replicas) return index.isGreen ? 'lower' : 'not_green'
  if (index.replicas < replicas) return 'raise'
  if (!index.isSent) return 'send'
  if (!isInPlace(index, nodes)) return 'moving'
  if (index.copies.every(isMerged)) return 'done'
  if (!hasRoom(index, nodes)) return 'no_room'
  return index.written === writtenBefore ? 'merge' : 'written'
}

function isInPlace({ copies, primaries, replicas }: AgedIndex, nodes: ReadonlyMap<string, WarmNode>): boolean {
  const inPlace = copies.filter(({ isSettled, node }) => isSettled && nodes.get(node)?.isWarm === true)
  return inPlace.length === primaries * (1 + replicas)
}

function isMerged({ documents, inLargest }: ShardCopy): boolean {
  return documents - inLargest <= LOOSE_RATIO * documents
}

/** A merge writes a shard again before the old segments go. Several shards of a node may be merged at the same time. */
function hasRoom({ copies }: AgedIndex, nodes: ReadonlyMap<string, WarmNode>): boolean {
  return [...nodes].every(([id, { totalBytes, freeBytes }]) => {
    const written = copies
      .filter((copy) => copy.node === id && !isMerged(copy))
      .reduce((sum, { bytes }) => sum + bytes, 0)
    return written === 0 || totalBytes - freeBytes + written <= FULL_RATIO * totalBytes
  })
}
