import assert from 'node:assert/strict'
import { Troubles } from '../../runtime/troubles.ts'

describe('the troubles of a process', () => {
  let nowMs: number
  let troubles: Troubles
  beforeEach(() => {
    nowMs = 1000
    troubles = new Troubles(() => nowMs)
  })

  it('keep the last reason of each kind and place, with the time of the first and their number', () => {
    troubles.note('call_401', 'shop', 'first')
    nowMs = 2000
    troubles.note('call_401', 'shop', 'last', 3)
    troubles.note('call_401', 'other', 'another')
    assert.deepEqual(troubles.list(), [
      { kind: 'call_401', where: 'other', reason: 'another', fromMs: 2000, lastMs: 2000, count: 1 },
      { kind: 'call_401', where: 'shop', reason: 'last', fromMs: 1000, lastMs: 2000, count: 4 },
    ])
  })

  it('are those of the last minute, and begin again after a pause', () => {
    troubles.note('a', '', 'first')
    nowMs = 61_000
    assert.equal(troubles.list().length, 1)
    nowMs = 61_001
    assert.deepEqual(troubles.list(), [])
    troubles.note('a', '', 'second')
    assert.deepEqual(troubles.list(), [
      { kind: 'a', where: '', reason: 'second', fromMs: 61_001, lastMs: 61_001, count: 1 },
    ])
  })

  it('are bounded: the one that happened longest ago makes room', () => {
    for (let at = 0; at < 100; at += 1) troubles.note('a', String(at), 'x')
    troubles.note('a', '0', 'again')
    troubles.note('a', 'w'.repeat(1000), 'r'.repeat(5000))
    const listed = troubles.list()
    assert.equal(listed.length, 100)
    assert.deepEqual([listed[0]?.where.length, listed[0]?.reason.length], [200, 1000])
    assert.deepEqual([listed[1]?.where, listed.at(-1)?.where], ['0', '2'])
  })
})
