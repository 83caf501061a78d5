import assert from 'node:assert/strict'
import { Turns } from '../../../runtime/api/turns.ts'

describe('Turns', () => {
  let nowMs = 0
  let next: (() => void)[] = []
  const done: string[] = []
  let turns: Turns

  /** Work that takes so long by the clock of the test. */
  const work =
    (name: string, ms = 4) =>
    () => {
      nowMs += ms
      done.push(name)
      return name
    }
  const nextTurn = () => {
    const [begin] = next.splice(0, 1)
    begin?.()
  }

  beforeEach(() => {
    nowMs = 0
    next = []
    done.length = 0
    turns = new Turns(
      { sliceMs: 10, waitingOfKey: 3, waiting: 5 },
      () => nowMs,
      (begin) => next.push(begin),
    )
  })

  it('runs work immediately while the slice of the turn lasts, and the rest in the next turn', async () => {
    const answers = ['a', 'b', 'c', 'd'].map((name) => turns.run('key', work(name)))
    assert.deepEqual(done, ['a', 'b', 'c'])
    nextTurn()
    assert.deepEqual(done, ['a', 'b', 'c', 'd'])
    assert.deepEqual(await Promise.all(answers), ['a', 'b', 'c', 'd'])
  })

  it('serves the keys in rotation', () => {
    void turns.run('flood', work('long', 10))
    for (const name of ['f1', 'f2', 'f3']) void turns.run('flood', work(name, 10))
    void turns.run('honest', work('h1', 1))
    nextTurn()
    assert.deepEqual(done.slice(1), ['f1'])
    nextTurn()
    assert.deepEqual(done.slice(1), ['f1', 'h1', 'f2'])
  })

  it('makes progress where even one piece takes longer than a slice', () => {
    void turns.run('key', work('a', 50))
    void turns.run('key', work('b', 50))
    void turns.run('key', work('c', 50))
    nextTurn()
    nextTurn()
    assert.deepEqual(done, ['a', 'b', 'c'])
  })

  it('refuses work when too much of its key waits, or of all', () => {
    void turns.run('a', work('long', 10))
    for (const key of ['a', 'a', 'a', 'b', 'b']) assert.notEqual(turns.run(key, work(key)), undefined)
    assert.equal(turns.run('c', work('c')), undefined)
    nextTurn()
    nextTurn()
    void turns.run('a', work('long', 10))
    for (let count = 0; count < 3; count += 1) assert.notEqual(turns.run('a', work('a')), undefined)
    assert.equal(turns.run('a', work('a')), undefined)
    assert.notEqual(turns.run('b', work('b')), undefined)
  })

  it('rejects with what the work throws, immediately or later, and continues', async () => {
    const failing = () => {
      nowMs += 10
      throw new Error('broken')
    }
    const now = turns.run('key', failing)
    const later = turns.run('key', failing)
    const last = turns.run('key', work('last'))
    nextTurn()
    nextTurn()
    await assert.rejects(now as Promise<unknown>, /broken/)
    await assert.rejects(later as Promise<unknown>, /broken/)
    assert.equal(await last, 'last')
  })

  it('begins a new slice with each turn, and schedules nothing while idle', () => {
    void turns.run('key', work('a', 10))
    nextTurn()
    void turns.run('key', work('b', 1))
    assert.deepEqual(done, ['a', 'b'])
    nextTurn()
    assert.equal(next.length, 0)
  })
})
