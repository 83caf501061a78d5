import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../../runtime/config.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { ShardMap } from '../../runtime/search/shard-map.ts'
import { defaultRoutingShards, shardOf } from '../../runtime/search/shard-of.ts'
import { silentLog } from '../support/log.ts'
import { eventually } from '../support/until.ts'
import { configFor } from './servers.ts'

/** Of every length modulo a block of the hash, with escapes, and with letters of one, two and four bytes. */
const IDS = Array.from({ length: 60 }, (_, number) => {
  const odd = ['', 'é', '漢', '\u{1f600}', '"', '\\', '\n', '\u0000'][number % 8] as string
  return `${'x'.repeat(number % 5)}${odd}0193f1a2-7c3e-7abc-8def-${number}~AbCdEfGhIjK`
})

describe('the shards of an index, predicted and as Elasticsearch takes them', () => {
  let config: Config
  let client: Client
  let suite = 0
  let map: ShardMap

  beforeEach(() => {
    suite += 1
    config = configFor(`shards-${suite}`)
    client = searchClient(config)
    map = new ShardMap({ client, ensure: async () => undefined, log: silentLog, nowMs: Date.now })
  })
  afterEach(() => client.close())

  const nameOf = (what: string) => `${config.indexPrefix}-${what}`

  async function create(what: string, settings: Record<string, unknown>): Promise<string> {
    const index = nameOf(what)
    await client.indices.create({ index, settings: { number_of_replicas: 0, ...settings } })
    return index
  }

  async function routingOf(index: string) {
    await eventually(() => map.routingOf(index) !== undefined)
    return map.routingOf(index)
  }

  /** Stores a document for each id; answers for each id the shard that has it. */
  async function storedShards(index: string, ids = IDS): Promise<number[]> {
    const body = ids.map((id) => `${JSON.stringify({ create: { _id: id } })}\n{}\n`).join('')
    const answer = (await client.transport.request(
      { method: 'POST', path: `/${index}/_bulk`, querystring: { refresh: 'true' }, bulkBody: body },
      { maxRetries: 0 },
    )) as { errors: boolean }
    assert.equal(answer.errors, false)
    const { shards } = await client.searchShards({ index })
    const found = new Map<string, number>()
    for (let shard = 0; shard < shards.length; shard += 1) {
      const { hits } = await client.search({
        index,
        preference: `_shards:${shard}`,
        size: 10 * IDS.length,
        _source: false,
      })
      for (const { _id } of hits.hits) found.set(_id as string, shard)
    }
    return ids.map((id) => found.get(id) as number)
  }

  async function predictedShards(index: string, ids = IDS): Promise<number[]> {
    const routing = await routingOf(index)
    assert.ok(routing)
    return ids.map((id) => {
      const lines = Buffer.from(JSON.stringify(id))
      return shardOf(routing, lines, 1, lines.length - 1)
    })
  }

  for (const shards of [2, 3, 12, 24]) {
    it(`are the same for any ids in an index of ${shards}`, async () => {
      const index = await create('plain', { number_of_shards: shards })
      assert.deepEqual(await predictedShards(index), await storedShards(index))
      assert.deepEqual(await routingOf(index), { shards, routingShards: defaultRoutingShards(shards) })
    })
  }

  it('are the same in an index with a number of routing shards of its own, and after it was split', async () => {
    const index = await create('whole', { number_of_shards: 3, number_of_routing_shards: 30 })
    assert.deepEqual(await predictedShards(index), await storedShards(index))
    await client.indices.putSettings({ index, settings: { 'index.blocks.write': true } })
    const target = nameOf('split')
    await client.indices.split({ index, target, settings: { 'index.number_of_shards': 15 } })
    assert.deepEqual(await routingOf(target), { shards: 15, routingShards: 30 })
    await client.indices.putSettings({ index: target, settings: { 'index.blocks.write': null } })
    const others = IDS.map((id) => `other ${id}`)
    assert.deepEqual(await predictedShards(target, others), await storedShards(target, others))
  })

  it('are read again when the index is made again with others', async () => {
    const index = await create('again', { number_of_shards: 3 })
    assert.deepEqual(await routingOf(index), { shards: 3, routingShards: 768 })
    await client.indices.delete({ index })
    await create('again', { number_of_shards: 5 })
    await map.review(new Set([index]))
    assert.deepEqual(await routingOf(index), { shards: 5, routingShards: 640 })
  })

  it('are one where the index spreads a routing over several shards', async () => {
    const required = nameOf('partitioned')
    await client.indices.create({
      index: required,
      settings: { number_of_shards: 12, number_of_replicas: 0, 'index.routing_partition_size': 3 },
      mappings: { _routing: { required: true } },
    })
    assert.deepEqual(await routingOf(required), { shards: 1, routingShards: 1 })
  })

  it('are one for an alias', async () => {
    const index = await create('behind', { number_of_shards: 3 })
    const alias = nameOf('alias')
    await client.indices.putAlias({ index, name: alias })
    assert.deepEqual(await routingOf(alias), { shards: 1, routingShards: 1 })
  })
})
