import assert from 'node:assert/strict'
import { Budget } from '../../../runtime/api/budget.ts'

describe('Budget', () => {
  it('takes what fits exactly, and refuses one byte more', () => {
    const budget = new Budget(100)
    assert.equal(budget.hold().atLeast(60), true)
    assert.equal(budget.hold().atLeast(41), false)
    assert.equal(budget.used, 60)
    assert.equal(budget.hold().atLeast(40), true)
    assert.equal(budget.used, 100)
  })

  it('counts of a growing hold only what it grows by, and never less than before', () => {
    const budget = new Budget(100)
    const hold = budget.hold()
    assert.deepEqual([hold.atLeast(10), hold.atLeast(70), hold.atLeast(5), budget.used], [true, true, true, 70])
  })

  it('leaves a hold as it was when more does not fit', () => {
    const budget = new Budget(100)
    const hold = budget.hold()
    hold.atLeast(70)
    assert.equal(hold.atLeast(101), false)
    assert.equal(budget.used, 70)
  })

  it('takes no amount that is no number', () => {
    const budget = new Budget(100)
    assert.equal(budget.hold().atLeast(Number.NaN), false)
    assert.equal(budget.used, 0)
  })

  it('gets everything back on release, once, and counts nothing for that hold any more', () => {
    const budget = new Budget(100)
    const hold = budget.hold()
    hold.atLeast(70)
    hold.release()
    hold.release()
    assert.equal(hold.atLeast(90), true)
    assert.equal(budget.used, 0)
  })
})
