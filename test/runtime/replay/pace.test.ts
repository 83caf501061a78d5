import assert from 'node:assert/strict'
import { Pace } from '../../../runtime/replay/pace.ts'

describe('a pace', () => {
  it('lets each event take its time', () => {
    let nowMs = 1000
    const pace = new Pace(100, () => nowMs)
    assert.equal(pace.waitMs, 0)
    pace.took(50)
    assert.equal(pace.waitMs, 400)
    nowMs += 400
    assert.equal(pace.waitMs, 0)
    pace.took(1)
    assert.equal(pace.waitMs, 10)
  })

  it('lets a tenth of a second be made up for after a pause, and no more', () => {
    let nowMs = 1000
    const pace = new Pace(100, () => nowMs)
    pace.took(1)
    nowMs += 60_000
    let taken = 0
    for (; pace.waitMs === 0; taken += 1) pace.took(1)
    assert.equal(taken, 11)
  })
})
