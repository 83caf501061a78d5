import assert from 'node:assert/strict'
import { quantile } from '../../../runtime/console/quantile.ts'

const histogram = (counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).map(([le, count]) => [`took_bucket{le="${le}"}`, count]))

describe('quantile', () => {
  it('lies in its bucket, by as much of it as is needed', () => {
    const numbers = histogram({ '0.1': 10, '0.5': 90, '1': 100, '+Inf': 100 })
    assert.equal(quantile(numbers, 'took', 0.5), 0.1 + 0.4 * (40 / 80))
    assert.equal(quantile(numbers, 'took', 0.05), 0.05)
    assert.equal(quantile(numbers, 'took', 0.95), 0.75)
  })

  it('is the greatest bound when it lies beyond', () => {
    assert.equal(quantile(histogram({ '1': 1, '+Inf': 100 }), 'took', 0.99), 1)
  })

  it('is unknown when nothing was observed', () => {
    assert.equal(quantile(histogram({ '1': 0, '+Inf': 0 }), 'took', 0.5), null)
    assert.equal(quantile({}, 'took', 0.5), null)
  })
})
