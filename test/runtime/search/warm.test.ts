import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../../runtime/config.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { tendWarm, warmSteps } from '../../../runtime/search/warm.ts'
import { type Call, ScriptedServer } from '../../support/scripted-server.ts'

const WARM = 'data_warm,data_content'
const START_MS = Date.parse('2026-11-20T03:17:00Z')
const MINUTE_MS = 60_000

/** What the server has of one index. */
interface Index {
  replicas: number
  preference: string
  node: string
  /** Documents of each segment of its only shard. */
  segments: number[]
  written: number
  state: string
  relocating?: string
}

describe('tending what has aged', () => {
  const server = new ScriptedServer()
  const indices = new Map<string, Index>()
  const changes: string[] = []
  /** Looks at the tasks for which a merge still runs. */
  let merging = 0
  let client: Client
  let lines: string[]
  let clockMs: number
  const config = (env: Record<string, string> = {}) =>
    loadConfig({ ELASTIC_HOST: server.url, WARM_AFTER_DAYS: '7', ELASTIC_INDEX_REPLICAS: '0', ...env })

  before(() => server.start())
  after(() => server.stop())
  beforeEach(() => {
    client = searchClient(config())
    indices.clear()
    changes.length = 0
    merging = 0
    lines = []
    clockMs = START_MS
    server.answer = (call) => ({ body: answerTo(call) })
  })
  afterEach(() => client.close())

  function add(month: string, change: Partial<Index> = {}): Index {
    const index = {
      ...{ replicas: 0, preference: 'data_content', node: 'hot', segments: [5, 5] },
      written: 10,
      state: 'STARTED',
      ...change,
    }
    indices.set(`tracardi-event-2026-${month}`, index)
    return index
  }

  const ofEach = (make: (index: Index) => unknown) =>
    Object.fromEntries([...indices].map(([name, index]) => [name, make(index)]))

  function answerTo({ method, path, text }: Call): unknown {
    if (path === '/_tasks') {
      merging -= 1
      return { nodes: merging >= 0 ? { one: { tasks: { 'one:1': {} } } } : {} }
    }
    if (path === '/_nodes/stats/fs')
      return { nodes: { hot: { roles: ['data_hot'], ...fs }, warm: { roles: ['data_warm'], ...fs }, tiny: {} } }
    if (path.endsWith('/_segments')) return { indices: ofEach(segmentsOf) }
    if (path.endsWith('/_stats/indexing'))
      return {
        indices: ofEach(({ written, state }) => ({
          health: state === 'STARTED' ? 'green' : 'yellow',
          primaries: { indexing: { index_total: written, delete_total: 0 } },
        })),
      }
    const name = path.split('/')[1] ?? ''
    const index = indices.get(name)
    if (method === 'PUT' && index !== undefined) {
      changes.push(`${name} ${text}`)
      const { number_of_replicas: replicas, ...rest } = JSON.parse(text)
      if (replicas !== undefined) index.replicas = replicas
      if (Object.keys(rest).length > 0) Object.assign(index, { preference: WARM, node: 'warm' })
      return {}
    }
    if (method === 'POST' && index !== undefined) {
      changes.push(`${name} merge`)
      index.segments = [index.segments.reduce((sum, count) => sum + count, 0)]
      return { task: 'one:1' }
    }
    return ofEach(({ replicas, preference }) => ({
      settings: {
        'index.number_of_replicas': String(replicas),
        'index.routing.allocation.include._tier_preference': preference,
      },
    }))
  }

  const fs = { fs: { total: { total_in_bytes: 1000, available_in_bytes: 900 } } }

  function segmentsOf({ segments, node, state, replicas, relocating }: Index) {
    const copy = {
      routing: { state, primary: true, node, ...(relocating === undefined ? {} : { relocating_node: relocating }) },
      segments: Object.fromEntries(
        segments.map((count, at) => [`_${at}`, { num_docs: count, deleted_docs: 0, size_in_bytes: count }]),
      ),
    }
    return { shards: { 0: Array.from({ length: 1 + replicas }, () => copy) } }
  }

  const tend = (minutes: number, env?: Record<string, string>, duringPause = () => {}) =>
    tendWarm(client, config(env), {
      nowMs: () => clockMs,
      pause: async (ms) => {
        clockMs += ms
        duringPause()
      },
      endMs: START_MS + minutes * MINUTE_MS,
      say: (line) => lines.push(line),
    })

  it('moves, lowers copies and merges in one night, one index after the other', async () => {
    add('08')
    add('09', { replicas: 2 })
    add('11')
    assert.deepEqual(await tend(300), { 'tracardi-event-2026-08': 'done', 'tracardi-event-2026-09': 'done' })
    const move = '{"index.routing.allocation.include._tier_preference":"data_warm,data_content"}'
    assert.deepEqual(changes, [
      `tracardi-event-2026-08 ${move}`,
      'tracardi-event-2026-09 {"number_of_replicas":0}',
      `tracardi-event-2026-09 ${move}`,
      'tracardi-event-2026-08 merge',
      'tracardi-event-2026-09 merge',
    ])
    assert.deepEqual(lines, [
      'tracardi-event-2026-08: sent to warm nodes',
      'tracardi-event-2026-09: 0 replicas',
      'tracardi-event-2026-09: sent to warm nodes',
      'tracardi-event-2026-08: is merged to one segment a shard',
      'tracardi-event-2026-09: is merged to one segment a shard',
    ])
  })

  it('does nothing in the next night, and waits for nothing', async () => {
    add('09', { preference: WARM, node: 'warm', segments: [100, 1] })
    assert.deepEqual(await tend(300), { 'tracardi-event-2026-09': 'done' })
    assert.deepEqual([changes, clockMs], [[], START_MS])
  })

  it('restores copies that are wanted again, and not more than the indices have', async () => {
    add('09', { preference: WARM, node: 'warm', segments: [10] })
    await tend(300, { ELASTIC_INDEX_REPLICAS: '2', ELASTIC_WARM_REPLICAS: '1' })
    assert.deepEqual(changes, ['tracardi-event-2026-09 {"number_of_replicas":1}'])
  })

  it('does not merge while events come, nor while shards move', async () => {
    const late = add('09', { preference: WARM, node: 'warm' })
    add('08', { preference: WARM, node: 'warm', relocating: 'hot' })
    const left = await tend(5, {}, () => {
      late.written += 1
    })
    assert.deepEqual(left, { 'tracardi-event-2026-08': 'moving', 'tracardi-event-2026-09': 'written' })
    assert.deepEqual([changes, clockMs], [[], START_MS + 5 * MINUTE_MS])
  })

  it('begins no merge while another one runs, and waits for both', async () => {
    add('08', { preference: WARM, node: 'warm' })
    merging = 3
    assert.deepEqual(await tend(300), { 'tracardi-event-2026-08': 'done' })
    assert.deepEqual(changes, ['tracardi-event-2026-08 merge'])
  })

  it('leaves a merge that takes longer than the night to Elasticsearch', async () => {
    add('08', { preference: WARM, node: 'warm' })
    add('09', { preference: WARM, node: 'warm' })
    server.answer = (call) => {
      if (call.method === 'POST') merging = 1_000_000
      return { body: answerTo(call) }
    }
    assert.deepEqual(await tend(10), { 'tracardi-event-2026-08': 'merge', 'tracardi-event-2026-09': 'merge' })
    assert.deepEqual(changes, ['tracardi-event-2026-08 merge'])
    assert.equal(clockMs, START_MS + 10 * MINUTE_MS)
  })

  it('begins nothing that it could not look at before the end', async () => {
    add('08', { preference: WARM, node: 'warm' })
    assert.deepEqual(await tend(1), { 'tracardi-event-2026-08': 'merge' })
    assert.deepEqual(changes, [])
  })

  it('keeps an index as it is that no disk has room to merge', async () => {
    add('08', { preference: WARM, node: 'warm', segments: [500, 500] })
    assert.deepEqual(await tend(300), { 'tracardi-event-2026-08': 'no_room' })
    assert.deepEqual([changes, clockMs], [[], START_MS])
  })

  it('forgets an index that retention deletes meanwhile', async () => {
    add('08')
    server.answer = (call) => ({ body: call.path.endsWith('_segments') ? { indices: {} } : answerTo(call) })
    assert.deepEqual(await tend(300), {})
    server.answer = (call) => ({ body: call.path.endsWith('_stats/indexing') ? {} : answerTo(call) })
    assert.deepEqual(await tend(300), {})
  })

  it('says the steps without taking one', async () => {
    add('08')
    add('09', { preference: WARM, node: 'warm' })
    const steps = await warmSteps(client, config(), START_MS)
    assert.deepEqual(steps, { 'tracardi-event-2026-08': 'send', 'tracardi-event-2026-09': 'merge' })
    assert.deepEqual(changes, [])
    assert.deepEqual(await warmSteps(client, config({ WARM_AFTER_DAYS: '0' }), START_MS), {})
  })

  it('is an error while Elasticsearch does not answer', async () => {
    server.answer = () => ({ cut: true })
    await assert.rejects(tend(300), { code: 'search_unavailable' })
  })
})
