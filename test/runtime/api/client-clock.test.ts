import assert from 'node:assert/strict'
import fc from 'fast-check'
import { correctedTimes, MIN_SKEW_MS, skewOf } from '../../../runtime/api/client-clock.ts'

const NOW_MS = Date.parse('2026-11-22T10:00:00.000Z')

describe('the clock of a client', () => {
  const sentAt = (iso: string) => skewOf(iso, NOW_MS)

  it('is unknown if the call does not say when it was sent', () => {
    for (const none of [undefined, null, '', 'soon']) assert.equal(skewOf(none, NOW_MS), undefined, String(none))
  })

  it('is right within a minute, which the call may have been on its way', () => {
    assert.equal(MIN_SKEW_MS, 60_000)
    for (const ms of [-60_000, 0, 60_000]) assert.equal(skewOf(NOW_MS + ms, NOW_MS), undefined)
    assert.deepEqual(sentAt('2026-11-22T09:58:59.999Z'), {
      ms: 60_001,
      receivedAtMs: NOW_MS,
      sentAt: '2026-11-22T09:58:59.999Z',
    })
    assert.equal(sentAt('2026-11-22T10:01:00.001Z')?.ms, -60_001)
  })

  it('has every form of a time', () => {
    assert.equal(skewOf(1_795_338_000, NOW_MS)?.ms, 3_600_000)
    assert.equal(skewOf('2026-11-22 09:00:00', NOW_MS)?.ms, 3_600_000)
  })

  it('moves every time that is given by the difference, and what the client said stays', () => {
    const slow = sentAt('1970-01-01T02:00:00.000Z')
    const times = { insert: '1970-01-01T01:59:59.000Z', create: '1970-01-01T01:00:00.000Z' }
    assert.deepEqual(correctedTimes(times, slow), {
      insert: '2026-11-22T09:59:59.000Z',
      create: '2026-11-22T09:00:00.000Z',
      original: { ...times, sent: '1970-01-01T02:00:00.000Z' },
    })
    const fast = sentAt('9999-12-31T23:00:00.000Z')
    assert.equal(correctedTimes({ update: '9999-12-31T22:00:00.000Z' }, fast).update, '2026-11-22T09:00:00.000Z')
  })

  it('gives the time of arrival at most: it was set back before the sending', () => {
    const slow = sentAt('2026-11-22T09:00:00.000Z')
    assert.equal(correctedTimes({ create: '2026-11-22T09:30:00.000Z' }, slow).create, '2026-11-22T10:00:00.000Z')
  })

  it('gives no time before the year 1', () => {
    const fast = sentAt('2027-11-22T10:00:00.000Z')
    assert.equal(correctedTimes({ create: '0001-03-01T00:00:00.000Z' }, fast).create, '0001-03-01T00:00:00.000Z')
  })

  it('changes nothing if it is right, or no time is given', () => {
    const times = { create: '2026-11-22T09:00:00.000Z' }
    assert.equal(correctedTimes(times, undefined), times)
    const none = { create: undefined }
    assert.equal(correctedTimes(none, sentAt('2020-01-01')), none)
  })

  it('gives, for every skew and age, the time of arrival less the age', () => {
    const skews = fc.integer({ min: -40, max: 40 }).filter((years) => years !== 0)
    const ages = fc.integer({ min: 0, max: 30 * 86_400_000 })
    fc.assert(
      fc.property(skews, ages, (years, ageMs) => {
        const sentMs = NOW_MS + years * 31_557_600_000
        const create = new Date(sentMs - ageMs).toISOString()
        const { create: corrected = '' } = correctedTimes({ create }, skewOf(sentMs, NOW_MS))
        assert.equal(NOW_MS - Date.parse(corrected), ageMs)
      }),
    )
  })
})
