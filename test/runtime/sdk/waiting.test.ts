import assert from 'node:assert/strict'
import { type Entry, Waiting } from '../../../runtime/sdk/waiting.ts'

const LIMITS = { bulkEvents: 3, bulkBytes: 100, bulkMs: 50 }

describe('the events that wait for their call', () => {
  let waiting: Waiting<Entry>
  const add = (visitor: string, id: string, nowMs = 0, bytes = 10) =>
    waiting.add({ id, visitor, json: '{}', bytes, createdMs: 0 }, nowMs)
  const take = (nowMs: number, now = false) => waiting.take(nowMs, now).map(({ id }) => id)

  beforeEach(() => {
    waiting = new Waiting(LIMITS)
  })

  it('wait for others of their visitor, from the first one on', () => {
    add('v', 'a', 0)
    add('v', 'b', 40)
    assert.equal(waiting.dueInMs(40), 10)
    assert.deepEqual(take(49), [])
    assert.deepEqual(take(50), ['a', 'b'])
    assert.equal(waiting.dueInMs(50), undefined)
  })

  it('of two visitors go in two calls, the older first', () => {
    add('v', 'a', 0)
    add('w', 'b', 1)
    add('v', 'c', 2)
    assert.deepEqual([take(60), take(60), take(60)], [['a', 'c'], ['b'], []])
  })

  it('do not wait when their bulk is full, whatever others wait', () => {
    add('v', 'a')
    for (const id of ['b', 'c', 'd', 'e']) add('w', id)
    assert.equal(waiting.dueInMs(0), 0)
    assert.deepEqual([take(0), take(0)], [['b', 'c', 'd'], []])
    assert.deepEqual([take(50), take(50)], [['a'], ['e']])
  })

  it('are full by their bytes as well, with the commas between them', () => {
    add('v', 'a', 0, 49)
    add('v', 'b', 0, 50)
    add('v', 'c', 0, 50)
    // 50 + 51 is one more than the limit.
    assert.deepEqual([take(0, true), take(0, true)], [['a'], ['b']])
    assert.deepEqual(take(0, true), ['c'])
  })

  it('go alone where one is larger than a call', () => {
    add('v', 'a', 0, 500)
    add('v', 'b', 0, 1)
    assert.deepEqual([take(0), take(0, true)], [['a'], ['b']])
  })

  it('go immediately when they are flushed, and are gone when all are taken', () => {
    add('v', 'a')
    add('w', 'b')
    assert.deepEqual(take(0, true), ['a'])
    assert.deepEqual(
      waiting.takeAll().map(({ id }) => id),
      ['b'],
    )
    assert.deepEqual(take(0, true), [])
  })
})
