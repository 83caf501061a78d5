import assert from 'node:assert/strict'
import type { Fault, TrackPayload } from '../../../runtime/api/schema.ts'
import { semanticFaults } from '../../../runtime/api/semantics.ts'
import { parseExactly } from '../../../runtime/exact-json.ts'

function faultsOf(payload: object): Fault[] {
  return semanticFaults({ source: { id: 'shop' }, ...payload } as TrackPayload)
}

const CHARACTERS = { msg: 'Control characters and lone surrogates are not allowed', type: 'string_characters' }
const NO_DICTIONARY = { msg: 'Input should be a valid dictionary', type: 'dict_type' }

describe('semanticFaults', () => {
  it('ends soon after the faults that are listed, however many events have some', () => {
    const events = Array.from({ length: 1000 }, (_, index) => ({ type: 't', id: `a\u0000${index}` }))
    assert.equal(faultsOf({ events }).length, 101)
  })

  it('finds nothing in a good call', () => {
    const events = [
      { type: 't', id: 'a', time: { create: '2026-11-22' }, properties: { a: 1 } },
      { type: 't' },
      { type: 't' },
    ]
    assert.deepEqual(faultsOf({ session: null, profile: {}, context: {}, events }), [])
  })

  for (const [what, id] of [
    ['U+0000', 'a\u0000b'],
    ['a line break', 'a\nb'],
    ['U+007F', 'a\u007fb'],
    ['a lone surrogate', 'a\ud800'],
  ]) {
    it(`refuses ids and types with ${what}, each where it is`, () => {
      const payload = { source: { id }, session: { id }, profile: { id }, events: [{ type: id, id }] }
      assert.deepEqual(faultsOf(payload), [
        { loc: ['body', 'source', 'id'], ...CHARACTERS },
        { loc: ['body', 'session', 'id'], ...CHARACTERS },
        { loc: ['body', 'profile', 'id'], ...CHARACTERS },
        { loc: ['body', 'events', 0, 'id'], ...CHARACTERS },
        { loc: ['body', 'events', 0, 'type'], ...CHARACTERS },
      ])
    })
  }

  it('strips ids before it judges them, as they are stored stripped', () => {
    assert.deepEqual(faultsOf({ source: { id: 'shop\n' }, events: [{ type: '\tt', id: ' a\r\n' }] }), [])
  })

  it('takes whole emoji in an id, and 500 bytes of it, not one more', () => {
    assert.deepEqual(faultsOf({ events: [{ type: 't', id: '😀'.repeat(125) }] }), [])
    assert.deepEqual(faultsOf({ events: [{ type: 't', id: `${'😀'.repeat(125)}a` }] }), [
      { loc: ['body', 'events', 0, 'id'], msg: 'String should have at most 500 bytes', type: 'string_too_long' },
    ])
  })

  it('refuses an id that exists twice, blanks around it aside, and names the first', () => {
    const events = ['a', 'b', ' a ', 'a'].map((id) => ({ type: 't', id }))
    const msg = 'Event id is the same as that of event 0; each event needs an id of its own'
    assert.deepEqual(faultsOf({ events }), [
      { loc: ['body', 'events', 2, 'id'], msg, type: 'duplicate_id' },
      { loc: ['body', 'events', 3, 'id'], msg, type: 'duplicate_id' },
    ])
  })

  it('refuses moments that are none, and ignores other keys of time', () => {
    const msg =
      'Input should be a date and time between the years 1 and 9999, in ISO 8601, or seconds or milliseconds since 1970'
    const time = { insert: 'soon', create: 1e17, update: '2026-02-30', other: 'soon' }
    assert.deepEqual(
      faultsOf({ events: [{ type: 't', time }] }),
      ['insert', 'create', 'update'].map((key) => ({
        loc: ['body', 'events', 0, 'time', key],
        msg,
        type: 'datetime_parsing',
      })),
    )
  })

  it('refuses data that Elasticsearch would refuse, wherever it may be', () => {
    const bad = { 'a\u0000': 1 }
    const payload = {
      context: bad,
      properties: bad,
      request: bad,
      events: [{ type: 't', properties: bad, context: bad, options: bad }],
    }
    const fault = { msg: 'Data cannot be stored: a key contains the character U+0000', type: 'data_structure' }
    assert.deepEqual(faultsOf(payload), [
      { loc: ['body', 'context'], ...fault },
      { loc: ['body', 'properties'], ...fault },
      { loc: ['body', 'request'], ...fault },
      { loc: ['body', 'events', 0, 'properties'], ...fault },
      { loc: ['body', 'events', 0, 'context'], ...fault },
      { loc: ['body', 'events', 0, 'options'], ...fault },
    ])
  })

  it('takes no long number for a dictionary', () => {
    const payload = parseExactly(
      '{"session":1e400,"profile":1e400,"options":1e400,"context":1e400,"properties":1e400,"request":1e400,"events":[{"type":"t","properties":1e400,"context":1e400,"options":1e400,"time":1e400}]}',
    ) as object
    assert.deepEqual(faultsOf(payload), [
      { loc: ['body', 'session'], ...NO_DICTIONARY },
      { loc: ['body', 'profile'], ...NO_DICTIONARY },
      { loc: ['body', 'options'], ...NO_DICTIONARY },
      { loc: ['body', 'context'], ...NO_DICTIONARY },
      { loc: ['body', 'properties'], ...NO_DICTIONARY },
      { loc: ['body', 'request'], ...NO_DICTIONARY },
      { loc: ['body', 'events', 0, 'properties'], ...NO_DICTIONARY },
      { loc: ['body', 'events', 0, 'context'], ...NO_DICTIONARY },
      { loc: ['body', 'events', 0, 'options'], ...NO_DICTIONARY },
      { loc: ['body', 'events', 0, 'time'], ...NO_DICTIONARY },
    ])
  })
})
