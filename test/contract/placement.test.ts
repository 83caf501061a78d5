import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@elastic/elasticsearch'
import { lossesOf } from '../../infra/sizing/survival.ts'
import { type ElasticsearchServer, startElasticsearch } from '../../runtime/local/elasticsearch.ts'
import { freePort } from '../../runtime/local/port.ts'
import { serverUser } from '../../runtime/local/server-user.ts'
import { eventually } from '../support/until.ts'
import { servers } from './servers.ts'

const ZONES = ['a', 'b', 'c'] as const
const PRIMARIES = 6

type Zone = (typeof ZONES)[number]

/** What the sizing model takes for granted of Elasticsearch: one node in each of three zones, with forced awareness. */
describe('three nodes of Elasticsearch in three zones', function () {
  this.timeout(300_000)
  const nodes = new Map<Zone, ElasticsearchServer>()
  let client: Client

  const start = async () => {
    const { java, distributions, folder } = servers()
    const runAs = serverUser()
    const transports = await Promise.all(ZONES.map(() => freePort()))
    await Promise.all(
      ZONES.map(async (zone, at) => {
        const own = join(folder, `elasticsearch-${zone}`)
        mkdirSync(own)
        const server = await startElasticsearch({
          ...{ java, runAs, heap: '512m', distribution: distributions.elasticsearch, folder: own },
          ...{ httpPort: await freePort(), transportPort: transports[at] as number },
          settings: {
            'cluster.name': 'zones',
            'node.name': zone,
            'node.attr.zone': zone,
            'discovery.type': 'multi-node',
            'discovery.seed_hosts': transports.map((port) => `127.0.0.1:${port}`).join(','),
            'cluster.initial_master_nodes': ZONES.join(','),
            'cluster.routing.allocation.awareness.attributes': 'zone',
            'cluster.routing.allocation.awareness.force.zone.values': ZONES.join(','),
          },
        })
        nodes.set(zone, server)
      }),
    )
    client = new Client({ nodes: [...nodes.values()].map(({ url }) => url) })
  }

  before(start)
  after(async () => {
    await client.close()
    await Promise.all([...nodes.values()].map((node) => node.stop()))
  })

  const make = (index: string, replicas: number) =>
    client.indices.create({
      index,
      wait_for_active_shards: 'all',
      settings: {
        number_of_shards: PRIMARIES,
        number_of_replicas: replicas,
        // Made again at once, not after the minute for which Elasticsearch waits for a node.
        index: { unassigned: { node_left: { delayed_timeout: '0' } } },
      },
    })
  /** Started copies on each node. */
  const copiesOf = async (index: string) => {
    const shards = await client.cat.shards({ index, format: 'json', h: 'node,state' })
    const started = shards.filter(({ state }) => state === 'STARTED')
    return Object.fromEntries(ZONES.map((zone) => [zone, started.filter(({ node }) => node === zone).length]))
  }
  const healthOf = async (index: string) => (await client.cluster.health({ index })).status

  it('hold as many copies each, and no zone two of a shard', async () => {
    for (const replicas of [1, 2]) await make(`copies-${1 + replicas}`, replicas)
    assert.deepEqual(await copiesOf('copies-2'), { a: 4, b: 4, c: 4 })
    assert.deepEqual(await copiesOf('copies-3'), { a: 6, b: 6, c: 6 })
  })

  it('give no copy to a disk over the low watermark, but a new primary', async () => {
    // More free space than any disk has. The three are read together.
    const watermarks = { low: '900tb', high: '500mb', flood_stage: '250mb' }
    const set = (values: Readonly<Record<string, string | null>>) =>
      client.cluster.putSettings({ persistent: { 'cluster.routing.allocation.disk.watermark': values } })
    await set(watermarks)
    await client.indices.create({
      index: 'watermark',
      wait_for_active_shards: 1,
      settings: { number_of_shards: 1, number_of_replicas: 1 },
    })
    const { index, shard } = { index: 'watermark', shard: 0 }
    const { allocate_explanation: _text, ...why } = await client.cluster.allocationExplain({
      index,
      shard,
      primary: false,
    })
    assert.equal(why.can_allocate, 'no')
    const deciders = why.node_allocation_decisions?.flatMap(({ deciders }) =>
      (deciders ?? []).map(({ decider }) => decider),
    )
    assert.ok(deciders?.includes('disk_threshold'), JSON.stringify(deciders))
    await set({ low: '1gb', high: '500mb', flood_stage: '250mb' })
    await eventually(async () => (await healthOf('watermark')) === 'green')
  })

  it('make the copies of a lost zone again in the others, as far as the model says', async () => {
    await nodes.get('c')?.stop()
    nodes.delete('c')
    for (const copies of [2, 3]) {
      const [loss] = lossesOf(ZONES.length, copies, ZONES.length, { surviveNode: false, surviveZone: true })
      assert.ok(loss !== undefined)
      const each = (PRIMARIES * loss.copies) / loss.left
      await eventually(async () => {
        const { a, b } = await copiesOf(`copies-${copies}`)
        return a === each && b === each
      })
      // All copies of two exist again; of three one is missing until the zone is back.
      assert.equal(await healthOf(`copies-${copies}`), loss.copies === copies ? 'green' : 'yellow')
    }
  })
})
