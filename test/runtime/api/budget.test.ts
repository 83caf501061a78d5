import assert from 'node:assert/strict'
import { Budget } from '../../../runtime/api/budget.ts'

describe('Budget', () => {
  it('lets one owner hold four fifths, and not a byte more', () => {
    const budget = new Budget(100)
    assert.deepEqual([budget.hold('one').resize(81), budget.hold('one').resize(80), budget.used], [false, true, 80])
    assert.equal(budget.hold('one').resize(1), false)
  })

  it('leaves room for the next one, however many flood it', () => {
    const budget = new Budget(1_000_000)
    const flood = (owner: string) => {
      const hold = budget.hold(owner)
      let bytes = 0
      while (hold.resize(bytes + 1000)) bytes += 1000
      return bytes
    }
    assert.deepEqual([flood('one'), flood('two'), flood('three')], [800_000, 160_000, 32_000])
    assert.equal(budget.hold('honest').resize(6000), true)
  })

  it('counts of a resized hold the difference, up and down', () => {
    const budget = new Budget(100)
    const hold = budget.hold('one')
    assert.deepEqual([hold.resize(10), hold.resize(70), hold.resize(5), budget.used], [true, true, true, 5])
  })

  it('counts a hold for its new owner after a move', () => {
    const budget = new Budget(100)
    const hold = budget.hold('one')
    hold.resize(80)
    hold.moveTo('two')
    assert.equal(budget.hold('two').resize(1), false)
    assert.equal(budget.hold('one').resize(16), true)
  })

  it('leaves a hold as it was when more does not fit', () => {
    const budget = new Budget(100)
    const hold = budget.hold('one')
    hold.resize(70)
    assert.equal(hold.resize(101), false)
    assert.equal(budget.used, 70)
  })

  it('takes no amount that is not a number', () => {
    const budget = new Budget(100)
    assert.equal(budget.hold('one').resize(Number.NaN), false)
    assert.equal(budget.used, 0)
  })

  it('gets everything back on release, once, and counts nothing for that hold any more', () => {
    const budget = new Budget(100)
    const hold = budget.hold('one')
    hold.resize(70)
    hold.release()
    hold.release()
    assert.equal(hold.resize(90), true)
    assert.equal(budget.used, 0)
  })
})
