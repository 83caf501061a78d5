import { pairs } from '../../runtime/search/documents.ts'
import { defaultRoutingShards, shardOf } from '../../runtime/search/shard-of.ts'

const ID = /"_id":"([^"]+)"/

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
  const routing = { shards, routingShards: defaultRoutingShards(shards) }
  for (const body of bulks) {
    for (const operation of pairs(body)) {
      const id = Buffer.from(ID.exec(operation.toString('utf8', 0, operation.indexOf('\n')))?.[1] ?? '')
      const shard = shardOf(routing, id, 0, id.length)
      const waiting = gathered[shard] as Buffer[]
      waiting.push(operation)
      documents[shard] = (documents[shard] as number) + 1
      if (waiting.length === eventsPerBulk) made.push(Buffer.concat(waiting.splice(0)))
    }
  }
  const rest = gathered.filter(({ length }) => length > 0).map((waiting) => Buffer.concat(waiting))
  return { bulks: [...made, ...rest], documents }
}
