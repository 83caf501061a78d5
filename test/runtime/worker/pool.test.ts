import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FaultyResult } from '../../../runtime/search/bulk.ts'
import type { Bulk } from '../../../runtime/worker/in-flight.ts'
import type { RoutedRun, Run, StateRun } from '../../../runtime/worker/operations.ts'
import { type PartOutcome, Pool, type PoolLimits, poolLimits } from '../../../runtime/worker/pool.ts'
import type { InFlightMessage } from '../../../runtime/worker/settlement.ts'

const LIMITS: PoolLimits = {
  events: 10,
  bytes: 100_000,
  maxEvents: 40,
  timeoutMs: 30_000,
  capacityBytes: 1_000_000,
}
const SLOTS = { limit: 2, maximum: 2, isRestrained: false }
const BYTES = 100
const NOTHING: PartOutcome = { retries: [], fault: undefined, hasProgress: true }
const UNAVAILABLE: FaultyResult = {
  outcome: 'retry',
  status: 503,
  fault: { type: 'unavailable_shards_exception', reason: 'no primary' },
}
const THROTTLED: FaultyResult = { ...UNAVAILABLE, outcome: 'throttled', status: 429 }

describe('Pool', () => {
  let pool: Pool
  let nowMs: number

  function fresh(limits: Partial<PoolLimits> = {}): void {
    pool = new Pool({ ...LIMITS, ...limits }, () => 0.5)
    nowMs = 1000
  }
  beforeEach(() => fresh())

  function run(count: number, bytes = count * BYTES): Run {
    const payload = { bytes: Buffer.alloc(bytes), waiting: 0 }
    const owners = [{ message: {} as InFlightMessage, positions: [] }]
    return { payload, spans: [0, bytes], bytes, count, kind: 'create', owners, sinceMs: nowMs }
  }

  /** Adds operations one by one to the lane of a shard. */
  function add(shard: number | undefined, count: number, index = 'i'): void {
    for (let number = 0; number < count; number += 1) pool.add({ index, shard, run: run(1) }, nowMs)
  }

  function stateOf(key: string, version: number): RoutedRun {
    const state: StateRun = { ...run(1), kind: 'index', key, version }
    return { index: 'states', shard: 0, run: state }
  }

  const next = (slots = SLOTS) => pool.next(nowMs, slots)

  /** Shards and operations of a bulk, and why it was sent. */
  function shown(bulk: Bulk | undefined) {
    if (bulk === undefined) return undefined
    const parts = bulk.parts.map(({ lane, runs }) => [lane.shard, runs.reduce((sum, { count }) => sum + count, 0)])
    return [bulk.isApart ? `${bulk.reason}, apart` : bulk.reason, ...parts]
  }

  /** Refuses all operations of a bulk. */
  function refuse(bulk: Bulk | undefined, fault = UNAVAILABLE): void {
    assert.ok(bulk)
    const sinceMs = bulk.sentAtMs
    pool.answered(
      bulk,
      bulk.parts.map(({ runs }) => ({
        retries: runs.map((one) => ({ ...one, sinceMs: bulk.reason === 'retry' ? one.sinceMs : sinceMs })),
        fault,
        hasProgress: false,
      })),
      nowMs,
    )
  }

  function store(bulk: Bulk | undefined): void {
    assert.ok(bulk)
    pool.answered(
      bulk,
      bulk.parts.map(() => NOTHING),
      nowMs,
    )
  }

  describe('what is due', () => {
    it('is nothing before the size, the bytes or the timeout is reached', () => {
      add(0, 9)
      assert.equal(shown(next()), undefined)
      assert.equal(pool.wakeAtMs(nowMs), 31_000)
      nowMs = 30_999
      assert.equal(shown(next()), undefined)
    })

    it('is a bulk of the size', () => {
      add(0, 10)
      assert.deepEqual(shown(next()), ['size', [0, 10]])
    })

    it('is a bulk of the bytes, which it does not exceed', () => {
      fresh({ bytes: 250 })
      add(0, 3)
      assert.deepEqual(shown(next()), ['bytes', [0, 2]])
      assert.equal(pool.events, 1)
    })

    it('is one run alone that has more than the bytes', () => {
      fresh({ bytes: 250 })
      pool.add({ index: 'i', shard: 0, run: run(3) }, nowMs)
      assert.deepEqual(shown(next()), ['bytes', [0, 3]])
    })

    it('is all that waits once the oldest has waited for the timeout', () => {
      add(0, 1)
      nowMs += 20_000
      add(1, 2)
      nowMs += 10_000
      assert.deepEqual(shown(next()), ['timeout', [0, 1], [1, 2]])
      assert.equal(pool.events, 0)
    })

    it('is everything at the end', () => {
      add(0, 1)
      add(1, 2)
      pool.isDraining = true
      assert.deepEqual(shown(next()), ['drain', [1, 2], [0, 1]])
      assert.equal(pool.isDrained, false)
    })
  })

  describe('lanes in a bulk', () => {
    it('are all when they fill it only together', () => {
      for (const shard of [0, 1, 2]) add(shard, 3)
      add(3, 1)
      assert.deepEqual(shown(next()), ['size', [0, 3], [1, 3], [2, 3], [3, 1]])
    })

    it('are the fewest that fill it, the fullest first', () => {
      for (const [shard, count] of [4, 6, 5, 1].entries()) add(shard, count)
      assert.deepEqual(shown(next()), ['size', [1, 6], [2, 5]])
    })

    it('is one alone that fills it, grown while no slot was free', () => {
      add(0, 35)
      add(1, 4)
      assert.deepEqual(shown(next()), ['size', [0, 35]])
    })

    it('grows no further than the maximum number of events, and not beyond the size while Elasticsearch is short of room', () => {
      add(0, 90)
      assert.deepEqual(shown(next()), ['size', [0, 40]])
      assert.deepEqual(shown(pool.next(nowMs, { ...SLOTS, isRestrained: true })), ['size', [0, 10]])
    })

    it('begin with those that have waited for the timeout, so that a rare one never starves', () => {
      add(7, 1)
      nowMs += 30_000
      add(0, 20)
      assert.deepEqual(shown(next()), ['size', [7, 1], [0, 20]])
    })

    it('omit one that does not fit whole', () => {
      add(0, 3)
      nowMs += 30_000
      add(1, 38)
      add(2, 8)
      assert.deepEqual(shown(next()), ['size', [0, 3], [2, 8]])
      assert.deepEqual(shown(next()), ['size', [1, 38]])
    })

    it('of different indices are different', () => {
      add(0, 5, 'a')
      add(0, 5, 'b')
      assert.deepEqual(
        next()?.parts.map(({ lane }) => lane.index),
        ['a', 'b'],
      )
    })
  })

  describe('slots', () => {
    it('are as many as the limit', () => {
      add(0, 90)
      assert.deepEqual([shown(next()), shown(next()), shown(next())], [['size', [0, 40]], ['size', [0, 40]], undefined])
    })

    it('are free again after an answer, and after a bulk is abandoned', () => {
      add(0, 200)
      const first = next() as Bulk
      const second = next() as Bulk
      store(first)
      assert.deepEqual(shown(next()), ['size', [0, 40]])
      assert.equal(shown(next()), undefined)
      pool.abandoned(second)
      assert.deepEqual(shown(next()), ['size', [0, 40]])
    })
  })

  describe('fullness', () => {
    it('is reached with half of the largest bulk for each lane', () => {
      add(0, 39)
      assert.equal(pool.isFull, false)
      add(0, 1)
      assert.equal(pool.isFull, true)
      for (const shard of [1, 2, 3]) add(shard, 1)
      assert.equal(pool.isFull, false)
      add(1, 37)
      assert.equal(pool.isFull, true)
    })

    it('does not grow with lanes of states', () => {
      for (const shard of [0, 1, 2]) pool.add({ ...stateOf(`s${shard}`, 1), shard }, nowMs)
      add(0, 36)
      assert.equal(pool.isFull, false)
      add(0, 1)
      assert.equal(pool.isFull, true)
    })

    it('counts the whole payload as long as one of its operations waits', () => {
      fresh({ capacityBytes: 1000 })
      const payload = { bytes: Buffer.alloc(1000), waiting: 0 }
      for (const shard of [0, 1]) pool.add({ index: 'i', shard, run: { ...run(1), payload } }, nowMs)
      assert.equal(pool.isFull, true)
      add(0, 9)
      const full = next()
      assert.deepEqual(shown(full), ['size', [0, 10]])
      assert.equal(pool.isFull, true)
      // What keeps the memory is due, so that messages can be taken again.
      assert.deepEqual(shown(next()), ['bytes', [1, 1]])
      assert.equal(pool.isFull, false)
    })

    it('counts operations that are to be retried, while nothing can be stored', () => {
      add(0, 10)
      refuse(next())
      add(0, 69)
      assert.equal(pool.isFull, false)
      add(0, 1)
      assert.equal(pool.isFull, true)
    })

    it('follows the configuration', () => {
      assert.deepEqual(poolLimits({ bulkSize: 500, bulkMaxBytes: 8, bulkMaxEvents: 200 }, 7), {
        events: 500,
        bytes: 8,
        maxEvents: 500,
        timeoutMs: 7,
        capacityBytes: 32,
      })
    })
  })

  describe('states', () => {
    it('of one document are one operation: the latest, for the messages of all', () => {
      for (const version of [1, 3, 2]) pool.add(stateOf('s', version), nowMs)
      nowMs += 30_000
      const [part] = next()?.parts ?? []
      const [state, ...others] = (part?.runs ?? []) as StateRun[]
      assert.deepEqual([state?.version, state?.owners.length, others], [3, 3, []])
    })

    it('fill a bulk of their own', () => {
      for (let number = 0; number < 9; number += 1) pool.add(stateOf(`s${number}`, 1), nowMs)
      assert.equal(shown(next()), undefined)
      pool.add(stateOf('s9', 1), nowMs)
      assert.deepEqual(shown(next()), ['size', [0, 10]])
    })

    it('wait 1 s at most for later ones once a bulk has left', () => {
      pool.add(stateOf('s', 1), nowMs)
      add(0, 10)
      assert.deepEqual(shown(next()), ['size', [0, 10]])
      assert.equal(pool.wakeAtMs(nowMs), nowMs + 1000)
      nowMs += 1000
      assert.deepEqual(shown(next()), ['timeout', [0, 1]])
    })

    it('go with the events when these wait for the timeout', () => {
      pool.add(stateOf('s', 1), nowMs)
      add(0, 1)
      nowMs += 30_000
      assert.equal(next()?.operations, 2)
    })
  })

  describe('a shard that refuses every write', () => {
    it('closes its lane, and no other', () => {
      add(0, 10)
      refuse(next())
      assert.deepEqual(pool.troubles, [
        { index: 'i', shard: 0, fault: 'unavailable_shards_exception', reason: 'no primary' },
      ])
      add(0, 20)
      add(1, 10)
      assert.deepEqual(shown(next()), ['size', [1, 10]])
      assert.equal(shown(next()), undefined)
    })

    it('has what still waits for it set aside with what it refused', () => {
      add(0, 45)
      refuse(next())
      assert.equal(pool.events, 0)
      add(1, 10)
      assert.deepEqual(shown(next()), ['size', [1, 10]])
      nowMs += 100
      assert.deepEqual(shown(next()), ['retry, apart', [0, 10]])
    })

    it('is tried again outside of the slots, after waits that double up to 5 s', () => {
      add(0, 10)
      refuse(next())
      const waits = [100, 200, 400, 800, 1600, 2500, 2500]
      for (const waitMs of waits) {
        assert.ok(pool.wakeAtMs(nowMs) <= nowMs + waitMs)
        nowMs += waitMs - 1
        assert.equal(shown(next()), undefined)
        nowMs += 1
        const retry = next()
        assert.deepEqual(shown(retry), ['retry, apart', [0, 10]])
        assert.equal(shown(next()), undefined)
        refuse(retry)
      }
    })

    it('opens its lane with the first operation that is stored', () => {
      add(0, 10)
      refuse(next())
      add(0, 5)
      nowMs += 100
      store(next())
      assert.deepEqual(pool.troubles, [])
      assert.deepEqual(shown(next()), ['retry, apart', [0, 5]])
      add(0, 10)
      assert.deepEqual(shown(next()), ['size', [0, 10]])
    })

    it('gives its operations back after 2 s while others are stored', () => {
      add(0, 10)
      refuse(next())
      nowMs += 1000
      add(1, 10)
      store(next())
      nowMs += 999
      assert.equal(pool.takeExpired(nowMs).length, 0)
      nowMs += 1
      assert.equal(pool.takeExpired(nowMs).length, 10)
      assert.equal(pool.takeExpired(nowMs).length, 0)
    })

    it('returns immediately what its lane has no room for, while others are stored', () => {
      add(0, 10)
      refuse(next())
      add(1, 10)
      store(next())
      add(0, 3)
      assert.equal(pool.takeExpired(nowMs).length, 3)
    })

    it('gives its operations back after 15 s while nothing is stored', () => {
      add(0, 10)
      refuse(next())
      nowMs += 14_999
      assert.equal(pool.takeExpired(nowMs).length, 0)
      nowMs += 1
      assert.equal(pool.takeExpired(nowMs).length, 10)
    })

    it('stays closed for 20 s without operations', () => {
      add(0, 10)
      refuse(next())
      nowMs += 15_000
      pool.takeExpired(nowMs)
      nowMs += 4999
      add(1, 10)
      store(next())
      assert.equal(pool.troubles.length, 1)
      nowMs += 1
      add(1, 10)
      store(next())
      assert.equal(pool.troubles.length, 0)
    })

    it('stays open when it settles other operations: only the refused ones are retried', () => {
      add(0, 10)
      const bulk = next() as Bulk
      const retries = bulk.parts[0]?.runs.slice(0, 1) ?? []
      pool.answered(bulk, [{ retries, fault: UNAVAILABLE, hasProgress: true }], nowMs)
      assert.deepEqual(pool.troubles, [])
      add(0, 10)
      assert.deepEqual(shown(next()), ['size', [0, 10]])
      nowMs += 100
      assert.deepEqual(shown(next()), ['retry, apart', [0, 1]])
    })

    it('does not count as such when it is only short of room', () => {
      add(0, 10)
      refuse(next(), THROTTLED)
      assert.deepEqual(pool.troubles, [])
    })
  })

  describe('a bulk that hangs', () => {
    it('frees its slot and closes its lane as soon as a later bulk is answered', () => {
      add(0, 10)
      add(1, 5)
      next()
      nowMs += 4000
      add(1, 5)
      const other = next()
      assert.deepEqual(shown(other), ['size', [1, 10]])
      store(other)
      pool.detachHanging(nowMs)
      assert.deepEqual(pool.troubles, [])
      assert.equal(pool.wakeAtMs(nowMs), 6000)
      nowMs += 1000
      pool.detachHanging(nowMs)
      assert.deepEqual(
        pool.troubles.map(({ shard, fault }) => [shard, fault]),
        [[0, 'bulk_hanging']],
      )
      add(1, 80)
      assert.deepEqual(
        [shown(next()), shown(next())],
        [
          ['size', [1, 40]],
          ['size', [1, 40]],
        ],
      )
    })

    it('in all slots lets one other lane try outside of them, which then frees the slots', () => {
      add(0, 80)
      const hanging = [next(), next()]
      add(1, 10)
      nowMs += 4999
      pool.detachHanging(nowMs)
      assert.equal(shown(next()), undefined)
      nowMs += 1
      pool.detachHanging(nowMs)
      const other = next()
      assert.deepEqual(shown(other), ['size, apart', [1, 10]])
      store(other)
      pool.detachHanging(nowMs)
      add(2, 10)
      assert.deepEqual(shown(next()), ['size', [2, 10]])
      for (const bulk of hanging) store(bulk)
      assert.deepEqual(pool.troubles, [])
    })

    it('of several lanes has them sent alone, until it is known which hangs', () => {
      add(0, 5)
      add(1, 5)
      const both = next()
      nowMs += 1
      add(2, 10)
      store(next())
      nowMs += 5000
      pool.detachHanging(nowMs)
      assert.deepEqual(pool.troubles, [])
      add(0, 6)
      add(1, 5)
      assert.deepEqual(shown(next()), ['size', [0, 6]])
      store(both)
      add(0, 6)
      assert.deepEqual(shown(next()), ['size', [0, 6], [1, 5]])
    })

    it('holds nothing back when nothing else is answered either: then Elasticsearch is down', () => {
      add(0, 80)
      next()
      next()
      nowMs += 60_000
      pool.detachHanging(nowMs)
      assert.deepEqual([pool.troubles, shown(next())], [[], undefined])
    })
  })

  it('sends an index whose shards are not known alone, outside of the slots, one bulk at a time', () => {
    add(undefined, 25, 'new')
    add(0, 10)
    assert.deepEqual(shown(next()), ['size', [0, 10]])
    const unknown = next()
    assert.deepEqual(shown(unknown), ['size, apart', [undefined, 10]])
    assert.equal(shown(next()), undefined)
    store(unknown)
    assert.deepEqual(shown(next()), ['size, apart', [undefined, 10]])
  })

  it('sends it with the others once its shards are known', () => {
    add(undefined, 4)
    add(0, 6)
    assert.deepEqual(shown(next()), ['size', [0, 6], [undefined, 4]])
  })

  it('sends each operation once, whatever comes and whatever is answered', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('add'), shard: fc.nat(5), count: fc.nat(30) }),
        fc.record({ kind: fc.constant('pass'), ms: fc.nat(5000) }),
        fc.record({ kind: fc.constant('answer'), which: fc.nat(5), refused: fc.boolean() }),
      ),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        fresh()
        const open = new Set<InFlightMessage>()
        const inFlight: Bulk[] = []
        const leave = (runs: readonly Run[]) => {
          for (const { owners } of runs) for (const { message } of owners) assert.ok(open.delete(message), 'left twice')
        }
        const sendAll = () => {
          for (let bulk = next(); bulk; bulk = next()) {
            assert.ok(bulk.operations > 0 && bulk.operations <= LIMITS.maxEvents)
            leave(bulk.parts.flatMap(({ runs }) => runs))
            inFlight.push(bulk)
          }
        }
        for (const step of all) {
          if ('shard' in step) {
            for (let number = 0; number < step.count; number += 1) {
              const one = run(1)
              const message = {} as InFlightMessage
              open.add(message)
              pool.add({ index: 'i', shard: step.shard, run: { ...one, owners: [{ message, positions: [0] }] } }, nowMs)
            }
          } else if ('ms' in step) nowMs += step.ms
          else {
            const [bulk] = inFlight.splice(step.which % Math.max(1, inFlight.length), 1)
            if (bulk && step.refused) {
              for (const { runs } of bulk.parts) for (const { owners } of runs) open.add(owners[0]?.message as never)
              refuse(bulk)
            } else if (bulk) store(bulk)
          }
          pool.detachHanging(nowMs)
          leave(pool.takeExpired(nowMs))
          sendAll()
        }
        pool.isDraining = true
        for (let rounds = 0; open.size > 0 && rounds < 1000; rounds += 1) {
          nowMs += 500
          leave(pool.takeExpired(nowMs))
          sendAll()
          for (const bulk of inFlight.splice(0)) store(bulk)
        }
        assert.equal(open.size, 0)
        sendAll()
        for (const bulk of inFlight.splice(0)) store(bulk)
        assert.deepEqual([pool.isDrained, pool.isFull], [true, false])
      }),
      { seed: 20261128 },
    )
  })
})
