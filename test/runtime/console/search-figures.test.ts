import assert from 'node:assert/strict'
import { bytesToStayFree, forecastOf } from '../../../runtime/console/search-figures.ts'
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

describe('what must stay free of a disk', () => {
  const free = (limit: string, maxHeadroom = '-1') => bytesToStayFree({ limit, maxHeadroom }, 1000 * GB)

  it('is the rest of a share in use', () => {
    assert.equal(free('75%'), 250 * GB)
    assert.equal(free('0.75'), 250 * GB)
  })

  it('is at most the headroom of a large disk', () => {
    assert.equal(free('75%', '200gb'), 200 * GB)
    assert.equal(free('75%', '300gb'), 250 * GB)
  })

  it('is stated in bytes', () => {
    assert.equal(free('500mb', '200gb'), 500 * 1024 ** 2)
    assert.equal(free('1.5gb'), 1.5 * GB)
    assert.equal(free('10b'), 10)
  })

  it('is unknown for what Elasticsearch would not take', () => {
    assert.equal(free(''), undefined)
    assert.equal(free('much'), undefined)
    assert.equal(free('150%'), undefined)
  })
})
