import assert from 'node:assert/strict'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'

describe('AdaptiveConcurrency', () => {
  it('halves its limit when refused, never below one', () => {
    const concurrency = new AdaptiveConcurrency(5)
    const limits = [1, 2, 3, 4].map(() => {
      concurrency.throttled()
      return concurrency.limit
    })
    assert.deepEqual(limits, [2, 1, 1, 1])
  })

  it('raises its limit by one after 20 clean bulks in a row, up to the maximum', () => {
    const concurrency = new AdaptiveConcurrency(2)
    concurrency.throttled()
    for (let bulk = 0; bulk < 19; bulk += 1) concurrency.succeeded()
    assert.equal(concurrency.limit, 1)
    concurrency.succeeded()
    assert.equal(concurrency.limit, 2)
    for (let bulk = 0; bulk < 40; bulk += 1) concurrency.succeeded()
    assert.equal(concurrency.limit, 2)
  })

  it('begins to count again after a refusal', () => {
    const concurrency = new AdaptiveConcurrency(2)
    concurrency.throttled()
    for (let bulk = 0; bulk < 19; bulk += 1) concurrency.succeeded()
    concurrency.throttled()
    concurrency.succeeded()
    assert.equal(concurrency.limit, 1)
  })

  for (const [maximum, bulks] of [
    [1, 20],
    [2, 20],
    [4, 40],
  ] as const) {
    it(`is restrained after a refusal until ${bulks} clean bulks have brought it back to ${maximum}`, () => {
      const concurrency = new AdaptiveConcurrency(maximum)
      assert.ok(!concurrency.isRestrained)
      concurrency.throttled()
      for (let bulk = 1; bulk < bulks; bulk += 1) concurrency.succeeded()
      assert.ok(concurrency.isRestrained)
      concurrency.succeeded()
      assert.ok(!concurrency.isRestrained)
      assert.equal(concurrency.limit, maximum)
    })
  }
})
