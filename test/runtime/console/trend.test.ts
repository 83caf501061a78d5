import assert from 'node:assert/strict'
import { slopePerSecond } from '../../../runtime/console/trend.ts'

const points = (values: readonly number[]) => values.map((value, at) => ({ atMs: 1000 + at * 2000, value }))

describe('the trend of a number', () => {
  it('is its change per second', () => {
    assert.equal(slopePerSecond(points([10, 20, 30, 40, 50])), 5)
    assert.equal(slopePerSecond(points([50, 40, 30, 20, 10])), -5)
    assert.equal(slopePerSecond(points([7, 7, 7, 7, 7])), 0)
  })

  it('is not turned round by one reading between two bulks', () => {
    const slope = slopePerSecond(points([0, 100, 200, 300, 400, 500, 600, 700, 800, 500])) ?? 0
    assert.ok(slope > 30 && slope < 50, String(slope))
  })

  it('is unknown before 8 s have been seen', () => {
    assert.equal(slopePerSecond(points([1, 2, 3, 4])), null)
    assert.equal(slopePerSecond([]), null)
  })
})
