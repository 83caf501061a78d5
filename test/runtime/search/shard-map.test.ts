import assert from 'node:assert/strict'
import { ShardMap } from '../../../runtime/search/shard-map.ts'
import { defaultRoutingShards, shardOf } from '../../../runtime/search/shard-of.ts'
import { recordingLog } from '../../support/log.ts'
import { scriptedClient } from '../../support/scripted-client.ts'
import { until } from '../../support/until.ts'

const INDEX = 'tracardi-event-2026-11'

describe('ShardMap', () => {
  const scripted = scriptedClient()
  let indices: Record<string, { shards: number; routingShards: number }>
  /** How the server itself routes. */
  let serverRouting: (index: string) => { shards: number; routingShards: number }
  let isForbidden: boolean
  let partitionSize: string | undefined
  let ensured: string[]
  let ensureFails: boolean
  let nowMs: number
  let logged: ReturnType<typeof recordingLog>
  let map: ShardMap

  beforeEach(() => {
    indices = { [INDEX]: { shards: 12, routingShards: 768 } }
    serverRouting = (index) => indices[index] ?? { shards: 1, routingShards: 1 }
    isForbidden = false
    partitionSize = undefined
    ensured = []
    ensureFails = false
    nowMs = 0
    logged = recordingLog()
    scripted.server.answer = ({ path, query }) => {
      if (path.startsWith('/_cluster/state/metadata/')) {
        if (isForbidden) return { status: 403, body: { error: { type: 'security_exception' } } }
        return { body: { metadata: { indices: metadataOf(path.split('/')[4] as string) } } }
      }
      const [, index, what] = path.split('/') as [string, string, string]
      const settings = { index: { number_of_shards: String(indices[index]?.shards) } }
      if (what === '_settings') return { body: index === INDEX ? { [index]: { settings } } : {} }
      const sample = Buffer.from(query.get('routing') ?? '')
      return { body: { shards: [[{ shard: shardOf(serverRouting(index), sample, 0, sample.length) }]] } }
    }
    map = new ShardMap({
      client: scripted.client,
      ensure: async (index) => {
        ensured.push(index)
        if (ensureFails) throw new Error('not there')
      },
      log: logged.log,
      nowMs: () => nowMs,
    })
  })

  function metadataOf(index: string) {
    const found = indices[index]
    if (found === undefined) return {}
    const settings = { index: { number_of_shards: String(found.shards), routing_partition_size: partitionSize } }
    return { [index]: { routing_num_shards: found.routingShards, settings } }
  }

  async function routing(index = INDEX) {
    assert.equal(map.routingOf(index), undefined)
    await until('the shards', () => map.routingOf(index) !== undefined)
    return map.routingOf(index)
  }

  it('reads the shards of an index once it exists, and compares them with the answer of the server', async () => {
    assert.deepEqual(await routing(), { shards: 12, routingShards: 768 })
    assert.deepEqual(ensured, [INDEX])
    const samples = scripted.server.calls.filter(({ path }) => path.endsWith('_search_shards'))
    assert.equal(samples.length, 8)
  })

  it('asks nothing about an index of one shard', async () => {
    indices[INDEX] = { shards: 1, routingShards: 1024 }
    assert.deepEqual(await routing(), { shards: 1, routingShards: 1024 })
    assert.equal(scripted.server.calls.length, 1)
  })

  it('takes an index as one whose documents the server routes otherwise, and says so', async () => {
    serverRouting = () => ({ shards: 12, routingShards: 12 })
    assert.deepEqual(await routing(), { shards: 1, routingShards: 1 })
    assert.deepEqual(
      logged.lines.map(({ index }) => index),
      [INDEX],
    )
    await map.review(new Set([INDEX]))
    assert.equal(logged.lines.length, 1)
  })

  it('takes an index as one that spreads a routing over several shards', async () => {
    partitionSize = '3'
    assert.deepEqual(await routing(), { shards: 1, routingShards: 1 })
  })

  it('takes an alias as one', async () => {
    assert.deepEqual(await routing('an-alias'), { shards: 1, routingShards: 1 })
  })

  it('goes by the settings where the metadata of the cluster may not be read', async () => {
    isForbidden = true
    assert.deepEqual(await routing(), { shards: 12, routingShards: defaultRoutingShards(12) })
    assert.deepEqual(await routing('an-alias'), { shards: 1, routingShards: 1024 })
  })

  it('takes an index as one where nothing of it may be read, and says so', async () => {
    scripted.server.answer = () => ({ status: 403, body: { error: { type: 'security_exception' } } })
    assert.deepEqual(await routing(), { shards: 1, routingShards: 1 })
    assert.deepEqual(
      logged.lines.map(({ index }) => index),
      [INDEX],
    )
  })

  it('keeps what it knows while Elasticsearch does not answer', async () => {
    await routing()
    scripted.server.answer = () => ({ status: 503 })
    await map.review(new Set([INDEX]))
    assert.deepEqual(map.routingOf(INDEX), { shards: 12, routingShards: 768 })
  })

  it('tries again 1 s after a failure, not at each message', async () => {
    ensureFails = true
    map.routingOf(INDEX)
    await until('the failure', () => logged.lines.length === 1)
    ensureFails = false
    nowMs = 999
    assert.equal(map.routingOf(INDEX), undefined)
    assert.equal(ensured.length, 1)
    nowMs = 1000
    await routing()
    assert.equal(ensured.length, 2)
  })

  it('notices at a review an index that was split or made again, and forgets one that is gone', async () => {
    await routing()
    indices[INDEX] = { shards: 24, routingShards: 768 }
    await map.review(new Set([INDEX]))
    assert.deepEqual(map.routingOf(INDEX), { shards: 24, routingShards: 768 })
    scripted.server.calls.length = 0
    await map.review(new Set([INDEX]))
    assert.equal(scripted.server.calls.length, 1)
    await map.review(new Set())
    assert.equal(map.routingOf(INDEX), undefined)
  })
})
