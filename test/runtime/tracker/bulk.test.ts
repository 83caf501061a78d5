import assert from 'node:assert/strict'
import { bytesOf, type Entry, takeBulk } from '../../../runtime/tracker/bulk.ts'

const entry = (id: string, json = '{}', sessionId = 's1'): Entry => ({ id, sessionId, json })
const idsOf = (bulk: readonly Entry[]) => bulk.map(({ id }) => id).join('')

describe('a bulk', () => {
  it('takes the first events, up to their number', () => {
    const waiting = ['a', 'b', 'c'].map((id) => entry(id))
    assert.equal(idsOf(takeBulk(waiting, { events: 2, bytes: 1000 })), 'ab')
    assert.equal(idsOf(takeBulk(waiting, { events: 10, bytes: 1000 })), 'abc')
  })

  it('takes what fits into its bytes, the commas between events among them', () => {
    const waiting = ['a', 'b', 'c'].map((id) => entry(id, 'x'.repeat(9)))
    assert.equal(idsOf(takeBulk(waiting, { events: 10, bytes: 29 })), 'ab')
    assert.equal(idsOf(takeBulk(waiting, { events: 10, bytes: 30 })), 'abc')
  })

  it('counts bytes in UTF-8', () => {
    assert.deepEqual([bytesOf('a'), bytesOf('ü'), bytesOf('€'), bytesOf('😀')], [1, 2, 3, 4])
    const waiting = ['a', 'b'].map((id) => entry(id, '€'.repeat(3)))
    assert.equal(idsOf(takeBulk(waiting, { events: 10, bytes: 19 })), 'a')
  })

  it('takes an event that is larger than a bulk alone', () => {
    const waiting = [entry('a', 'x'.repeat(100)), entry('b')]
    assert.equal(idsOf(takeBulk(waiting, { events: 10, bytes: 50 })), 'a')
  })

  it('is of one session; events of another one wait for the next', () => {
    const waiting = [entry('a'), entry('b', '{}', 's2'), entry('c')]
    assert.equal(idsOf(takeBulk(waiting, { events: 10, bytes: 1000 })), 'ac')
  })

  it('is empty when nothing waits', () => {
    assert.deepEqual(takeBulk([], { events: 10, bytes: 1000 }), [])
  })
})
