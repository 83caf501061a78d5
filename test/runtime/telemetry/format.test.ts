import assert from 'node:assert/strict'
import { counted, duration, number, percent, rate, size, trend } from '../../../runtime/telemetry/format.js'

const cases = <T>(write: (value: T) => string, expected: readonly (readonly [T, string])[]) => {
  for (const [value, text] of expected) assert.equal(write(value), text)
}

describe('a figure in words', () => {
  it('is a number with no more digits than help', () => {
    cases(number, [
      [0, '0'],
      [3, '3'],
      [3.14, '3.1'],
      [31.4, '31'],
      [1_234_567.8, '1,234,568'],
    ])
  })

  it('is a count of things', () => {
    assert.equal(counted(1, 'worker'), '1 worker')
    assert.equal(counted(2, 'worker'), '2 workers')
    assert.equal(counted(0, 'index', 'indices'), '0 indices')
  })

  it('is a rate, and a trend with its sign', () => {
    cases(rate, [
      [1580, '1,580/s'],
      [null, '–'],
    ])
    cases(trend, [
      [12, '+12/s'],
      [-0.5, '−0.5/s'],
      [0.01, 'steady'],
      [null, '–'],
    ])
  })

  it('is a percentage', () => {
    cases(percent, [
      [0, '0 %'],
      [0.005, '0.5 %'],
      [0.917, '92 %'],
      [null, '–'],
    ])
  })

  it('is a size in steps of 1024', () => {
    cases(size, [
      [0, '0 B'],
      [1023, '1,023 B'],
      [1536, '1.5 KB'],
      [90 * 1024 ** 2, '90 MB'],
      [1.5 * 1024 ** 4, '1.5 TB'],
      [null, '–'],
    ])
  })

  it('is a time in the two units that matter', () => {
    cases(duration, [
      [0, '0 s'],
      [0.0042, '4.2 ms'],
      [0.25, '250 ms'],
      [3.25, '3.3 s'],
      [59.7, '1 min'],
      [90, '2 min'],
      [3600, '1 h'],
      [12_000, '3 h 20 min'],
      [187_200, '2 d 4 h'],
      [null, '–'],
    ])
  })
})
