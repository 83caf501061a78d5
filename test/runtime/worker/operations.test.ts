import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Delivery } from '../../../runtime/queue/port.ts'
import { freeMemory } from '../../../runtime/reused-memory.ts'
import { compact, linesOf, type Run, type StateRun, singleOperations } from '../../../runtime/worker/operations.ts'
import { Settlement } from '../../../runtime/worker/settlement.ts'
import { deliveryOf, eventOf, runsOf, sessionOf } from '../../support/messages.ts'

const TWELVE = () => ({ shards: 12, routingShards: 768 })

describe('the runs of a message', () => {
  const settlement = new Settlement({
    acknowledge: async () => undefined,
    negativeAcknowledge: () => undefined,
    onAcknowledged: () => undefined,
    log: undefined as never,
  })
  const textOf = (run: Run) => linesOf(run).toString()
  const positionsOf = ({ owners }: Run) => owners.map(({ positions }) => positions)

  it('are one for all events of an index with one shard', () => {
    const runs = runsOf(settlement, deliveryOf('m1', ['a', 'b', 'c']))
    assert.deepEqual(
      runs.map(({ index, shard, run }) => [index, shard, run.kind, run.count, textOf(run)]),
      [['tracardi-event-2026-11', 0, 'create', 3, eventOf('a') + eventOf('b') + eventOf('c')]],
    )
  })

  it('are one for all events of a shard, in their order', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const runs = runsOf(settlement, deliveryOf('m1', ids), { routingOf: TWELVE })
    assert.deepEqual(
      runs.map(({ shard, run }) => [shard, positionsOf(run)]),
      [
        [8, [[0, 3]]],
        [6, [[1]]],
        [4, [[2]]],
        [10, [[4]]],
        [11, [[5]]],
        [9, [[6]]],
        [3, [[7]]],
      ],
    )
    for (const { run } of runs) {
      const [positions = []] = positionsOf(run)
      assert.equal(textOf(run), positions.map((position) => eventOf(ids[position] as string)).join(''))
      assert.deepEqual([run.count, run.bytes], [positions.length, textOf(run).length])
    }
  })

  it('are never read once their memory is freed', () => {
    const delivery = deliveryOf('m1', ['a', 'b'])
    const payload = Buffer.from(Buffer.allocUnsafeSlow(delivery.payload.length).fill(delivery.payload).buffer)
    const [routed] = runsOf(settlement, { ...delivery, payload })
    const run = routed?.run as Run
    assert.equal(textOf(run), eventOf('a') + eventOf('b'))
    freeMemory(payload.buffer, payload.length)
    assert.throws(() => textOf(run), { code: 'lines_freed' })
  })

  it('have no shard while it is not known', () => {
    const [routed] = runsOf(settlement, deliveryOf('m1', ['a']), { routingOf: () => undefined })
    assert.equal(routed?.shard, undefined)
  })

  it('are one for each state, in memory of its own, with the version that decides which is the latest', () => {
    const runs = runsOf(settlement, deliveryOf('m1', ['a'], [sessionOf('s', 7), sessionOf('t', 8)]))
    const states = runs.slice(1).map(({ run }) => run as StateRun)
    assert.deepEqual(
      states.map((run) => [run.kind, run.version, textOf(run), run.payload.bytes.length, positionsOf(run)]),
      [
        ['index', 7, sessionOf('s', 7), sessionOf('s', 7).length, [[1]]],
        ['index', 8, sessionOf('t', 8), sessionOf('t', 8).length, [[2]]],
      ],
    )
    assert.notEqual(states[0]?.key, states[1]?.key)
  })

  it('omit what an earlier delivery has settled', () => {
    const delivery: Delivery = deliveryOf('m2', ['a', 'b', 'c', 'd'], [sessionOf('s', 1), sessionOf('t', 1)])
    const [{ run }] = runsOf(settlement, delivery) as unknown as [{ run: Run }]
    const message = run.owners[0]?.message as never
    void settlement.settle({ message, positions: [0, 2, 4] })
    settlement.giveBack({ message, positions: [1, 3, 5] })
    const again = runsOf(settlement, delivery).map((routed) => routed.run)
    assert.deepEqual(again.map(positionsOf), [[[1, 3]], [[5]]])
    assert.equal(again[0]?.owners[0]?.message.open, 3)
  })

  it('are the same lines and positions one by one, and together, whatever the shards', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), fc.nat(30), (ids, more) => {
        const routingOf = () => ({ shards: 1 + more, routingShards: (1 + more) * 64 })
        const runs = runsOf(settlement, deliveryOf('m3', ids), { routingOf }).map(({ run }) => run)
        const singles = runs.flatMap(singleOperations)
        const byPosition = new Map(singles.map((run) => [positionsOf(run).join(), textOf(run)]))
        assert.deepEqual(
          ids.map((_, position) => byPosition.get(String(position))),
          ids.map(eventOf),
        )
        assert.equal(singles.length, ids.length)
        assert.equal(runs.map(textOf).join(''), singles.map(textOf).join(''))
      }),
      { seed: 20261128 },
    )
  })

  it('keep nothing else in memory once they are compacted', () => {
    const [first] = runsOf(settlement, deliveryOf('m4', ['a', 'b'])).flatMap(({ run }) => singleOperations(run))
    const alone = compact(first as Run, 9)
    assert.deepEqual([textOf(alone), alone.payload.bytes.length, alone.sinceMs], [eventOf('a'), eventOf('a').length, 9])
  })
})
