import assert from 'node:assert/strict'
import { DEFAULT_COEFFICIENTS, readCoefficients } from '../../../infra/sizing/coefficients.ts'
import { size } from '../../../infra/sizing/model.ts'
import { loadOf, PRODUCTION, valuesOf } from './cases.ts'

const NAMES = Object.keys(DEFAULT_COEFFICIENTS).join(', ')

describe('the coefficients', () => {
  it('are frozen and pass their own check', () => {
    assert.ok(Object.isFrozen(DEFAULT_COEFFICIENTS))
    assert.deepEqual(readCoefficients(DEFAULT_COEFFICIENTS), DEFAULT_COEFFICIENTS)
  })

  it('are read over the default ones, and frozen', () => {
    const read = readCoefficients({ apiMicrosPerEvent: 12.5, targetUtilisation: 1 })
    assert.deepEqual(read, { ...DEFAULT_COEFFICIENTS, apiMicrosPerEvent: 12.5, targetUtilisation: 1 })
    assert.ok(Object.isFrozen(read))
    assert.deepEqual(readCoefficients({}), DEFAULT_COEFFICIENTS)
  })

  it('change the sizes', () => {
    const load = loadOf({ peakEventsPerSecond: 200_000 })
    const slower = valuesOf(size(load, PRODUCTION, readCoefficients({ apiMicrosPerCall: 1600 })))
    const usual = valuesOf(size(load, PRODUCTION))
    assert.equal(usual['api.replicas'], 20)
    assert.equal(slower['api.replicas'], 66)
  })

  it('are refused with all faults together', () => {
    const wrong = {
      apiMicrosPerEvents: 3,
      zzz: 1,
      bulkMillis: 0,
      stateBytes: -1,
      maxDataGib: '200',
      minDiskGib: Number.POSITIVE_INFINITY,
      bulksInFlight: Number.NaN,
      statesPerCall: undefined,
      diskFillRatio: 1.5,
    }
    assert.throws(() => readCoefficients(wrong), {
      message: [
        'the coefficients have faults:',
        '  - apiMicrosPerEvents is not a coefficient; did you mean apiMicrosPerEvent?',
        `  - zzz is not a coefficient; known: ${NAMES}`,
        '  - bulkMillis is 0; allowed: a number over 0',
        '  - stateBytes is -1; allowed: a number over 0',
        '  - maxDataGib is "200"; allowed: a number over 0',
        '  - minDiskGib is Infinity; allowed: a number over 0',
        '  - bulksInFlight is NaN; allowed: a number over 0',
        '  - statesPerCall is undefined; allowed: a number over 0',
        '  - diskFillRatio is 1.5; allowed: a number over 0, at most 1',
      ].join('\n'),
    })
  })

  it('are refused when they contradict each other', () => {
    assert.throws(
      () =>
        readCoefficients({ targetShardBytes: 60_000_000_000, minHeapGib: 40, dataNodeBaseCores: 8, maxDataCores: 8 }),
      {
        message: [
          'the coefficients have faults:',
          '  - dataNodeBaseCores is 8, maxDataCores 8; allowed: in ascending order',
          '  - minShardBytes is 10000000000, targetShardBytes 60000000000, maxShardBytes 50000000000; allowed: in ascending order',
          '  - minHeapGib is 40, maxHeapGib 31; allowed: in ascending order',
        ].join('\n'),
      },
    )
  })

  for (const [what, text] of [
    [null, 'null'],
    [[1], '[1]'],
    ['a', '"a"'],
    [undefined, 'undefined'],
  ] as const) {
    it(`are refused when they are ${text}`, () => {
      const message = `the coefficients are ${text}; allowed: an object with any of ${NAMES}`
      assert.throws(() => readCoefficients(what), { message })
    })
  }
})
