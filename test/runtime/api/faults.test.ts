import assert from 'node:assert/strict'
import type { FastifySchemaValidationError } from 'fastify'
import { faultOf, isFull, limited, overlongFault, wrongKind } from '../../../runtime/api/faults.ts'

function errorOf(keyword: string, params: object, instancePath = ''): FastifySchemaValidationError {
  return {
    keyword,
    params,
    instancePath,
    schemaPath: '',
    message: `as ${keyword} says`,
  } as FastifySchemaValidationError
}

describe('faultOf', () => {
  it('reports where: names as text, positions as numbers', () => {
    const fault = faultOf(errorOf('type', { type: 'string' }, '/events/2/a~1b~0c'), ['body'])
    assert.deepEqual(fault.loc, ['body', 'events', 2, 'a/b~c'])
  })

  it('reports a missing field at the place where it belongs', () => {
    assert.deepEqual(faultOf(errorOf('required', { missingProperty: 'id' }, '/source'), ['body']), {
      loc: ['body', 'source', 'id'],
      msg: 'Field required',
      type: 'missing',
    })
  })

  it('names of several types the first', () => {
    assert.deepEqual(faultOf(errorOf('type', { type: ['object', 'null'] }), ['body']), {
      loc: ['body'],
      msg: 'Input should be a valid dictionary',
      type: 'dict_type',
    })
  })

  it('reports lengths and empty texts', () => {
    assert.deepEqual(
      [errorOf('maxLength', { limit: 512 }), errorOf('pattern', {})].map((error) => faultOf(error, ['params'])),
      [
        { loc: ['params'], msg: 'String should have at most 512 characters', type: 'string_too_long' },
        { loc: ['params'], msg: 'String should not be empty', type: 'string_too_short' },
      ],
    )
  })

  it('passes on what it has no words for', () => {
    assert.deepEqual(faultOf(errorOf('maxItems', { limit: 1 }), ['body']), {
      loc: ['body'],
      msg: 'as maxItems says',
      type: 'maxItems',
    })
  })
})

describe('limited', () => {
  const fault = { loc: ['body'], msg: 'wrong', type: 'wrong' }

  it('leaves up to 100 faults as they are', () => {
    assert.deepEqual(limited(Array(100).fill(fault)), Array(100).fill(fault))
  })

  it('lists the first 100 of more, and that there are others', () => {
    assert.deepEqual(
      [100, 101].map((count) => isFull(Array(count).fill(fault))),
      [false, true],
    )
    const faults = limited(Array(103).fill(fault))
    assert.equal(faults.length, 101)
    assert.equal(faults[100]?.type, 'too_many_faults')
  })
})

describe('wrongKind', () => {
  it('has words for every kind', () => {
    assert.deepEqual(wrongKind('array'), { msg: 'Input should be a valid list', type: 'list_type' })
    assert.deepEqual(wrongKind('integer'), { msg: 'Input should be a valid integer', type: 'integer_type' })
  })
})

describe('overlongFault', () => {
  it('reports a list with too many items, and nothing else', () => {
    assert.equal(overlongFault(['body'], [1, 2], 2), undefined)
    assert.equal(overlongFault(['body'], 'abc', 2), undefined)
    assert.deepEqual(overlongFault(['body', 'x'], [1, 2, 3], 2), {
      loc: ['body', 'x'],
      msg: 'List should have at most 2 items',
      type: 'too_long',
    })
  })
})
