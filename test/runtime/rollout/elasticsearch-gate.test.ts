import assert from 'node:assert/strict'
import { searchFacts } from '../../../runtime/rollout/elasticsearch.ts'
import { type SearchFacts, type ShardCopy, searchOutlook } from '../../../runtime/rollout/elasticsearch-gate.ts'

const NODES = ['data-0', 'data-1', 'master-0']

function copy(index: string, node: string | undefined, change: Partial<ShardCopy> = {}): ShardCopy {
  return { index, shard: 0, isPrimary: true, state: 'STARTED', ...(node === undefined ? {} : { node }), ...change }
}

/** One index with a copy on both data nodes. */
const BOTH = [copy('t-event', 'data-0'), copy('t-event', 'data-1', { isPrimary: false })]

function facts(change: Partial<SearchFacts> = {}): SearchFacts {
  return { nodes: NODES, dataNodes: ['data-0', 'data-1'], elected: 'master-0', copies: BOTH, ...change }
}

const of = (found: SearchFacts, replicas = 1) => searchOutlook(found, { pods: NODES, replicas, indexPrefix: 't' })
const mayTake = (found: SearchFacts, pod = 'data-0', replicas = 1) => of(found, replicas).mayTake(pod)

describe('the gate of a node of Elasticsearch', () => {
  it('opens when a copy of every shard is started elsewhere', () => {
    assert.deepEqual(mayTake(facts()), { kind: 'go' })
  })

  it('opens for a node that is not in the cluster, whatever else is wrong', () => {
    assert.deepEqual(
      mayTake(facts({ nodes: ['data-1'], copies: [copy('t-event', undefined, { state: 'UNASSIGNED' })] })),
      {
        kind: 'go',
      },
    )
  })

  it('waits for the other nodes', () => {
    assert.deepEqual(mayTake(facts({ nodes: ['data-0', 'master-0'] })), {
      kind: 'wait',
      code: 'node_missing',
      reason: 'not in the cluster: data-1',
    })
  })

  it('waits for a master', () => {
    const { elected: _, ...without } = facts()
    assert.deepEqual(mayTake(without), { kind: 'wait', code: 'master_missing', reason: 'no master is elected' })
  })

  it('waits while an index is red, and names at most three', () => {
    const red = ['d', 'c', 'b', 'a'].map((name) => copy(name, undefined, { state: 'UNASSIGNED' }))
    assert.deepEqual(mayTake(facts({ copies: red })), {
      kind: 'wait',
      code: 'index_red',
      reason: 'red: a, b, c and 1 more',
    })
  })

  it('waits while shards move', () => {
    const copies = [copy('t-event', 'data-0', { state: 'RELOCATING' }), copy('t-event', 'data-1', { isPrimary: false })]
    assert.deepEqual(mayTake(facts({ copies })), {
      kind: 'wait',
      code: 'shards_moving',
      reason: '1 shards move between nodes',
    })
  })

  it('waits while copies are made', () => {
    const copies = [copy('t-event', 'data-0'), copy('t-event', 'data-1', { isPrimary: false, state: 'INITIALIZING' })]
    assert.deepEqual(mayTake(facts({ copies })), {
      kind: 'wait',
      code: 'shards_moving',
      reason: '1 copies of shards are being made',
    })
  })

  it('waits while the other copy of a shard is not assigned, and names the index', () => {
    const copies = [
      ...BOTH,
      copy('t-session', 'data-0'),
      copy('t-session', undefined, { isPrimary: false, state: 'UNASSIGNED' }),
    ]
    assert.deepEqual(mayTake(facts({ copies })), {
      kind: 'wait',
      code: 'only_copy',
      reason: 'the only copy of t-session is on data-0; other copies are not assigned',
    })
    assert.deepEqual(mayTake(facts({ copies }), 'data-1'), { kind: 'go' })
  })

  it('counts another shard of the index, or the same of another index, as no copy', () => {
    const copies = [copy('t-event', 'data-0'), copy('t-event', 'data-1', { shard: 1 }), copy('t-other', 'data-1')]
    assert.equal(mayTake(facts({ copies })).kind, 'refuse')
  })

  it('refuses the only copy of an index without replicas, where the stack asks for some', () => {
    assert.deepEqual(mayTake(facts({ copies: [copy('t-event', 'data-0')] })), {
      kind: 'refuse',
      code: 'only_copy',
      reason:
        'the only copy of t-event is on data-0: the index has 0 replicas, and ELASTIC_INDEX_REPLICAS asks for 1; let set-up add them in an `up` of its own, which changes no server',
    })
  })

  it('takes the only copy with a warning where the stack asks for none', () => {
    assert.deepEqual(mayTake(facts({ copies: [copy('t-event', 'data-0')] }), 'data-0', 0), {
      kind: 'go',
      warning: 'the only copy of t-event is on data-0, as its 0 replicas ask for: it is down until the node is back',
    })
  })

  it('takes the only copy of an index that is not of the pipeline with a warning', () => {
    assert.equal(mayTake(facts({ copies: [copy('other', 'data-0')] })).kind, 'go')
  })

  it('takes the only node with data with a warning, though replicas are not assigned', () => {
    const copies = [copy('t-event', 'data-0'), copy('t-event', undefined, { isPrimary: false, state: 'UNASSIGNED' })]
    const alone = facts({ nodes: ['data-0'], dataNodes: ['data-0'], elected: 'data-0', copies })
    assert.deepEqual(searchOutlook(alone, { pods: ['data-0'], replicas: 1, indexPrefix: 't' }).mayTake('data-0'), {
      kind: 'go',
      warning: 'the only copy of t-event is on data-0, the only node with data: they are down until it is back',
    })
  })

  it('knows the elected master', () => {
    assert.equal(of(facts()).leads('master-0'), true)
    assert.equal(of(facts()).leads('data-0'), false)
  })

  it('is over when all nodes are back and no copy is made', () => {
    assert.deepEqual(of(facts()).recovered(), { kind: 'go' })
    assert.equal(of(facts({ nodes: ['data-0'] })).recovered().kind, 'wait')
    const copies = [copy('t-event', 'data-0', { state: 'INITIALIZING' })]
    assert.equal(of(facts({ copies })).recovered().kind, 'wait')
  })
})

describe('the facts of Elasticsearch', () => {
  it('are its routing table with the names of the nodes', () => {
    const found = searchFacts({
      master_node: 'id-1',
      nodes: {
        'id-1': { name: 'one', roles: ['master'] },
        'id-2': { name: 'two', roles: ['data_hot'] },
        'id-3': { name: 'three' },
      },
      routing_table: {
        indices: {
          'events-1': {
            shards: {
              '0': [
                { state: 'STARTED', primary: true, node: 'id-2' },
                { state: 'UNASSIGNED', primary: false, node: null },
              ],
            },
          },
        },
      },
    })
    assert.deepEqual(found, {
      nodes: ['one', 'two', 'three'],
      dataNodes: ['two'],
      elected: 'one',
      copies: [
        { index: 'events-1', shard: 0, isPrimary: true, state: 'STARTED', node: 'two' },
        { index: 'events-1', shard: 0, isPrimary: false, state: 'UNASSIGNED' },
      ],
    })
    const { elected } = searchFacts({ master_node: null, nodes: {}, routing_table: { indices: {} } })
    assert.equal(elected, undefined)
  })
})
