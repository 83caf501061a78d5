import assert from 'node:assert/strict'
import { KeepaliveBudget } from '../../../runtime/tracker/keepalive.ts'

describe('the budget of calls that outlive the page', () => {
  it('is 60 KiB, so that 4 KiB of what browsers allow are left for others', () => {
    const budget = new KeepaliveBudget()
    assert.equal(budget.left, 61_440)
    assert.equal(budget.take(61_441), false)
    assert.equal(budget.take(61_440), true)
    assert.equal(budget.take(1), false)
  })

  it('counts what is under way together, until it is returned', () => {
    const budget = new KeepaliveBudget()
    assert.deepEqual([budget.take(40_000), budget.take(30_000), budget.left], [true, false, 21_440])
    budget.giveBack(40_000)
    assert.equal(budget.take(30_000), true)
  })
})
