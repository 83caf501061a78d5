import assert from 'node:assert/strict'
import { forecastOf } from '../../../runtime/console/forecast.ts'
import type { IndexReport } from '../../../runtime/search/retention.ts'

const GB = 1024 ** 3
const NOW = Date.parse('2026-11-11T00:00:00Z')

const index = (name: string, primaryBytes: number, created: string): IndexReport => ({
  name,
  documents: 1,
  bytes: primaryBytes * 2,
  primaryBytes,
  createdAtMs: Date.parse(created),
  shards: 3,
  replicas: 1,
  health: 'green',
  expired: false,
})

describe('the forecast of the next index', () => {
  it('continues at the pace of the present one, over the days of the next period', () => {
    const indices = [index('t-event-2026-10', 9 * GB, '2026-10-01'), index('t-event-2026-11', 100 * GB, '2026-11-01')]
    assert.deepEqual(forecastOf(indices, 't-event', 'month', 3, NOW), {
      index: 't-event-2026-11',
      nextIndex: 't-event-2026-12',
      primaryBytes: 310 * GB,
      shards: 3,
    })
  })

  it('counts from the making of the index, not from the begin of its period', () => {
    const forecast = forecastOf([index('t-event-2026-11-11', GB, '2026-11-10T23:00:00Z')], 't-event', 'day', 1, NOW)
    assert.equal(forecast?.nextIndex, 't-event-2026-11-12')
    assert.equal(forecast?.primaryBytes, 24 * GB)
  })

  it('is not made within the first hour, nor without an index', () => {
    const young = [index('t-event-2026-11', GB, '2026-11-10T23:00:01Z')]
    assert.equal(forecastOf(young, 't-event', 'month', 3, NOW), null)
    assert.equal(forecastOf([], 't-event', 'month', 3, NOW), null)
  })
})
