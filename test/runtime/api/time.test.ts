import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isMoment, isoOf, parseMoment } from '../../../runtime/api/time.ts'

const NOON_MS = Date.UTC(2026, 10, 22, 12)

describe('parseMoment', () => {
  for (const [text, timeMs] of [
    ['2026-11-22T12:00:00.000Z', NOON_MS],
    ['2026-11-22T12:00:00Z', NOON_MS],
    ['2026-11-22T12:00Z', NOON_MS],
    ['2026-11-22 12:00:00', NOON_MS],
    ['2026-11-22T12:00:00', NOON_MS],
    ['  2026-11-22 12:00  ', NOON_MS],
    ['2026-11-22T17:30:00+05:30', NOON_MS],
    ['2026-11-22T17:30:00+0530', NOON_MS],
    ['2026-11-22T12:00:00.123456789Z', NOON_MS + 123],
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
    ['1795341600', NOON_MS - 7_200_000],
    ['1795341600.5', NOON_MS - 7_199_500],
    ['1795341600000', NOON_MS - 7_200_000],
  ] as const) {
    it(`reads "${text}" as UTC where it names no zone`, () => {
      assert.equal(parseMoment(text), timeMs)
    })
  }

  for (const [number, timeMs] of [
    [0, 0],
    [-1, -1000],
    [1.001, 1001],
    [-1.9999, -1999],
    [1_672_531_200, Date.UTC(2023, 0, 1)],
    [1_672_531_200.5, Date.UTC(2023, 0, 1) + 500],
    [1_672_531_200.1239, Date.UTC(2023, 0, 1) + 123],
    [20_000_000_000, 20_000_000_000_000],
    [-20_000_000_000, -20_000_000_000_000],
    [20_000_000_001, 20_000_000_001],
    [-20_000_000_001, -20_000_000_001],
    [1_795_341_600_000.9, 1_795_341_600_000],
  ] as const) {
    it(`reads ${number} as ${Math.abs(number) > 2e10 ? 'milliseconds' : 'seconds'} since the epoch`, () => {
      assert.equal(parseMoment(number), timeMs)
    })
  }

  for (const wrong of [
    '',
    'yesterday',
    '22.11.2026',
    '2026-11',
    '2026-13-01',
    '2026-02-30',
    '2026-04-31T10:00:00Z',
    '2025-02-29',
    '2026-00-10',
    '2026-01-00',
    '2026-11-22T25:00:00Z',
    '2026-11-22T12:60:00Z',
    '2026-11-22T12:00:00 CET',
    '0000-12-31T23:59:59Z',
    '+012026-11-22T12:00:00Z',
    '9999-12-31T23:59:59-01:00',
    '20261122',
    '2026',
    '1795341600000000',
    '1.795e9',
  ]) {
    it(`refuses "${wrong}"`, () => {
      assert.equal(parseMoment(wrong), undefined)
    })
  }

  it('refuses numbers beyond the years 1 to 9999', () => {
    assert.deepEqual([253_402_300_800_000, -62_135_596_800_001, 8.64e15, Number.NaN].map(parseMoment), [
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('isoOf', () => {
  for (const [given, stored] of [
    ['2026-11-22T12:00:00.000Z', '2026-11-22T12:00:00.000Z'],
    [' 2026-11-22T12:00:00.000Z', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22 12:00:00.000Z', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22T12:00:00.00Z', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22T12:00:00.000+01:00', '2026-11-22T11:00:00.000Z'],
    ['2026-11-22T24:00:00.000Z', '2026-11-23T00:00:00.000Z'],
    [NOON_MS, '2026-11-22T12:00:00.000Z'],
    ['2026-02-30T12:00:00.000Z', undefined],
    ['2026-11-22T12:00:60.000Z', undefined],
  ] as const) {
    it(`stores ${JSON.stringify(given)} as ${stored ?? 'nothing'}`, () => {
      assert.equal(isoOf(given), stored)
    })
  }

  it('keeps every day of the calendar as it is written, and no other', () => {
    const two = (number: number) => String(number).padStart(2, '0')
    for (const year of [1900, 2023, 2024]) {
      for (let month = 0; month <= 13; month += 1) {
        for (let day = 0; day <= 32; day += 1) {
          const text = `${year}-${two(month)}-${two(day)}T23:59:59.999Z`
          const timeMs = Date.UTC(year, month - 1, day, 23, 59, 59, 999)
          const exists = new Date(timeMs).toISOString() === text
          assert.equal(isoOf(text), exists ? text : undefined, text)
          assert.equal(isMoment(text), exists, text)
        }
      }
    }
  })

  for (const [text, exists] of [
    ['0000-01-01T00:00:00.000Z', false],
    ['0001-01-01T00:00:00.000Z', true],
    ['2026-11-22T23:59:59.999Z', true],
    ['2026-11-22T25:00:00.000Z', false],
    ['2026-11-22T12:60:00.000Z', false],
  ] as const) {
    it(`${exists ? 'keeps' : 'refuses'} ${text}`, () => {
      assert.equal(isoOf(text), exists ? text : undefined)
      assert.equal(isMoment(text), exists)
    })
  }
})

describe('the short way for moments as toISOString writes them', () => {
  it('stores what Date would, for every moment and for texts near to one', () => {
    const moment = fc
      .date({ noInvalidDate: true, min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') })
      .map((date) => date.toISOString())
    const near = fc
      .tuple(moment, fc.nat(23), fc.constantFrom(...'0123456789-:TZ. '))
      .map(([text, at, character]) => `${text.slice(0, at)}${character}${text.slice(at + 1)}`)
    fc.assert(
      fc.property(fc.oneof(moment, near), (text) => {
        const timeMs = parseMoment(text)
        assert.equal(isoOf(text), timeMs === undefined ? undefined : new Date(timeMs).toISOString())
      }),
      { numRuns: 2000 },
    )
  })
})
