import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isRawJSON, parseExactly } from '../../runtime/exact-json.ts'

function roundTrip(text: string): string {
  return JSON.stringify(parseExactly(text))
}

describe('parseExactly', () => {
  for (const number of [
    '9007199254740993',
    '-9007199254740993',
    '123456789012345678901234567890',
    '1e400',
    '-1E+400',
    '1.5e-7000',
    '0.1234567890123456789',
    '3.141592653589793238462643383279',
    '1.00000000000000000',
  ]) {
    it(`keeps ${number} as it was written`, () => {
      assert.equal(
        roundTrip(`{"n":${number},"list":[${number}, ${number}]}`),
        `{"n":${number},"list":[${number},${number}]}`,
      )
    })
  }

  it('looks at numbers behind white space, and at the top', () => {
    assert.equal(roundTrip('{"n" : \n 9007199254740993}'), '{"n":9007199254740993}')
    assert.equal(roundTrip('[\t-9007199254740993]'), '[-9007199254740993]')
  })

  it('yields ordinary numbers for all that survives', () => {
    assert.deepEqual(
      parseExactly('{"a":1,"b":-2.5,"c":1795341600000,"d":9007199254740991,"e":1.7e12,"f":52.52000659999999}'),
      {
        a: 1,
        b: -2.5,
        c: 1795341600000,
        d: 9007199254740991,
        e: 1.7e12,
        f: 52.52000659999999,
      },
    )
  })

  it('takes no text of the client for a number, even if it looks like our marker', () => {
    const parsed = parseExactly('{"n":{"rawJSON":"1e400"},"m":1e400}') as { n: unknown; m: unknown }
    assert.equal(isRawJSON(parsed.n), false)
    assert.equal(isRawJSON(parsed.m), true)
    assert.equal(JSON.stringify(parsed), '{"n":{"rawJSON":"1e400"},"m":1e400}')
  })

  for (const slow of ['', ',"n":1e400']) {
    it(`keeps __proto__ and constructor as data and pollutes nothing (${slow === '' ? 'plain' : 'exact numbers'})`, () => {
      const text = `{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}${slow}}`
      assert.equal(roundTrip(text), text)
      assert.equal(({} as { polluted?: boolean }).polluted, undefined)
      assert.equal((parseExactly(text) as { polluted?: boolean }).polluted, undefined)
    })
  }

  it('throws a SyntaxError for what is not JSON', () => {
    assert.throws(() => parseExactly('{"n":1e400'), SyntaxError)
    assert.throws(() => parseExactly('{"n":1'), SyntaxError)
  })

  it('refuses what is nested deeper than 1,000 levels', () => {
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    assert.ok(Array.isArray(parseExactly(deep(1000))))
    assert.throws(() => parseExactly(deep(1001)), SyntaxError)
  })

  it('takes no number for a key, and says of faults what the parser says of the text itself', () => {
    for (const text of ['{1e400:1}', '[1e400 1e400]', '[1.2.3e400]', '[01e400]', '[-]', '[1e400,]', '["a"1e400]']) {
      let message = ''
      assert.throws(
        () => JSON.parse(text),
        (error: Error) => {
          message = error.message
          return true
        },
      )
      assert.throws(() => parseExactly(text), { name: 'SyntaxError', message })
    }
  })

  it('writes out what JSON.parse and JSON.stringify do, but for numbers that these change', () => {
    const value = fc.jsonValue({ maxDepth: 5 })
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 2 }), (json, spaces) => {
        const text = JSON.stringify(json, null, spaces)
        assert.equal(JSON.stringify(parseExactly(text)), JSON.stringify(json))
      }),
      { seed: 20261128 },
    )
  })
})
