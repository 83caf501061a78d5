import assert from 'node:assert/strict'
import { structureFault } from '../../../runtime/api/structure.ts'
import { parseExactly } from '../../../runtime/exact-json.ts'

/** Objects (or lists) in each other, this many of them. */
function nested(levels: number, open: string, close: string): unknown {
  return JSON.parse(`${open.repeat(levels - 1)}${open === '[' ? '[]' : '{}'}${close.repeat(levels - 1)}`)
}

describe('structureFault', () => {
  it('finds nothing in ordinary data, nor in what is no structure at all', () => {
    assert.equal(structureFault({ a: [1, 'b', null, { c: true }], 'ü.\n': { d: '\u0000' } }), undefined)
    assert.equal(structureFault(null), undefined)
    assert.equal(structureFault(undefined), undefined)
  })

  it('takes 20 levels of objects and refuses 21', () => {
    assert.equal(structureFault(nested(20, '{"a":', '}')), undefined)
    assert.equal(structureFault(nested(21, '{"a":', '}')), 'it is nested deeper than 20 levels')
    assert.equal(structureFault(nested(21, '{"__proto__":', '}')), 'it is nested deeper than 20 levels')
  })

  it('counts lists as levels too', () => {
    assert.equal(structureFault({ a: nested(19, '[', ']') }), undefined)
    assert.equal(structureFault({ a: nested(20, '[', ']') }), 'it is nested deeper than 20 levels')
  })

  it('gives up early on lists 100,000 deep', () => {
    assert.equal(structureFault({ a: nested(100_000, '[', ']') }), 'it is nested deeper than 20 levels')
  })

  it('refuses a key with U+0000 at any level', () => {
    assert.equal(structureFault({ 'a\u0000b': 1 }), 'a key contains the character U+0000')
    assert.equal(structureFault({ list: [{ '\u0000': 1 }] }), 'a key contains the character U+0000')
  })

  it('limits a path of keys to 4,096 characters, each key with its separator', () => {
    assert.equal(structureFault({ ['k'.repeat(4095)]: 1 }), undefined)
    assert.equal(structureFault({ ['k'.repeat(4096)]: 1 }), 'a path of keys is longer than 4096 characters')
    assert.equal(structureFault({ ['k'.repeat(2047)]: { ['k'.repeat(2047)]: 1 } }), undefined)
    assert.equal(
      structureFault({ ['k'.repeat(2047)]: { ['k'.repeat(2048)]: 1 } }),
      'a path of keys is longer than 4096 characters',
    )
  })

  it('limits a number that is kept as its text to 1,000 characters', () => {
    assert.equal(structureFault(parseExactly(`{"n":${'9'.repeat(1000)}}`)), undefined)
    assert.equal(
      structureFault(parseExactly(`{"n":[${'9'.repeat(1001)}]}`)),
      'a number has 1001 characters, the maximum is 1000',
    )
  })
})
