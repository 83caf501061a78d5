import assert from 'node:assert/strict'
import { monthAwayMs } from '../index-faults.ts'

describe('the month of a fault that needs an index of its own', () => {
  const away = (from: string, months: number) => new Date(monthAwayMs(Date.parse(from), months)).toISOString()

  it('is that many months away, also over the end of a year and from the last day of a month', () => {
    assert.equal(away('2026-11-28T10:00:00Z', -1), '2026-10-15T00:00:00.000Z')
    assert.equal(away('2026-11-28T10:00:00Z', 2), '2027-01-15T00:00:00.000Z')
    assert.equal(away('2026-01-31T23:59:59Z', -2), '2025-11-15T00:00:00.000Z')
  })
})
