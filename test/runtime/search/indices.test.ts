import assert from 'node:assert/strict'
import fc from 'fast-check'
import { v4 as uuidV4, v7 as uuidV7 } from 'uuid'
import { indicesOf } from '../../../runtime/names.ts'
import { indexNamer, partitionTimeMs, periodEndMs, periodOf, timeInId } from '../../../runtime/search/indices.ts'

const NOVEMBER = Date.parse('2026-11-22T23:30:00Z')
const HOUR_MS = 3600 * 1000

describe('indicesOf', () => {
  it('puts the prefix before each name', () => {
    assert.deepEqual(indicesOf({ indexPrefix: 'shop' }), {
      event: 'shop-event',
      allEvents: 'shop-event-*',
      session: 'shop-session',
      profile: 'shop-profile',
      erasures: 'shop-erasures',
      canary: 'shop-canary',
      console: 'shop-console',
    })
  })
})

describe('periodOf', () => {
  it('names each kind of period, padded so that names sort by time', () => {
    const names = (['day', 'month', 'quarter', 'year'] as const).map((kind) =>
      periodOf(Date.parse('2026-02-03T00:00:00Z'), kind),
    )
    assert.deepEqual(names, ['2026-02-03', '2026-02', '2026-q1', '2026'])
    assert.equal(periodOf(NOVEMBER, 'quarter'), '2026-q4')
  })

  it('goes by UTC at the very edge of a month', () => {
    assert.equal(periodOf(Date.parse('2026-11-30T23:59:59.999Z'), 'month'), '2026-11')
    assert.equal(periodOf(Date.parse('2026-12-01T00:00:00.000Z'), 'month'), '2026-12')
  })
})

describe('periodEndMs', () => {
  const end = (name: string) => {
    const ms = periodEndMs(name, 'tracardi-event')
    return ms === undefined ? undefined : new Date(ms).toISOString()
  }

  it('finds the end of each kind of period', () => {
    assert.equal(end('tracardi-event-2026-12-31'), '2027-01-01T00:00:00.000Z')
    assert.equal(end('tracardi-event-2026-12'), '2027-01-01T00:00:00.000Z')
    assert.equal(end('tracardi-event-2026-q3'), '2026-10-01T00:00:00.000Z')
    assert.equal(end('tracardi-event-2026'), '2027-01-01T00:00:00.000Z')
  })

  it('knows no end for an index of another naming', () => {
    for (const name of [
      'tracardi-event',
      'tracardi-event-old',
      'tracardi-session',
      'other-2026-11',
      'tracardi-event-2026-11-reindexed',
    ]) {
      assert.equal(end(name), undefined)
    }
  })
})

describe('partitionTimeMs', () => {
  it('takes the time inside a UUIDv7 id, so that a repetition finds the same index', () => {
    const id = uuidV7({ msecs: NOVEMBER - 100 * HOUR_MS })
    assert.equal(partitionTimeMs(id, NOVEMBER, 168 * HOUR_MS), NOVEMBER - 100 * HOUR_MS)
    assert.equal(partitionTimeMs(id.toUpperCase(), NOVEMBER + 30 * HOUR_MS, 168 * HOUR_MS), NOVEMBER - 100 * HOUR_MS)
  })

  it('accepts the very edge of the window, past and future, and nothing beyond', () => {
    const window = 168 * HOUR_MS
    for (const distance of [-window, window]) {
      assert.equal(partitionTimeMs(uuidV7({ msecs: NOVEMBER + distance }), NOVEMBER, window), NOVEMBER + distance)
    }
    for (const distance of [-window - 1, window + 1]) {
      assert.equal(partitionTimeMs(uuidV7({ msecs: NOVEMBER + distance }), NOVEMBER, window), NOVEMBER)
    }
  })

  it('takes the time of ingestion for any other id', () => {
    for (const id of ['order-17', uuidV4(), '']) {
      assert.equal(timeInId(id), undefined)
      assert.equal(partitionTimeMs(id, NOVEMBER, 168 * HOUR_MS), NOVEMBER)
    }
  })
})

describe('indexNamer', () => {
  it('names the index of each moment as periodOf does, in any order', () => {
    const moments = fc.array(fc.integer({ min: 0, max: Date.UTC(2100, 0) }))
    const nearby = fc.array(fc.integer({ min: NOVEMBER - 3 * 24 * HOUR_MS, max: NOVEMBER + 3 * 24 * HOUR_MS }))
    fc.assert(
      fc.property(
        fc.constantFrom('day', 'month', 'quarter', 'year'),
        fc.oneof(moments, nearby),
        (partitioning, times) => {
          const nameOf = indexNamer('t-event', partitioning)
          for (const timeMs of times) assert.equal(nameOf(timeMs), `t-event-${periodOf(timeMs, partitioning)}`)
        },
      ),
    )
  })
})
