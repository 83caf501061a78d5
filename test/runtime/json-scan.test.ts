import assert from 'node:assert/strict'
import fc from 'fast-check'
import { scanJson } from '../../runtime/json-scan.ts'

const LIMITS = { values: 1000, depth: 10 }

function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum: number, item) => sum + countOf(item), 1)
}

describe('scanJson', () => {
  it('counts at least every value, and at most one more for each empty list or object', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 1), (value, spaces) => {
        const text = JSON.stringify(value, null, spaces)
        const { values, exceeded } = scanJson(text, { values: 1e6, depth: 100 })
        const empty = text.match(/\[\]|\{\}/g)?.length ?? 0
        assert.equal(exceeded, undefined)
        assert.ok(values >= countOf(value), `${values} of ${text}`)
        assert.ok(values <= countOf(value) + empty + 1, `${values} of ${text}`)
      }),
      { seed: 20261128 },
    )
  })

  it('ends at the first value or level beyond its limits', () => {
    assert.equal(scanJson(`[${'1,'.repeat(997)}1]`, LIMITS).exceeded, undefined)
    assert.equal(scanJson(`[${'1,'.repeat(999)}1]`, LIMITS).exceeded, 'values')
    assert.equal(scanJson(`${'['.repeat(10)}${']'.repeat(10)}`, LIMITS).exceeded, undefined)
    assert.equal(scanJson(`${'['.repeat(11)}${']'.repeat(11)}`, LIMITS).exceeded, 'depth')
    assert.equal(scanJson(`${'{"a":'.repeat(11)}1${'}'.repeat(11)}`, LIMITS).exceeded, 'depth')
  })

  it('counts nothing of what is in strings, escaped quotes and backslashes in them', () => {
    for (const text of ['"[[{,,"', '"a\\"[,["', '"a\\\\"', '{"[,": "]\\\\\\"["}']) {
      assert.ok(scanJson(text, LIMITS).values <= 2, text)
    }
  })

  it('ends where a string never does', () => {
    assert.equal(scanJson('["abc', LIMITS).values, 2)
    assert.equal(scanJson('["abc\\"', LIMITS).values, 2)
  })

  for (const [text, sourceId] of [
    ['{"source":{"id":"shop"}}', 'shop'],
    [' { "a" : [ { "source" : 1 } ] , "source" : { "x" : 1 , "id" : "shop" } } ', 'shop'],
    ['{"source":{"id":"one"},"source":{"id":"two"}}', 'two'],
    ['{"source":{"id":"one","id":"two"}}', 'two'],
    ['{"source":{"id":"sh\\u006fp"}}', undefined],
    ['{"source":{"id":7}}', undefined],
    ['{"source":"id","x":{"id":"shop"}}', undefined],
    ['{"x":"source","y":{"id":"shop"}}', undefined],
    ['{"events":[{"source":{"id":"shop"}}]}', undefined],
    ['{"source":{"x":{"id":"shop"}}}', undefined],
    ['{"source":{"x":"id"}}', undefined],
  ] as const) {
    it(`finds the id of the source in ${text}: ${sourceId}`, () => {
      assert.equal(scanJson(text, LIMITS).sourceId, sourceId)
    })
  }

  it('finds the numbers that a double cannot hold, and no others', () => {
    const text = '[1, -2.5, 9007199254740993, 1.7e12, 1e400, 123456789012345, 52.52000659999999, 1.00000000000000000]'
    const { inexact } = scanJson(text, LIMITS)
    const found = []
    for (let index = 0; index < inexact.length; index += 2) found.push(text.slice(inexact[index], inexact[index + 1]))
    assert.deepEqual(found, ['9007199254740993', '1e400', '1.00000000000000000'])
  })
})
