import assert from 'node:assert/strict'
import fc from 'fast-check'
import { defaultRoutingShards, shardOf } from '../../../runtime/search/shard-of.ts'

function shardOfText(id: string, shards: number, routingShards = defaultRoutingShards(shards)): number {
  const lines = Buffer.from(JSON.stringify(id))
  return shardOf({ shards, routingShards }, lines, 1, lines.length - 1)
}

describe('shardOf', () => {
  it('gives an index without a number of its own room for splits up to 1,024 shards', () => {
    assert.deepEqual(
      [1, 2, 3, 5, 12, 24, 512, 1024].map(defaultRoutingShards),
      [1024, 1024, 768, 640, 768, 768, 1024, 2048],
    )
  })

  // From Murmur3HashFunctionTests of Elasticsearch.
  for (const [text, hash] of [
    ['hell', 0x5a0cb7c3],
    ['hello', 0xd7c31989],
    ['hello w', 0x22ab2984],
    ['hello wo', 0xdf0ca123],
    ['hello wor', 0xe7744d61],
    ['The quick brown fox jumps over the lazy dog', 0xe07db09c],
    ['The quick brown fox jumps over the lazy cog', 0x4e63d2ad],
  ] as const) {
    it(`hashes "${text}" as Elasticsearch does`, () => {
      // With that many shards, each of one value of the hash, the shard is the hash.
      const all = 2 ** 32
      assert.equal(shardOfText(text, all, all), hash)
    })
  }

  it('takes a text with escapes or other letters as its UTF-16 units, like a plain one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 60 }), (id, shards) => {
        const escaped = Buffer.from(
          Array.from({ length: id.length }, (_, at) => `\\u${id.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
            '',
          ),
        )
        const routing = { shards, routingShards: defaultRoutingShards(shards) }
        assert.equal(shardOf(routing, escaped, 0, escaped.length), shardOfText(id, shards))
      }),
      { seed: 20261128 },
    )
  })

  it('spreads ids over all shards, and only over them', () => {
    const shards = Array.from({ length: 2000 }, (_, number) => shardOfText(`e-${number}`, 24))
    assert.deepEqual(
      [...new Set(shards)].sort((a, b) => a - b),
      Array.from({ length: 24 }, (_, shard) => shard),
    )
  })
})
