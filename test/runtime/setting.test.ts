import assert from 'node:assert/strict'
import { allowedValues, readSetting, type Setting } from '../../runtime/setting.ts'

const integer: Setting = {
  type: 'integer',
  default: 5,
  minimum: 1,
  maximum: 10,
  unit: 'events',
  description: '',
}
const decimal: Setting = { type: 'number', default: 0.5, minimum: 0, maximum: 1, description: '' }
const flag: Setting = { type: 'boolean', default: true, description: '' }
const choice: Setting = { type: 'string', default: 'a', oneOf: ['a', 'b'], description: '' }
const named: Setting = {
  type: 'string',
  default: 'x',
  pattern: { regex: /^[a-z]$/, says: 'one letter' },
  description: '',
}
const text: Setting = { type: 'string', default: '', description: '' }

describe('readSetting', () => {
  it('takes the default for a value that is missing or blank', () => {
    assert.deepEqual(readSetting(integer, undefined), { value: 5 })
    assert.deepEqual(readSetting(integer, '  '), { value: 5 })
  })

  it('reads whole numbers within their range, bounds included', () => {
    assert.deepEqual(readSetting(integer, ' 1 '), { value: 1 })
    assert.deepEqual(readSetting(integer, '10'), { value: 10 })
  })

  for (const wrong of ['0', '11', '2.5', '1e1', '0x2', 'ten', '5 events']) {
    it(`refuses "${wrong}" for a whole number from 1 to 10`, () => {
      assert.deepEqual(readSetting(integer, wrong), { fault: 'a whole number from 1 to 10 events' })
    })
  }

  it('reads decimals, and refuses what is out of their range', () => {
    assert.deepEqual(readSetting(decimal, '0.25'), { value: 0.25 })
    assert.deepEqual(readSetting(decimal, '-0.25'), { fault: 'a number from 0 to 1' })
  })

  it('reads the usual words for yes and no', () => {
    for (const word of ['true', 'YES', 'on', '1']) assert.deepEqual(readSetting(flag, word), { value: true })
    for (const word of ['false', 'No', 'off', '0']) assert.deepEqual(readSetting(flag, word), { value: false })
    assert.deepEqual(readSetting(flag, 'maybe'), { fault: 'yes or no' })
  })

  it('reads text that is one of the allowed, matches the pattern, or is free', () => {
    assert.deepEqual(readSetting(choice, 'b'), { value: 'b' })
    assert.deepEqual(readSetting(choice, 'c'), { fault: 'a, b' })
    assert.deepEqual(readSetting(named, 'q'), { value: 'q' })
    assert.deepEqual(readSetting(named, 'Q'), { fault: 'one letter' })
    assert.deepEqual(readSetting(text, 'anything at all'), { value: 'anything at all' })
  })
})

describe('allowedValues', () => {
  it('says what may be given', () => {
    assert.equal(allowedValues(flag), 'yes or no')
    assert.equal(allowedValues(text), 'text')
    assert.equal(allowedValues(decimal), 'a number from 0 to 1')
  })
})
