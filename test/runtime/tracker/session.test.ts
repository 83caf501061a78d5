import assert from 'node:assert/strict'
import { slide } from '../../../runtime/tracker/session.ts'

const newId = () => 'new'

describe('a session', () => {
  it('begins with the first event', () => {
    assert.deepEqual(slide(undefined, 1000, newId), { id: 'new', seenMs: 1000 })
  })

  it('continues for 30 minutes after its last event', () => {
    assert.deepEqual(slide({ id: 'old', seenMs: 1000 }, 1_800_999, newId), { id: 'old', seenMs: 1_800_999 })
    assert.deepEqual(slide({ id: 'old', seenMs: 1000 }, 1_801_000, newId), { id: 'new', seenMs: 1_801_000 })
  })

  it('continues when the clock is set back', () => {
    assert.deepEqual(slide({ id: 'old', seenMs: 1000 }, 500, newId), { id: 'old', seenMs: 500 })
  })
})
