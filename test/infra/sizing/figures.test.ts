import assert from 'node:assert/strict'
import { evenly, roundUp } from '../../../infra/sizing/capacity.ts'
import { bytes, counted, figure, percent } from '../../../infra/sizing/figures.ts'

describe('figures in reasons', () => {
  it('have commas, and three digits where they are small', () => {
    const shown = [0, 0.12345, 1, 33.333, 99.96, 100.4, 1000, 1_234_567.8].map(figure)
    assert.deepEqual(shown, ['0', '0.123', '1', '33.3', '100', '100', '1,000', '1,234,568'])
  })

  it('are exact for quarters, as of a heap', () => {
    assert.deepEqual([13.25, 0.5, 99.75, 100.25].map(figure), ['13.25', '0.5', '99.75', '100'])
  })

  it('are percentages of a ratio', () => {
    assert.equal(percent(0.6), '60 %')
    assert.equal(percent(0.125), '12.5 %')
  })

  it('are sizes in the unit that suits them', () => {
    const shown = [0, 1, 999, 1000, 39_700_000_000_000, 2.5e18].map(bytes)
    assert.deepEqual(shown, ['0 bytes', '1 bytes', '999 bytes', '1 kB', '39.7 TB', '2,500 PB'])
  })

  it('count their noun', () => {
    assert.deepEqual(
      [counted(1, 'node'), counted(2, 'node'), counted(3, 'copy', 'copies')],
      ['1 node', '2 nodes', '3 copies'],
    )
  })
})

describe('rounding', () => {
  it('goes up, but not for the last digits', () => {
    assert.deepEqual([0.1 + 0.2 - 0.3, 3.0000000001, 3.001, 4].map(roundUp), [1, 3, 4, 4])
  })

  it('fills every zone alike', () => {
    assert.deepEqual([evenly(4, 3), evenly(6, 3), evenly(1, 3), evenly(5, 1)], [6, 6, 3, 5])
  })
})
