import assert from 'node:assert/strict'
import { type AgedIndex, nextOf, type ShardCopy } from '../../../runtime/search/warm-plan.ts'

const NODES = new Map([
  ['hot', { isWarm: false, totalBytes: 1000, freeBytes: 100 }],
  ['warm-0', { isWarm: true, totalBytes: 1000, freeBytes: 500 }],
  ['warm-1', { isWarm: true, totalBytes: 1000, freeBytes: 500 }],
])
const COPY: ShardCopy = { isSettled: true, node: 'warm-0', bytes: 200, documents: 100, inLargest: 30 }
const INDEX: AgedIndex = {
  ...{ name: 'tracardi-event-2026-08', replicas: 1, isGreen: true, isSent: true, primaries: 2, written: 7 },
  copies: [COPY, { ...COPY, node: 'warm-1' }, { ...COPY, node: 'warm-1' }, COPY],
}

/** One replica is wanted, and nothing was written for a while. */
function next(change: Partial<AgedIndex> = {}, writtenBefore: number | undefined = 7) {
  return nextOf({ ...INDEX, ...change }, 1, NODES, writtenBefore)
}

const each = (change: Partial<ShardCopy>) => ({ copies: INDEX.copies.map((copy) => ({ ...copy, ...change })) })

describe('an index that has aged', () => {
  it('first loses copies that are too many, from a green state only', () => {
    assert.equal(next({ replicas: 2, isSent: false }), 'lower')
    assert.equal(next({ replicas: 2, isSent: false, isGreen: false }), 'not_green')
  })

  it('gets copies back that are wanted again, green or not', () => {
    assert.equal(next({ replicas: 0, isGreen: false }), 'raise')
  })

  it('is sent to warm nodes then, once', () => {
    assert.equal(next({ isSent: false }), 'send')
  })

  it('is not merged before each copy is in use on a warm node', () => {
    assert.equal(next(each({ isSettled: false })), 'moving')
    assert.equal(next({ copies: [...INDEX.copies.slice(1), { ...COPY, node: 'hot' }] }), 'moving')
    assert.equal(next({ copies: [...INDEX.copies.slice(1), { ...COPY, node: 'gone' }] }), 'moving')
    assert.equal(next({ copies: INDEX.copies.slice(1) }), 'moving')
  })

  it('is merged when nothing was written between two looks', () => {
    assert.equal(next(), 'merge')
    assert.equal(next({}, 6), 'written')
    assert.equal(nextOf(INDEX, 1, NODES, undefined), 'written')
  })

  it('is not merged again for 5 % of late or deleted documents, but for more', () => {
    assert.equal(next(each({ inLargest: 100 })), 'done')
    assert.equal(next(each({ inLargest: 95 })), 'done')
    assert.equal(next(each({ inLargest: 94 })), 'merge')
    assert.equal(next(each({ documents: 0, inLargest: 0 })), 'done')
  })

  it('is not merged where a disk would be over 90 % with all copies that are written again', () => {
    const copies = (bytes: number) => [
      { ...COPY, bytes },
      ...INDEX.copies.slice(1, 3),
      { ...COPY, bytes: 100_000, inLargest: 100 },
    ]
    assert.equal(next({ copies: copies(400) }), 'merge')
    assert.equal(next({ copies: copies(401) }), 'no_room')
  })
})
