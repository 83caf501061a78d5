import assert from 'node:assert/strict'
import { outcomeOf } from '../../runtime/outcome.ts'
import { START_MS } from './tracker/fake-browser.ts'

const answered = (retryAfter: string | null) =>
  outcomeOf({ status: 503, retryAfter, data: { detail: 'later' } }, START_MS)

describe('the outcome of a call', () => {
  it('is stored with a JSON answer of 2xx, also of Tracardi’s queue mode', () => {
    for (const status of [200, 201, 202]) {
      assert.deepEqual(outcomeOf({ status, retryAfter: null, data: {} }, START_MS), { kind: 'stored' })
    }
    assert.deepEqual(outcomeOf({ status: 200, retryAfter: null, data: null }, START_MS), { kind: 'stored' })
  })

  it('is open when a 200 is not JSON: it is the log-in page of some network', () => {
    assert.deepEqual(outcomeOf({ status: 200, retryAfter: null, data: undefined }, START_MS), {
      kind: 'again',
      afterMs: 0,
    })
  })

  it('is open without an answer', () => {
    assert.deepEqual(outcomeOf(undefined, START_MS), { kind: 'again', afterMs: 0 })
  })

  it('is refused permanently when the call itself is wrong', () => {
    for (const status of [400, 413, 415, 422]) {
      assert.deepEqual(outcomeOf({ status, retryAfter: null, data: {} }, START_MS), { kind: 'refused' })
    }
  })

  it('is open while a source is unknown or an origin not allowed: that can be fixed', () => {
    for (const status of [401, 403, 404, 408, 429, 500, 502, 503, 504]) {
      assert.deepEqual(outcomeOf({ status, retryAfter: null, data: {} }, START_MS), { kind: 'again', afterMs: 0 })
    }
  })

  it('waits as long as Retry-After says, in seconds or until a date', () => {
    assert.deepEqual(answered('2'), { kind: 'again', afterMs: 2000 })
    assert.deepEqual(answered('0'), { kind: 'again', afterMs: 0 })
    assert.deepEqual(answered('Mon, 23 Nov 2026 12:00:30 GMT'), { kind: 'again', afterMs: 30_000 })
  })

  it('waits no longer for a date that is past, a header that is none, or more than an hour', () => {
    assert.deepEqual(answered('Mon, 23 Nov 2026 11:00:00 GMT'), { kind: 'again', afterMs: 0 })
    assert.deepEqual(answered('-5'), { kind: 'again', afterMs: 0 })
    assert.deepEqual(answered('soon'), { kind: 'again', afterMs: 0 })
    assert.deepEqual(answered('86400'), { kind: 'again', afterMs: 3_600_000 })
  })
})
