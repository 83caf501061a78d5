import assert from 'node:assert/strict'
import { LiveEvents, MAX_WATCHES, WATCHED_FOR_MS } from '../../../runtime/api/live-events.ts'
import type { LiveCall } from '../../../runtime/api/live-watch.ts'

const CALL: LiveCall = {
  ...{ atMs: 1000, source: 'shop', session: null, profile: null },
  lines: ['{"create":{}}\n{"id":"a","type":"t","name":"t","metadata":{"time":{"insert":""}}}\n'],
  unstored: [],
}

describe('live events', () => {
  let nowMs = 0
  let live: LiveEvents
  beforeEach(() => {
    nowMs = 1000
    live = new LiveEvents(true, () => nowMs)
  })

  it('are shown once their call is answered, to all who look with one filter', () => {
    const start = live.page({}, undefined).cursor
    const show = live.pick(CALL)
    assert.equal(live.page({}, start).seen, 0)
    show?.()
    for (const _ of ['one', 'another']) assert.equal(live.page({}, start).entries.length, 1)
  })

  it('are chosen by each filter on its own', () => {
    const all = live.page({}, undefined).cursor
    const none = live.page({ source: 'other' }, undefined).cursor
    live.pick(CALL)?.()
    assert.deepEqual([live.page({}, all).seen, live.page({ source: 'other' }, none).seen], [1, 0])
    assert.equal(new LiveEvents(true).pick(CALL), undefined)
  })

  it('are not watched any more 15 s after the last question, and their memory is free', () => {
    assert.equal(live.isWatched, false)
    const { cursor } = live.page({}, undefined)
    live.pick(CALL)?.()
    const [entry] = live.page({}, cursor).entries
    assert.equal(live.entry(entry?.key ?? ''), entry)
    assert.equal(live.entry('other.1'), undefined)
    nowMs += WATCHED_FOR_MS - 1
    live.page({}, cursor)
    nowMs += WATCHED_FOR_MS - 1
    live.pick(CALL)
    assert.equal(live.isWatched, true)
    nowMs += 1
    assert.equal(live.pick(CALL), undefined)
    assert.equal(live.isWatched, false)
    assert.equal(live.page({}, cursor).isRestarted, true)
  })

  it('are watched with at most 8 filters', () => {
    for (let one = 0; one < MAX_WATCHES; one += 1) live.page({ source: `s${one}` }, undefined)
    assert.throws(() => live.page({}, undefined), {
      code: 'live_busy',
      message: 'events are watched with 8 filters already, which is the maximum; look with one of them, or end another',
    })
    live.page({ source: 's0' }, undefined)
    nowMs += WATCHED_FOR_MS
    live.page({}, undefined)
  })
})
