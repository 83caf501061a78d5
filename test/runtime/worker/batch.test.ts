import assert from 'node:assert/strict'
import { Batch } from '../../../runtime/worker/batch.ts'
import { eventOf, sessionOf, takenOf } from '../../support/messages.ts'

const limits = { events: 3, bytes: 1_000_000 }

describe('Batch', () => {
  it('counts events and bytes of its messages', () => {
    const batch = new Batch()
    assert.ok(batch.isEmpty)
    const [one, two] = [takenOf('m1', ['a', 'b'], [sessionOf('s', 1)]), takenOf('m2', ['c'])]
    batch.add(one)
    batch.add(two)
    assert.equal(batch.events, 3)
    const { length } = eventOf('a') + eventOf('b') + eventOf('c') + sessionOf('s', 1)
    assert.equal(batch.bytes, length)
    assert.deepEqual(batch.messages, [one, two])
    assert.ok(!batch.isEmpty)
  })

  it('says which limit a further message would break', () => {
    const batch = new Batch()
    batch.add(takenOf('m1', ['a', 'b']))
    assert.equal(batch.overflowsWith(takenOf('m2', ['c']), limits), undefined)
    assert.equal(batch.overflowsWith(takenOf('m2', ['c', 'd']), limits), 'size')
    assert.equal(batch.overflowsWith(takenOf('m2', ['c']), { events: 3, bytes: batch.bytes }), 'bytes')
  })

  it('takes a message of any size when it is empty, because a message is never cut', () => {
    assert.equal(new Batch().overflowsWith(takenOf('m1', ['a', 'b', 'c', 'd']), limits), undefined)
  })

  it('says which limit it has reached', () => {
    const batch = new Batch()
    batch.add(takenOf('m1', ['a', 'b']))
    assert.equal(batch.reached(limits), undefined)
    assert.equal(batch.reached({ events: 2, bytes: 1_000_000 }), 'size')
    assert.equal(batch.reached({ events: 3, bytes: batch.bytes }), 'bytes')
  })
})
