import assert from 'node:assert/strict'
import { median, percentile, spreadOf } from '../../bench/statistics.ts'

describe('the statistics of the bench', () => {
  it('take the middle value, whatever the order', () => {
    assert.equal(median([30, 10, 20]), 20)
  })

  it('take the mean of the two in the middle of an even number', () => {
    assert.equal(median([40, 10, 20, 30]), 25)
  })

  it('know no median of nothing', () => {
    assert.equal(median([]), Number.NaN)
  })

  it('take as a percentile the smallest value that that many do not exceed', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.equal(percentile(values, 0.5), 50)
    assert.equal(percentile(values, 0.99), 99)
    assert.equal(percentile(values, 1), 100)
    assert.equal(percentile([7], 0.99), 7)
    assert.equal(percentile([], 0.99), Number.NaN)
  })

  it('report the lowest and the highest next to the median', () => {
    assert.deepEqual(spreadOf([5, 1, 3]), { median: 3, low: 1, high: 5 })
  })
})
