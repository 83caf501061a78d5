import assert from 'node:assert/strict'
import { sourceSuffix } from '../../../runtime/search/documents.ts'
import { compare, notRefused, refusedWithoutReason, withDeleted } from '../comparison.ts'
import { rowsOf, tableOf } from '../report.ts'

describe('the comparison of what got a 200 with what is stored', () => {
  const accepted = new Map([
    ['a', 'kill'],
    ['b', 'kill'],
    ['c', 'cut'],
    ['d', 'cut'],
  ])
  const stored = new Map([
    ['a', 1],
    ['c', 2],
    ['d', 1],
    ['of nobody', 1],
  ])
  const comparisons = compare(accepted, stored)

  it('finds what is missing and what exists twice, by the fault that was on', () => {
    assert.deepEqual(
      comparisons,
      new Map([
        ['kill', { accepted: 2, lost: ['b'], twice: [] }],
        ['cut', { accepted: 2, lost: [], twice: ['c'] }],
      ]),
    )
  })

  it('is reported in a line for each fault and one for all, with the times to recover', () => {
    const injections = [
      { fault: 'cut', recoveryMs: 3000 },
      { fault: 'cut', recoveryMs: 1000 },
      { fault: 'cut', recoveryMs: 2000 },
    ]
    assert.equal(
      tableOf(rowsOf(injections, comparisons)),
      [
        '| fault | events with a 200 | times | lost | twice | recovery, median s | longest s |',
        '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
        '| cut | 2 | 3 | 0 | 1 | 2.0 | 3.0 |',
        '| kill | 2 | 0 | 1 | 0 | 0.0 | 0.0 |',
        '| all | 4 | 3 | 1 | 1 | 2.0 | 3.0 |',
      ].join('\n'),
    )
  })
})

describe('the documents of indices that a fault has deleted', () => {
  it('count as stored once, also where they were repeated', () => {
    const stored = new Map([
      ['came again', 1],
      ['twice', 2],
    ])
    const all = withDeleted(stored, new Set(['deleted', 'came again', 'twice']))
    assert.deepEqual(
      all,
      new Map([
        ['came again', 1],
        ['twice', 2],
        ['deleted', 1],
      ]),
    )
  })
})

describe('the dead letters of a run', () => {
  const letter = (id: string) =>
    JSON.stringify({ fault: 'x', lines: `{"create":{"_index":"i","_id":"${id}${sourceSuffix('s')}"}}\n{}\n` })
  const letters = `${letter('a')}\n${letter('b')}\n${letter('b')}\n`

  it('hold nothing that could have been stored', () => {
    assert.deepEqual(refusedWithoutReason(letters, new Set(['a', 'b'])), [])
    assert.deepEqual(refusedWithoutReason(letters, new Set(['b'])), ['a'])
  })

  it('hold all that could not', () => {
    assert.deepEqual(notRefused(letters, new Set(['a', 'b'])), [])
    assert.deepEqual(notRefused(letters, new Set(['a', 'c'])), ['c'])
  })
})
