import assert from 'node:assert/strict'
import { KEPT_CHARACTERS } from '../../../runtime/api/live-answers.ts'
import { documentOf, lineFactsOf } from '../../../runtime/api/live-line.ts'
import { type LiveCall, type LiveFilter, LiveWatch } from '../../../runtime/api/live-watch.ts'
import { callText, eventLines } from '../../../runtime/search/documents.ts'

const INGEST = '2026-11-22T10:00:00.000Z'
const TEXT = callText({ ingest: INGEST, source: { id: 'shop' } })

function linesFor(id: string, name = 'Page View', properties?: object): string {
  const type = name.toLowerCase().replaceAll(' ', '-')
  return eventLines('tracardi-event-2026-11', { id, type, name, properties: properties as never }, TEXT)
}

function callOf(count: number, more: Partial<LiveCall> = {}): LiveCall {
  const lines = Array.from({ length: count }, (_, index) => linesFor(`e${index}`))
  return { atMs: 1000, source: 'shop', session: 's1', profile: 'p1', lines, unstored: [], ...more }
}

/** A watch, and what it is offered at a moment. */
function watching(filter: LiveFilter = {}) {
  const watch = new LiveWatch(filter, 'w')
  const offer = (call: LiveCall, nowMs = 5000): void => {
    const choice = watch.pick(call, nowMs)
    if (choice) watch.add(call, choice)
  }
  const start = watch.page(undefined).cursor
  const ids = (after = start) => watch.page(after).entries.map((entry) => lineFactsOf(entry).id)
  return { watch, offer, start, ids }
}

describe('a watch of events', () => {
  it('shows events that arrive after the first question, with what is known of the call', () => {
    const { watch, offer, start } = watching()
    offer(callOf(1, { lines: [linesFor('a', 'Page View', { n: 1 })] }))
    const { entries, ...page } = watch.page(start)
    assert.deepEqual(page, { cursor: 'w.1.1', isRestarted: false, seen: 1, sampledOut: 0, overwritten: 0 })
    const [entry] = entries
    assert.partialDeepStrictEqual(entry, { key: 'w.1', number: 1, atMs: 1000, source: 'shop', session: 's1' })
    assert.deepEqual(lineFactsOf(entry as never), { id: 'a', type: 'page-view', time: INGEST })
    assert.equal(JSON.parse(documentOf(entry as never)).properties.n, 1)
    assert.deepEqual(watch.page('w.1.1').entries, [])
    assert.equal(watch.entry('w.1'), entry)
    assert.equal(watch.entry('w.2'), undefined)
  })

  it('shows only the source, the session and the type of its filter', () => {
    const lines = [linesFor('a'), linesFor('b', 'Search'), linesFor('","type":"search","name":"c')]
    const calls = [
      callOf(0, { lines }),
      callOf(0, { lines: [linesFor('d', 'Search')], source: 'other' }),
      callOf(0, { lines: [linesFor('e', 'Search')], session: null }),
    ]
    for (const [filter, shown] of [
      [{}, ['a', 'b', '","type":"search","name":"c', 'd', 'e']],
      [{ source: 'other' }, ['d']],
      [{ session: 's1' }, ['a', 'b', '","type":"search","name":"c', 'd']],
      [{ type: 'search' }, ['b', 'd', 'e']],
      [{ type: 'sea' }, []],
    ] as const) {
      const { offer, ids, watch, start } = watching(filter)
      for (const call of calls) offer(call)
      assert.deepEqual(ids(), shown)
      assert.equal(watch.page(start).seen, shown.length)
    }
  })

  it('shows events that are not to be stored, and reads those only that it shows or must judge', () => {
    let read = 0
    const unstored = ['Search', 'Page View'].map((name) => () => {
      read += 1
      return linesFor(name, name)
    })
    const { offer, watch, start } = watching({ type: 'search' })
    offer(callOf(1, { unstored }))
    assert.deepEqual([watch.page(start).seen, watch.page(start).entries[0]?.isStored, read], [1, false, 3])
    const other = watching({ source: 'nobody' })
    other.offer(callOf(1, { unstored }))
    assert.equal(read, 3)
  })

  it('shows 200 a second, and every n-th event once it knows how many arrive', () => {
    const { watch, offer, start } = watching()
    offer(callOf(1000), 5000)
    const first = watch.page(start)
    assert.deepEqual([first.seen, first.entries.length, first.sampledOut], [1000, 200, 800])
    offer(callOf(900), 6000)
    const second = watch.page(first.cursor)
    assert.deepEqual([second.seen, second.sampledOut], [900, 720])
    assert.deepEqual(
      second.entries.slice(0, 3).map((entry) => lineFactsOf(entry).id),
      ['e0', 'e5', 'e10'],
    )
    // A call with less than n events has one now and then.
    for (let call = 0; call < 10; call += 1) offer(callOf(1), 6100)
    assert.deepEqual(
      watch.page(second.cursor).entries.map(({ number }) => number),
      [381, 382],
    )
    // All of them again after a second without.
    offer(callOf(10), 8000)
    assert.equal(watch.page(second.cursor).entries.length, 2 + 10)
  })

  it('is written over, and says how many nobody has seen', () => {
    const { watch, offer, start } = watching()
    for (let second = 1; second <= 12; second += 1) offer(callOf(200), second * 1000)
    const { seen, entries, overwritten, sampledOut } = watch.page(start)
    assert.deepEqual([seen, entries.length, overwritten, sampledOut], [2400, 2000, 400, 0])
    assert.equal(entries[0]?.number, 401)
  })

  it('keeps at most 2 Mi characters, and of one event its beginning', () => {
    const { watch, offer, start } = watching()
    const long = linesFor('a', 'Page View', { text: 'x'.repeat(100_000) })
    offer(callOf(0, { lines: Array.from({ length: 40 }, () => long) }))
    const { entries, overwritten } = watch.page(start)
    assert.deepEqual([entries.length, overwritten], [32, 8])
    const [entry] = entries
    assert.deepEqual([entry?.lines.length, entry?.characters], [KEPT_CHARACTERS, long.length])
    assert.equal(lineFactsOf(entry as never).id, 'a')
  })

  it('knows only its own positions', () => {
    const { watch, offer } = watching()
    offer(callOf(2))
    for (const after of ['x.0.0', 'w', '', 'w.1.1.1'])
      assert.deepEqual(watch.page(after), {
        ...{ cursor: 'w.2.2', isRestarted: true, seen: 0, entries: [], sampledOut: 0, overwritten: 0 },
      })
  })

  it('says nothing of lines that are none', () => {
    assert.deepEqual(lineFactsOf({ lines: 'no\nlines' }), { id: '', type: '', time: '' })
  })
})
