import assert from 'node:assert/strict'
import fc from 'fast-check'
import { loadConfig } from '../../../runtime/config.ts'
import { AppError } from '../../../runtime/errors.ts'
import { topicsOf } from '../../../runtime/names.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { ensureSpread, movesFor, type PlacedBundle } from '../../../runtime/queue/spread.ts'

const bundle = (range: string, broker: string, partitions = 1): PlacedBundle => ({ range, broker, partitions })

describe('movesFor', () => {
  it('takes from the broker with most partitions and gives to the one with fewest', () => {
    const placed = [bundle('1', 'a'), bundle('2', 'a'), bundle('3', 'a'), bundle('4', 'b')]
    assert.deepEqual(movesFor(placed, ['a', 'b', 'c']), [{ range: '1', to: 'c' }])
  })

  it('moves nothing where no broker has two partitions more than another, or a move only swaps them', () => {
    assert.deepEqual(movesFor([bundle('1', 'a'), bundle('2', 'a'), bundle('3', 'b')], ['a', 'b']), [])
    assert.deepEqual(movesFor([bundle('1', 'a', 4)], ['a', 'b']), [])
    assert.deepEqual(movesFor([bundle('1', 'a', 3), bundle('2', 'a', 3)], ['a']), [])
  })

  it('spreads bundles of one partition within one, whatever the start, by no more moves than there are bundles', () => {
    const start = fc.array(fc.nat(6), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(start, (owners) => {
        const brokers = Array.from({ length: 7 }, (_, broker) => `b${broker}`)
        const placed = owners.map((owner, range) => bundle(`${range}`, `b${owner}`))
        const moves = movesFor(placed, brokers)
        const to = new Map(moves.map((move) => [move.range, move.to]))
        const counts = brokers.map(
          (broker) => placed.filter((one) => (to.get(one.range) ?? one.broker) === broker).length,
        )
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
        assert.ok(moves.length <= placed.length)
      }),
    )
  })
})

/** A Pulsar whose partition of each number is in the bundle of that number. */
function pulsarWith(start: readonly string[], brokers: readonly string[] | undefined, refusal?: Error, refusals = 99) {
  const owners = [...start]
  let asked = 0
  const admin = {
    brokers: async () => brokers,
    placeOf: async (partition: string) => {
      const number = Number(partition.replace(/^.*-/, ''))
      return { range: `${number}`, broker: owners[number] }
    },
    moveBundle: async (namespace: string, range: string, broker: string) => {
      assert.equal(namespace, 'tracardi/system')
      asked += 1
      if (refusal && asked <= refusals) throw refusal
      owners[Number(range)] = broker
    },
  } as unknown as PulsarAdmin
  const ensured = async () => {
    const { state } = await ensureSpread(admin, topicsOf(loadConfig({})), owners.length, 0)
    return { state, owners: owners.join('') }
  }
  return ensured
}

const CROWDED = ['a', 'a', 'a', 'a']

describe('the spread that set-up makes', () => {
  it('gives brokers without partitions their share, and is left alone the next time', async () => {
    const ensured = pulsarWith(CROWDED, ['a', 'b'])
    assert.deepEqual(await ensured(), { state: 'updated', owners: 'bbaa' })
    assert.deepEqual(await ensured(), { state: 'exists', owners: 'bbaa' })
  })

  it('is left to a Pulsar whose brokers the token may not list, or that names them otherwise', async () => {
    assert.deepEqual(await pulsarWith(CROWDED, undefined)(), { state: 'exists', owners: 'aaaa' })
    assert.deepEqual(await pulsarWith(CROWDED, ['b', 'c'])(), { state: 'exists', owners: 'aaaa' })
  })

  it('is tried again where a broker refuses, and reported where it continues', async () => {
    const refusal = new AppError('queue_admin', 'Pulsar answered 412')
    assert.deepEqual(await pulsarWith(CROWDED, ['a', 'b'], refusal, 2)(), { state: 'updated', owners: 'bbaa' })
    assert.deepEqual(await pulsarWith(CROWDED, ['a', 'b'], refusal)(), { state: 'differs', owners: 'aaaa' })
  })

  it('ends set-up on a fault that is none of Pulsar', async () => {
    await assert.rejects(pulsarWith(CROWDED, ['a', 'b'], new TypeError('bug'))(), TypeError)
  })
})
