import assert from 'node:assert/strict'
import { callValidator } from '../../../runtime/api/validate.ts'

describe('callValidator', () => {
  const faultsOf = callValidator(3)
  const source = { id: 'shop' }
  const tooLong = (items: number) => ({ msg: `List should have at most ${items} items`, type: 'too_long' })

  it('finds nothing in a good call', () => {
    assert.deepEqual(faultsOf({ source, events: [{ type: 't', tags: ['a'], time: { create: 1 } }] }), [])
    assert.deepEqual(faultsOf({ source, events: null }), [])
  })

  it('finds faults of the call and of its events together, each where it is', () => {
    assert.deepEqual(faultsOf({ source, session: 5, events: [{ type: 't' }, { type: 5 }] }), [
      { loc: ['body', 'session'], msg: 'Input should be a valid dictionary', type: 'dict_type' },
      { loc: ['body', 'events', 1, 'type'], msg: 'Input should be a valid string', type: 'string_type' },
    ])
  })

  it('refuses too many events without looking at any', () => {
    assert.deepEqual(faultsOf({ source, events: [1, 2, 3, 4] }), [{ loc: ['body', 'events'], ...tooLong(3) }])
  })

  it('refuses too many tags without looking at any, at each event', () => {
    const tags = Array(101).fill(5)
    assert.deepEqual(faultsOf({ source, events: [{ type: 't', tags }, { type: 't' }, { type: 't', tags }] }), [
      { loc: ['body', 'events', 0, 'tags'], ...tooLong(100) },
      { loc: ['body', 'events', 2, 'tags'], ...tooLong(100) },
    ])
  })

  it('ends soon after the hundred faults that are listed: an event has at most 106', () => {
    const event = { type: 1, id: [], time: { insert: {} }, properties: 1, context: 1, tags: Array(100).fill(1) }
    assert.equal(callValidator(1000)({ source, events: Array(1000).fill(event) }).length, 105)
  })
})
