import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../runtime/config.ts'
import { type Tended, tendWarm, warmSteps } from '../../runtime/search/warm.ts'
import { eventually } from '../support/until.ts'
import { SearchNodes } from './search-nodes.ts'

const [SEPTEMBER, OCTOBER] = ['tracardi-event-2026-09', 'tracardi-event-2026-10']
const NOW_MS = Date.parse('2026-11-20T03:17:00Z')
const DOCUMENTS = 20_000
const BULKS = 20
const HOT = 'master,data_content,data_hot,ingest'

/** By hand: four real nodes, two for new events and two for older ones. */
describe('two nodes for new events and two for older ones', function () {
  this.timeout(600_000)
  let nodes: SearchNodes
  let client: Client
  const lines: string[] = []
  const healths = new Set<string>()
  let isWatching = true
  let watching: Promise<void>

  before(async () => {
    nodes = await SearchNodes.start('tiered', 4, 4, [HOT, HOT, 'master,data_warm', 'master,data_warm'])
    client = nodes.client(0, 1)
    for (const index of [SEPTEMBER, OCTOBER]) await fill(index)
    watching = watch()
  })
  after(async () => {
    isWatching = false
    await watching
    await client.close()
    await nodes.stop()
  })

  /** In as many segments as a period has that is still written. */
  async function fill(index: string): Promise<void> {
    await client.indices.create({
      index,
      wait_for_active_shards: 'all',
      settings: {
        number_of_shards: 2,
        number_of_replicas: 1,
        'index.routing.allocation.include._tier_preference': 'data_content',
        'index.unassigned.node_left.delayed_timeout': '0',
      },
    })
    for (let bulk = 0; bulk < BULKS; bulk += 1) {
      const operations = Array.from({ length: DOCUMENTS / BULKS }, (_, at) => [
        { create: { _id: `${index}-${bulk}-${at}` } },
        { text: `${bulk} ${at} `.repeat(20) },
      ]).flat()
      const { errors } = await client.bulk({ index, refresh: true, operations })
      assert.equal(errors, false)
      // What was never flushed is recovered from its operations, into one segment.
      await client.indices.flush({ index })
    }
  }

  async function watch(): Promise<void> {
    while (isWatching) {
      const { status } = await client.cluster
        .health({ index: 'tracardi-event-*' })
        .catch(() => ({ status: 'no answer' }))
      healths.add(status)
      await sleep(50)
    }
  }

  const configFor = (replicas: number) => loadConfig({ WARM_AFTER_DAYS: '7', ELASTIC_INDEX_REPLICAS: String(replicas) })

  /** Looks every half second, where a night has a minute. */
  async function night(replicas: number, seconds = 120): Promise<Tended> {
    const beganMs = performance.now()
    let looks = 0
    return tendWarm(client, configFor(replicas), {
      nowMs: () => NOW_MS + looks * 60_000,
      pause: async () => {
        looks += 1
        await sleep(500)
        if (performance.now() - beganMs > seconds * 1000) looks = 1_000_000
      },
      endMs: NOW_MS + (seconds > 0 ? 300 : 0) * 60_000,
      say: (line) => lines.push(line),
    })
  }

  /** Node and segments of each copy of each shard. */
  async function copiesOf(index: string): Promise<readonly { node: string; segments: readonly string[] }[]> {
    const { nodes: named } = await client.nodes.info({ metric: 'http' })
    const { indices } = await client.indices.segments({ index })
    return Object.values(indices[index]?.shards ?? {})
      .flat()
      .map(({ routing, segments }) => ({
        node: named[routing.node]?.name ?? '',
        segments: Object.keys(segments),
      }))
      .sort((a, b) => `${a.node} ${a.segments}`.localeCompare(`${b.node} ${b.segments}`))
  }

  const stored = async (index: string) => {
    await client.indices.refresh({ index })
    return (await client.count({ index })).count
  }
  const bothDone = { [SEPTEMBER]: 'done', [OCTOBER]: 'done' }

  it('have many segments of each period on the first two', async () => {
    for (const index of [SEPTEMBER, OCTOBER]) {
      const copies = await copiesOf(index)
      assert.deepEqual(new Set(copies.map(({ node }) => node)), new Set(['tiered-0', 'tiered-1']))
      assert.ok(copies.every(({ segments }) => segments.length > 1))
    }
    assert.deepEqual(await warmSteps(client, configFor(1), NOW_MS), { [SEPTEMBER]: 'send', [OCTOBER]: 'send' })
  })

  it('send both periods away in a night without time, and merge none', async () => {
    await night(1, 0)
    assert.deepEqual(
      lines.splice(0),
      [SEPTEMBER, OCTOBER].map((index) => `${index}: sent to warm nodes`),
    )
  })

  it('continue in the next night while a warm node is killed, and end with one segment of each shard', async () => {
    await nodes.kill(2)
    const unfinished = night(1, 5)
    await unfinished
    await nodes.startNode(2)
    assert.deepEqual(await night(1), bothDone)
    for (const index of [SEPTEMBER, OCTOBER]) {
      const copies = await copiesOf(index)
      assert.deepEqual(copies.map(({ node }) => node).sort(), ['tiered-2', 'tiered-2', 'tiered-3', 'tiered-3'])
      assert.deepEqual(
        copies.map(({ segments }) => segments.length),
        [1, 1, 1, 1],
      )
      assert.equal(await stored(index), DOCUMENTS)
    }
    assert.deepEqual(
      // One that is ready does not wait for an older one that still moves.
      lines
        .splice(0)
        .filter((line) => line.includes('merged'))
        .sort(),
      [SEPTEMBER, OCTOBER].map((index) => `${index}: is merged to one segment a shard`),
    )
  })

  it('store an event that comes late, once, and merge nothing again for it', async () => {
    const late = { index: SEPTEMBER, id: 'late', document: { text: 'late' } }
    await client.create(late)
    await assert.rejects(client.create(late), /version_conflict/)
    await assert.rejects(client.create({ ...late, id: `${SEPTEMBER}-0-0` }), /version_conflict/)
    assert.equal(await stored(SEPTEMBER), DOCUMENTS + 1)
    const before = await copiesOf(SEPTEMBER)
    assert.deepEqual(await night(1), bothDone)
    assert.deepEqual([await copiesOf(SEPTEMBER), lines], [before, []])
  })

  it('lose only copies when fewer are wanted, and get them back', async () => {
    assert.deepEqual(await night(0), bothDone)
    assert.equal((await copiesOf(SEPTEMBER)).length, 2)
    assert.equal(await stored(SEPTEMBER), DOCUMENTS + 1)
    assert.deepEqual(await night(1), bothDone)
    assert.equal((await copiesOf(SEPTEMBER)).length, 4)
    // The copies that were made again have every document.
    await eventually(async () => (await client.cluster.health({ index: SEPTEMBER })).status === 'green')
    await nodes.kill(3)
    await eventually(async () => (await copiesOf(SEPTEMBER)).every(({ node }) => node === 'tiered-2'))
    assert.equal(await stored(SEPTEMBER), DOCUMENTS + 1)
  })

  it('were never red', () => {
    healths.delete('no answer')
    assert.ok(!healths.has('red'), [...healths].join())
  })
})
