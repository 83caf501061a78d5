import assert from 'node:assert/strict'
import { type BookieFacts, bookieOutlook } from '../../../runtime/rollout/bookkeeper-gate.ts'
import { nodeOf } from '../../../runtime/rollout/zookeeper.ts'
import { type ZooKeeperNode, zookeeperOutlook } from '../../../runtime/rollout/zookeeper-gate.ts'

const BOOKIES = ['b-0', 'b-1', 'b-2', 'b-3']
const idOf = (pod: string) => `${pod}.example:3181`
const ids = (...pods: readonly string[]) => pods.map(idOf)

function bookies(change: Partial<BookieFacts> = {}, pods = BOOKIES, ensemble = 3) {
  const found = { writable: pods.map(idOf), readOnly: [], underReplicated: 0, ...change }
  return bookieOutlook(found, { pods, idOf, ensemble })
}

describe('the gate of a bookie', () => {
  it('opens when enough others take new ledgers', () => {
    assert.deepEqual(bookies().mayTake('b-0'), { kind: 'go' })
  })

  it('opens for a bookie that is not registered, whatever else is wrong', () => {
    assert.deepEqual(bookies({ writable: ids('b-1'), underReplicated: 3 }).mayTake('b-0'), { kind: 'go' })
  })

  it('waits for the others to be registered', () => {
    assert.deepEqual(bookies({ writable: ids('b-0', 'b-1', 'b-2') }).mayTake('b-0'), {
      kind: 'wait',
      code: 'bookie_missing',
      reason: 'not registered in ZooKeeper: b-3',
    })
  })

  it('waits for the copies of ledgers', () => {
    assert.deepEqual(bookies({ underReplicated: 2 }).mayTake('b-0'), {
      kind: 'wait',
      code: 'ledgers_under_replicated',
      reason: '2 ledgers lack a copy: autorecovery makes it first',
    })
  })

  it('waits while too few take new ledgers, and names those that do not', () => {
    const found = { writable: ids('b-0', 'b-1', 'b-2'), readOnly: ids('b-3') }
    assert.deepEqual(bookies(found).mayTake('b-0'), {
      kind: 'wait',
      code: 'too_few_writable_bookies',
      reason: 'without b-0 2 bookies take new ledgers, and 3 are needed; read-only: b-3.example:3181',
    })
    assert.deepEqual(bookies(found).mayTake('b-3'), { kind: 'go' })
  })

  it('takes one with a warning where the stack has none to spare', () => {
    const three = BOOKIES.slice(0, 3)
    assert.deepEqual(bookies({}, three).mayTake('b-0'), {
      kind: 'go',
      warning: 'without b-0 there are 2 bookies, and new ledgers need 3: they wait until it is back',
    })
    assert.equal(bookies({}, ['b-0'], 1).mayTake('b-0').kind, 'go')
  })

  it('names no read-only bookie where there is none', () => {
    // A bookie of another stack is none of these.
    const more = bookies({ writable: ids('b-0', 'b-1', 'b-2', 'b-3') }, BOOKIES, 5)
    assert.equal(more.mayTake('b-0').kind, 'go')
    const verdict = bookieOutlook(
      { writable: ids('b-0', 'b-1'), readOnly: [], underReplicated: 0 },
      { pods: ['b-0', 'b-0', 'b-1'], idOf, ensemble: 2 },
    ).mayTake('b-0')
    assert.match(JSON.stringify(verdict), /read-only: none/)
  })

  it('has no leader, and is over when all are registered', () => {
    assert.equal(bookies().leads('b-0'), false)
    assert.deepEqual(bookies({ underReplicated: 1 }).recovered(), { kind: 'go' })
    assert.equal(bookies({ writable: [] }).recovered().kind, 'wait')
  })
})

const ZOOKEEPERS = ['z-0', 'z-1', 'z-2']
const follower: ZooKeeperNode = { state: 'follower' }
const leader: ZooKeeperNode = { state: 'leader', syncedFollowers: 2 }

function zookeepers(...nodes: readonly (ZooKeeperNode | undefined)[]) {
  return zookeeperOutlook(new Map(nodes.map((node, at) => [`z-${at}`, node])), ZOOKEEPERS.slice(0, nodes.length))
}

describe('the gate of a node of ZooKeeper', () => {
  it('opens when all followers are in step', () => {
    const outlook = zookeepers(follower, leader, follower)
    assert.deepEqual(outlook.mayTake('z-0'), { kind: 'go' })
    assert.deepEqual(outlook.recovered(), { kind: 'go' })
    assert.deepEqual([outlook.leads('z-0'), outlook.leads('z-1')], [false, true])
  })

  it('opens for a node that serves nobody', () => {
    assert.deepEqual(zookeepers(undefined, leader, follower).mayTake('z-0'), { kind: 'go' })
  })

  it('waits for the others', () => {
    assert.deepEqual(zookeepers(undefined, leader, follower).mayTake('z-2'), {
      kind: 'wait',
      code: 'quorum_not_in_step',
      reason: 'these nodes serve nobody: z-0',
    })
  })

  it('waits for a follower that is not in step, and for a leader', () => {
    assert.deepEqual(zookeepers(follower, { state: 'leader', syncedFollowers: 1 }, follower).mayTake('z-0'), {
      kind: 'wait',
      code: 'quorum_not_in_step',
      reason: '1 leaders, 1 of 2 followers are in step with it',
    })
    assert.match(JSON.stringify(zookeepers(follower, follower, follower).recovered()), /0 leaders, 0 of 2/)
  })

  it('takes the only node with a warning', () => {
    assert.deepEqual(zookeepers({ state: 'standalone' }).mayTake('z-0'), {
      kind: 'go',
      warning: 'z-0 is the only node: Pulsar has no metadata until it is back',
    })
    assert.deepEqual(zookeepers({ state: 'standalone' }).recovered(), { kind: 'go' })
  })

  it('reads what a node says of itself', () => {
    assert.deepEqual(nodeOf('zk_version\t3.9\nzk_server_state\tleader\nzk_synced_followers\t2\n'), leader)
    assert.deepEqual(nodeOf('zk_server_state\tfollower\n'), follower)
    assert.equal(nodeOf('This ZooKeeper instance is not currently serving requests\n'), undefined)
  })
})
