import assert from 'node:assert/strict'
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

  it('takes no text of the client for a number, even where it is written like one of ours', () => {
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

  it('parses arrays 100,000 deep, and says so when exact numbers among them are too deep', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    assert.ok(Array.isArray(parseExactly(deep)))
    assert.throws(() => parseExactly(`[1e400,${deep}]`), { name: 'SyntaxError', message: 'it is nested too deep' })
  })
})
