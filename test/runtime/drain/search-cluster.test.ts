import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { searchCluster } from '../../../runtime/drain/search-cluster.ts'
import { scriptedClient } from '../../support/scripted-client.ts'
import type { Answer, Call } from '../../support/scripted-server.ts'

const DISK = 'cluster.routing.allocation.disk'
const EXCLUDE = 'cluster.routing.allocation.exclude._name'

describe('what a drain asks of Elasticsearch', () => {
  const scripted = scriptedClient()
  const cluster = () => searchCluster(scripted.client, loadConfig({}))
  const answers = (bodies: Readonly<Record<string, unknown>>) => {
    scripted.server.answer = ({ path }: Call): Answer => {
      const found = Object.entries(bodies).find(([begin]) => path.startsWith(begin))
      return found === undefined ? { status: 500, body: {} } : { body: found[1] }
    }
  }

  it('is where the copies are, which disks there are, and how full they may become', async () => {
    answers({
      '/_cluster/settings': {
        persistent: { [`${DISK}.watermark.low`]: '90%' },
        transient: {},
        defaults: { [`${DISK}.watermark.low`]: '85%', [`${DISK}.watermark.low.max_headroom`]: '200GB' },
      },
      '/_cat/shards': [
        { index: 'a', shard: '0', prirep: 'p', state: 'RELOCATING', node: 'one -> 127.0.0.1 id two', store: '7' },
        { index: 'a', shard: '0', prirep: 'r', state: 'UNASSIGNED', node: null, store: null },
      ],
      '/_nodes': {
        nodes: {
          x: { name: 'one', roles: ['data_hot'], fs: { total: { total_in_bytes: 10, available_in_bytes: 4 } } },
          y: { name: 'master', roles: ['master'], fs: {} },
          z: { name: 'new', roles: ['data'] },
          old: { name: 'none' },
        },
      },
      '/*/_settings': {},
      '/_settings': {
        a: { settings: { 'index.auto_expand_replicas': '0-1' } },
        b: { settings: { 'index.auto_expand_replicas': 'false' } },
        c: {},
      },
    })
    assert.deepEqual(await cluster().state(), {
      copies: [
        { index: 'a', shard: 0, isPrimary: true, state: 'RELOCATING', node: 'one', bytes: 7 },
        { index: 'a', shard: 0, isPrimary: false, state: 'UNASSIGNED', node: undefined, bytes: 0 },
      ],
      nodes: [
        { name: 'one', totalBytes: 10, availableBytes: 4 },
        { name: 'new', totalBytes: 0, availableBytes: 0 },
      ],
      watermark: { isOn: true, low: '90%', maxHeadroom: '200GB' },
      expanding: new Set(['a']),
    })
  })

  it('is its own defaults where it does not say them', async () => {
    const settings = { persistent: { [`${DISK}.threshold_enabled`]: 'false' } }
    answers({ '/_cluster/settings': settings, '/_cat/shards': [], '/_nodes': { nodes: {} }, '/_settings': {} })
    assert.deepEqual((await cluster().state()).watermark, { isOn: false, low: '85%', maxHeadroom: '-1' })
  })

  it('is which nodes are excluded, by what is in force', async () => {
    answers({ '/_cluster/settings': { persistent: { [EXCLUDE]: 'one,two' }, transient: {} } })
    assert.deepEqual(await cluster().excluded(), ['one', 'two'])
    answers({ '/_cluster/settings': { persistent: { [EXCLUDE]: 'one' }, transient: { [EXCLUDE]: 'three' } } })
    assert.deepEqual(await cluster().excluded(), ['three'])
    answers({ '/_cluster/settings': { persistent: {}, transient: {} } })
    assert.deepEqual(await cluster().excluded(), [])
  })

  it('is to exclude nodes, so that it survives every restart, or none', async () => {
    answers({ '/_cluster/settings': { acknowledged: true } })
    await cluster().exclude(['one', 'two'])
    await cluster().exclude([])
    const sent = scripted.server.calls.map(({ text }) => JSON.parse(text))
    assert.deepEqual(sent, [
      { persistent: { [EXCLUDE]: 'one,two' }, transient: { [EXCLUDE]: null } },
      { persistent: { [EXCLUDE]: null }, transient: { [EXCLUDE]: null } },
    ])
  })

  const COPY = { index: 'a', shard: 3, isPrimary: true, state: 'STARTED', node: 'one', bytes: 7 }

  it('is why a shard stays: what a decider says of a node, or what Elasticsearch says in general', async () => {
    const deciders = [
      { decision: 'YES', explanation: 'fine' },
      { decision: 'NO', explanation: 'too full' },
    ]
    const explain = async (body: unknown) => {
      answers({ '/_cluster/allocation/explain': body })
      return cluster().whyStays(COPY)
    }
    const decisions = [{ node_name: 'two' }, { node_name: 'three', deciders }]
    assert.equal(await explain({ node_allocation_decisions: decisions }), 'three: too full')
    assert.equal(await explain({ move_explanation: 'it cannot move' }), 'it cannot move')
    assert.equal(await explain({ allocate_explanation: 'nowhere' }), 'nowhere')
    assert.equal(await explain({}), 'it waits for its turn')
    assert.deepEqual(JSON.parse(scripted.server.calls[0]?.text ?? ''), {
      index: 'a',
      shard: 3,
      primary: true,
      current_node: 'one',
    })
  })

  it('is asked of no node where a copy has none', async () => {
    answers({ '/_cluster/allocation/explain': {} })
    await cluster().whyStays({ ...COPY, node: undefined })
    assert.equal(JSON.parse(scripted.server.calls[0]?.text ?? '').current_node, undefined)
  })

  const nodes = {
    a: { name: 'masters-0', roles: ['master'] },
    b: { name: 'masters-1', roles: ['data', 'master'] },
    c: { name: 'data-0', roles: ['data'] },
  }

  it('is who has a vote, who is elected and who is to have none', async () => {
    const coordination = {
      last_committed_config: ['a', 'gone'],
      voting_config_exclusions: [{ node_name: 'masters-2' }],
    }
    answers({
      '/_cluster/state': { master_node: 'a', nodes, metadata: { cluster_coordination: coordination } },
    })
    assert.deepEqual(await cluster().votes(), {
      masters: ['masters-0', 'masters-1'],
      elected: 'masters-0',
      voting: ['masters-0', 'gone'],
      excluded: ['masters-2'],
    })
    answers({
      '/_cluster/state': {
        master_node: null,
        nodes,
        metadata: { cluster_coordination: { last_committed_config: [] } },
      },
    })
    const { elected, excluded } = await cluster().votes()
    assert.deepEqual([elected, excluded], [undefined, []])
    answers({
      '/_cluster/state': { master_node: 'z', nodes, metadata: { cluster_coordination: { last_committed_config: [] } } },
    })
    assert.equal((await cluster().votes()).elected, undefined)
  })

  it('is to take a vote, and to give all but those of others', async () => {
    answers({ '/_cluster/voting_config_exclusions': {} })
    const sent = () => scripted.server.calls.splice(0).map(({ method, path, query }) => `${method} ${path}?${query}`)
    sent()
    await cluster().takeVotes(['masters-1', 'masters-2'])
    await cluster().giveVotes([])
    await cluster().giveVotes(['x', 'y'])
    const path = '/_cluster/voting_config_exclusions'
    assert.deepEqual(sent(), [
      `POST ${path}?node_names=masters-1%2Cmasters-2&timeout=10s`,
      `DELETE ${path}?wait_for_removal=false`,
      `DELETE ${path}?wait_for_removal=false`,
      `POST ${path}?node_names=x%2Cy&timeout=10s`,
    ])
  })

  it('is which cluster it is, if there is one', async () => {
    answers({ '/_cluster/state': { cluster_uuid: 'abc' } })
    assert.equal(await cluster().founded(), 'abc')
    answers({ '/_cluster/state': { cluster_uuid: '_na_' } })
    assert.equal(await cluster().founded(), undefined)
  })

  it('is which nodes let no other join', async () => {
    const nodeWith = (name: string, settings: object) => ({ name, settings })
    answers({
      '/_nodes/settings': {
        nodes: {
          a: nodeWith('masters-0', { discovery: { type: 'single-node' } }),
          b: nodeWith('masters-1', { discovery: { type: 'multi-node' } }),
          c: { name: 'masters-2' },
        },
      },
    })
    assert.deepEqual(await cluster().closed(), ['masters-0'])
    assert.equal(`${scripted.server.calls.at(-1)?.query}`, 'filter_path=nodes.*.name%2Cnodes.*.settings.discovery.type')
  })

  it('fails where it refuses', async () => {
    answers({})
    await assert.rejects(cluster().excluded(), { code: 'search_unavailable' })
  })
})
