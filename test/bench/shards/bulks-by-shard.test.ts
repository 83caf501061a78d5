import assert from 'node:assert/strict'
import { bulksByShard } from '../../../bench/shards/bulks-by-shard.ts'
import { defaultRoutingShards, shardOf as shardOfId } from '../../../runtime/search/shard-of.ts'

const shardOf = (id: string, shards: number) =>
  shardOfId({ shards, routingShards: defaultRoutingShards(shards) }, Buffer.from(id), 0, id.length)

describe('bulks for one shard each', () => {
  const operation = (id: string) => `{"create":{"_index":"i","_id":"${id}"}}\n{"id":"${id}"}\n`
  const ids = Array.from({ length: 40 }, (_, number) => `id-${number}`)
  const bodies = [ids.slice(0, 25), ids.slice(25)].map((some) => Buffer.from(some.map(operation).join('')))
  const { bulks, documents } = bulksByShard(bodies, 5, 3)
  const idsIn = (body: Buffer) => [...body.toString().matchAll(/"_id":"([^"]+)"/g)].map(([, id]) => id as string)

  it('hold every operation once', () => {
    assert.deepEqual(bulks.flatMap(idsIn).sort(), [...ids].sort())
  })

  it('are for one shard each, and full except the last of each shard', () => {
    for (const body of bulks) assert.equal(new Set(idsIn(body).map((id) => shardOf(id, 3))).size, 1)
    const sizes = bulks.map((body) => idsIn(body).length)
    assert.ok(
      sizes.slice(0, -3).every((size) => size === 5),
      sizes.join(),
    )
  })

  it('say how many documents each shard gets', () => {
    assert.deepEqual(
      documents,
      [0, 1, 2].map((shard) => ids.filter((id) => shardOf(id, 3) === shard).length),
    )
  })
})
