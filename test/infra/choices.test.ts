import assert from 'node:assert/strict'
import { choicesOf, rangeOf } from '../../infra/choices.ts'
import { DEFAULT_COEFFICIENTS, readCoefficients } from '../../infra/sizing/coefficients.ts'
import { DEFAULT_PRICES } from '../../infra/sizing/prices.ts'
import { changed } from '../support/stack.ts'

const HUNDRED_MILLION = { load: { peakEventsPerSecond: 20_000, retentionDays: 90 } }

describe('the choices of a stack', () => {
  it('are those that save most, dearest first, with what they give up', () => {
    const choices = choicesOf(changed('production', HUNDRED_MILLION), DEFAULT_PRICES)
    assert.deepEqual(
      choices.slice(0, 3).map(({ key, now, instead }) => [key, now, instead]),
      [
        ['load.retentionDays', '90', '45'],
        ['load.warmTier', 'false', 'true'],
        ['load.surviveZone', 'true', 'false'],
      ],
    )
    assert.deepEqual(
      choices.map(({ saves }) => saves),
      choices.map(({ saves }) => saves).sort((a, b) => b - a),
    )
    assert.ok(choices.every(({ saves, loses }) => saves >= 1 && loses !== ''))
  })

  it('omit what the environment refuses, such as a single copy in production', () => {
    const keys = (raw: ReturnType<typeof changed>) => choicesOf(raw, DEFAULT_PRICES).map(({ key }) => key)
    assert.ok(!keys(changed('production', HUNDRED_MILLION)).includes('runtime.ELASTIC_INDEX_REPLICAS'))
    assert.ok(keys(changed('staging', HUNDRED_MILLION)).includes('runtime.ELASTIC_INDEX_REPLICAS'))
  })

  it('are none where no new stack could be sized', () => {
    assert.deepEqual(choicesOf({ load: { peakEventsPerSecond: -1 } }, DEFAULT_PRICES), [])
  })

  it('come with a range, because the bytes on disk are the least certain', () => {
    const raw = changed('production', HUNDRED_MILLION)
    const range = rangeOf(raw, DEFAULT_PRICES, DEFAULT_COEFFICIENTS)
    const smaller = rangeOf(raw, DEFAULT_PRICES, readCoefficients({ storedBytesPerEventByte: 0.4 }))
    assert.ok(range !== undefined && smaller !== undefined)
    assert.ok(range.low < range.high * 0.55)
    assert.ok(smaller.high < range.high * 0.7)
    assert.equal(rangeOf({ load: 5 }, DEFAULT_PRICES, DEFAULT_COEFFICIENTS), undefined)
  })
})
