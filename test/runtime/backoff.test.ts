import assert from 'node:assert/strict'
import { backoffMs } from '../../runtime/backoff.ts'

const limits = { baseMs: 100, maxMs: 1000 }

describe('backoffMs', () => {
  it('doubles its ceiling with each attempt, up to the maximum', () => {
    const ceilings = [0, 1, 2, 3, 4, 100].map((attempt) => backoffMs(attempt, limits, 0.999_999))
    assert.deepEqual(ceilings, [99, 199, 399, 799, 999, 999])
  })

  it('spreads the wait over everything below the ceiling', () => {
    assert.deepEqual(
      [0, 0.25, 0.5].map((random) => backoffMs(2, limits, random)),
      [0, 100, 200],
    )
  })
})
