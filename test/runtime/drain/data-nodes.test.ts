import assert from 'node:assert/strict'
import {
  leftOn,
  obstaclesOf,
  redIndices,
  roomOn,
  type SearchState,
  type ShardCopy,
  type Watermark,
} from '../../../runtime/drain/data-nodes.ts'
import { sentencesOf } from '../../support/sentences.ts'

const GIB = 1024 ** 3
const WATERMARK: Watermark = { isOn: true, low: '85%', maxHeadroom: '200gb' }
const SETS = [
  { name: 'data-a', tier: 'data', replicas: 1, claims: ['data'], votes: false, unchecked: false },
  { name: 'data-b', tier: 'data', replicas: 2, claims: ['data'], votes: false, unchecked: false },
  { name: 'warm', tier: 'warm', replicas: 1, claims: ['data'], votes: false, unchecked: false },
]

function copy(node: string | undefined, changes: Partial<ShardCopy> = {}): ShardCopy {
  return { index: 'events', shard: 0, isPrimary: true, state: 'STARTED', node, bytes: GIB, ...changes }
}

function state(copies: readonly ShardCopy[], changes: Partial<SearchState> = {}): SearchState {
  const node = (name: string) => ({ name, totalBytes: 100 * GIB, availableBytes: 50 * GIB })
  const nodes = ['data-a-0', 'data-a-1', 'data-b-0', 'data-b-1', 'warm-0', 'other'].map(node)
  return { copies, nodes, watermark: WATERMARK, expanding: new Set(), ...changes }
}

describe('what leaving nodes hold', () => {
  it('is every copy on them, also one that moves', () => {
    const copies = [
      copy('data-a-1'),
      copy('data-a-1', { shard: 1, state: 'RELOCATING', bytes: 2 * GIB }),
      copy('data-a-0', { isPrimary: false }),
      copy(undefined, { shard: 2, state: 'UNASSIGNED', bytes: 0 }),
    ]
    assert.deepEqual(leftOn(['data-a-1'], state(copies)), { shards: 2, bytes: 3 * GIB, first: copies[0] })
    assert.deepEqual(leftOn(['data-b-1'], state(copies)), { shards: 0, bytes: 0, first: undefined })
  })

  it('may be all that there is of an index of which no copy serves', () => {
    const copies = [
      copy('data-a-0', { index: 'good', state: 'RELOCATING' }),
      copy(undefined, { index: 'good', isPrimary: false, state: 'UNASSIGNED' }),
      copy(undefined, { index: 'z', state: 'UNASSIGNED' }),
      copy('data-a-1', { index: 'b', state: 'INITIALIZING' }),
      copy('data-a-1', { index: 'b', shard: 1, state: 'INITIALIZING' }),
    ]
    assert.deepEqual(redIndices(state(copies)), ['b', 'z'])
  })
})

describe('an obstacle to a drain', () => {
  const assertSaid = sentencesOf('drain of data nodes')
  const copiesOf = (index: string, nodes: readonly (string | undefined)[]) =>
    nodes.map((node, at) => copy(node, { index, isPrimary: at === 0 }))

  it('is none where the others have room and nodes enough', () => {
    assert.deepEqual(
      obstaclesOf(SETS, ['data-a-1'], state(copiesOf('events', ['data-a-1', 'data-a-0', 'data-b-0']))),
      [],
    )
  })

  it('is a copy that would have no node of its own in its tier, unassigned ones included', () => {
    const four = copiesOf('four', ['data-a-1', 'data-a-0', 'data-b-0', undefined])
    const said = obstaclesOf(SETS, ['data-a-1'], state([...four, ...copiesOf('also', ['data-a-1', 'a', 'b', 'c'])]))
    assert.equal(said.length, 2)
    assertSaid(said)
    assert.equal(
      obstaclesOf(SETS, ['data-a-1', 'data-b-1'], state(copiesOf('two', ['data-b-1', 'data-a-0']))).length,
      0,
    )
    assert.equal(obstaclesOf(SETS, ['data-a-1'], state(copiesOf('elsewhere', ['data-a-0', 'a', 'b', 'c']))).length, 0)
  })

  it('is none where the number of copies follows the number of nodes', () => {
    const four = copiesOf('four', ['data-a-1', 'data-a-0', 'data-b-0', 'data-b-1'])
    assert.deepEqual(obstaclesOf(SETS, ['data-a-1'], state(four, { expanding: new Set(['four']) })), [])
  })

  it('is more than the disks of its tier take below the low watermark', () => {
    // Each of three has 50 GiB free, of which 15 stay free.
    const holding = (bytes: number) => obstaclesOf(SETS, ['data-a-1'], state([copy('data-a-1', { bytes })]))
    assert.deepEqual(holding(3 * 35 * GIB), [])
    const said = holding(3 * 35 * GIB + 1)
    assert.equal(said.length, 1)
    assertSaid(said)
  })

  it('is looked for in each tier that loses a node', () => {
    const said = obstaclesOf(SETS, ['data-a-1', 'warm-0'], state([copy('warm-0')]))
    assert.equal(said.length, 2)
    assertSaid(said)
  })
})

describe('the room on a disk', () => {
  const node = { name: 'one', totalBytes: 4000 * GIB, availableBytes: 500 * GIB }
  for (const [low, maxHeadroom, room] of [
    ['85%', '-1', 0],
    ['0.9', '-1', 100],
    ['85%', '200gb', 300],
    ['50gb', '200gb', 450],
    ['1tb', '-1', 0],
    ['nonsense', '-1', 500],
  ] as const)
    it(`is ${room} GiB where the watermark is ${low}, with a headroom of at most ${maxHeadroom}`, () => {
      assert.equal(Math.round(roomOn(node, { isOn: true, low, maxHeadroom }) / GIB), room)
    })

  it('is all that is free where Elasticsearch does not look at disks', () => {
    assert.equal(roomOn(node, { isOn: false, low: '85%', maxHeadroom: '-1' }), 500 * GIB)
  })
})
