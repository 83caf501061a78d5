import assert from 'node:assert/strict'
import { bulksByShard, murmur3, shardOf } from '../../../bench/shards/shard-of.ts'

const hash = (text: string) => (murmur3(Buffer.from(text, 'utf16le')) >>> 0).toString(16)

describe('the shard of a document', () => {
  it('comes from the hash that Elasticsearch makes of text', () => {
    // The cases of Elasticsearch's own Murmur3HashFunctionTests.
    assert.equal(hash('hell'), '5a0cb7c3')
    assert.equal(hash('hello'), 'd7c31989')
    assert.equal(hash('hello w'), '22ab2984')
    assert.equal(hash('hello wo'), 'df0ca123')
    assert.equal(hash('hello wor'), 'e7744d61')
    assert.equal(hash('The quick brown fox jumps over the lazy dog'), 'e07db09c')
    assert.equal(hash('The quick brown fox jumps over the lazy cog'), '4e63d2ad')
  })

  it('knows the reference hashes of bytes', () => {
    const vectors = {
      '': '0',
      test: 'ba6bd213',
      'Hello, world!': 'c0363e43',
      'The quick brown fox jumps over the lazy dog': '2e4ff723',
    }
    const found = Object.keys(vectors).map((text) => [text, (murmur3(Buffer.from(text)) >>> 0).toString(16)])
    assert.deepEqual(Object.fromEntries(found), vectors)
  })

  it('is the only one of an index with one, and within their number in any other', () => {
    const ids = Array.from({ length: 2000 }, (_, number) => `id-${number}`)
    assert.ok(ids.every((id) => shardOf(id, 1) === 0))
    for (const shards of [3, 12, 24]) {
      const used = new Set(ids.map((id) => shardOf(id, shards)))
      assert.deepEqual(
        [...used].sort((one, other) => one - other),
        [...Array(shards).keys()],
      )
    }
  })
})

describe('bulks for one shard each', () => {
  const operation = (id: string) => `{"create":{"_index":"i","_id":"${id}"}}\n{"id":"${id}"}\n`
  const ids = Array.from({ length: 40 }, (_, number) => `id-${number}`)
  const bodies = [ids.slice(0, 25), ids.slice(25)].map((some) => Buffer.from(some.map(operation).join('')))
  const { bulks, documents } = bulksByShard(bodies, 5, 3)
  const idsIn = (body: Buffer) => [...body.toString().matchAll(/"_id":"([^"]+)"/g)].map(([, id]) => id as string)

  it('hold every operation once', () => {
    assert.deepEqual(bulks.flatMap(idsIn).sort(), [...ids].sort())
  })

  it('are for one shard each, and full but for the last of each shard', () => {
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
