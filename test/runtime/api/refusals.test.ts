import assert from 'node:assert/strict'
import { Refusals, type RefusedCall } from '../../../runtime/api/refusals.ts'

const CALL: RefusedCall = {
  ...{ status: 401, reason: 'Access denied', source: 'shop', origin: 'https://shop.example.com' },
  ...{ route: '/track', client: '10.0.0.1' },
}

describe('refused calls', () => {
  it('are counted by what they have in common, the latest first', () => {
    const refusals = new Refusals()
    refusals.record(CALL, 1)
    refusals.record({ ...CALL, status: 422 }, 2)
    refusals.record({ ...CALL, client: '10.0.0.2' }, 3)
    const { total, groups, isRestarted } = refusals.page(undefined)
    assert.deepEqual([total, isRestarted], [3, false])
    assert.deepEqual(groups, [
      { ...CALL, client: '10.0.0.2', number: 1, count: 2, firstAtMs: 1, lastAtMs: 3 },
      { ...CALL, status: 422, number: 2, count: 1, firstAtMs: 2, lastAtMs: 2 },
    ])
  })

  it('are reported since a position; all of them where it is of another process', () => {
    const refusals = new Refusals()
    refusals.record(CALL, 1)
    refusals.record({ ...CALL, source: 'other' }, 2)
    const { cursor } = refusals.page(undefined)
    assert.deepEqual(refusals.page(cursor).groups, [])
    refusals.record(CALL, 3)
    assert.deepEqual(
      refusals.page(cursor).groups.map(({ source, count }) => [source, count]),
      [['shop', 2]],
    )
    for (const after of ['x.2', 'nothing']) {
      const { groups, isRestarted } = refusals.page(after)
      assert.deepEqual([groups.length, isRestarted], [2, true])
    }
  })

  it('are kept in 100 groups of a bounded size', () => {
    const refusals = new Refusals()
    for (let number = 0; number < 150; number += 1) {
      refusals.record(
        { ...CALL, reason: `${number}`.padEnd(500, 'r'), source: 's'.repeat(5000), origin: 'o'.repeat(500) },
        number,
      )
    }
    const { total, groups } = refusals.page(undefined)
    assert.deepEqual([total, groups.length, groups[0]?.lastAtMs, groups.at(-1)?.lastAtMs], [150, 100, 149, 50])
    assert.deepEqual([groups[0]?.reason.length, groups[0]?.source.length, groups[0]?.origin.length], [300, 100, 100])
  })
})
