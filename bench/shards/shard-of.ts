import { pairs } from '../../runtime/search/documents.ts'

/** Elasticsearch divides the hashes among so many parts, of which each shard has the same number. */
const MOST_DEFAULT_SPLITS = 10
const ID = /"_id":"([^"]+)"/

/**
 * The shard of a document whose routing is its `_id`, in an index with the default number of routing shards.
 *
 * @see https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-routing-field
 */
export function shardOf(id: string, shards: number): number {
  const splits = Math.max(1, MOST_DEFAULT_SPLITS - Math.ceil(Math.log2(shards)))
  const factor = 2 ** splits
  const routingShards = shards * factor
  const remainder = murmur3(Buffer.from(id, 'utf16le')) % routingShards
  return Math.floor((remainder < 0 ? remainder + routingShards : remainder) / factor)
}

/** MurmurHash3 of 32 bits with the seed 0, as a signed number. */
export function murmur3(bytes: Buffer): number {
  const blocksEnd = bytes.length - (bytes.length % 4)
  let hash = 0
  for (let at = 0; at < blocksEnd; at += 4) {
    hash = rotated(hash ^ scrambled(bytes.readInt32LE(at)), 13)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let at = bytes.length - 1; at >= blocksEnd; at -= 1) rest = (rest << 8) | bytes.readUInt8(at)
  hash ^= scrambled(rest) ^ bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function scrambled(block: number): number {
  return Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593)
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

/** The same operations in bulks that are each for one shard only. */
export interface BulksByShard {
  /** In the order in which they become full; those that did not are at the end. */
  readonly bulks: readonly Buffer[]
  /** Documents that each shard gets. */
  readonly documents: readonly number[]
}

export function bulksByShard(bulks: readonly Buffer[], eventsPerBulk: number, shards: number): BulksByShard {
  const gathered = Array.from({ length: shards }, (): Buffer[] => [])
  const documents = Array.from({ length: shards }, () => 0)
  const made: Buffer[] = []
  for (const body of bulks) {
    for (const operation of pairs(body)) {
      const id = ID.exec(operation.toString('utf8', 0, operation.indexOf('\n')))?.[1] ?? ''
      const shard = shardOf(id, shards)
      const waiting = gathered[shard] as Buffer[]
      waiting.push(operation)
      documents[shard] = (documents[shard] as number) + 1
      if (waiting.length === eventsPerBulk) made.push(Buffer.concat(waiting.splice(0)))
    }
  }
  const rest = gathered.filter(({ length }) => length > 0).map((waiting) => Buffer.concat(waiting))
  return { bulks: [...made, ...rest], documents }
}
