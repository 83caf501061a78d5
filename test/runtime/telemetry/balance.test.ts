import assert from 'node:assert/strict'
import {
  type EventCounts,
  eventCounts,
  nextBooks,
  sourceCounts,
  type Waiting,
} from '../../../runtime/telemetry/balance.ts'
import { balanceInWords } from '../../../runtime/telemetry/format.js'
import { parseMetrics } from '../../../runtime/telemetry/metrics.ts'

const METRICS = parseMetrics(`tracardi_api_events_total{outcome="accepted"} 20
tracardi_api_events_total{outcome="not_stored"} 3
tracardi_api_events_total{outcome="unavailable"} 7
tracardi_worker_events_total{outcome="stored"} 11
tracardi_worker_events_total{outcome="duplicate"} 4
tracardi_worker_events_total{outcome="conflict"} 2
tracardi_worker_events_total{outcome="dead_lettered"} 1
tracardi_worker_events_total{outcome="erased"} 1
tracardi_api_source_events_total{source="shop",outcome="accepted"} 5
tracardi_api_source_events_total{source="app",outcome="accepted"} 15
tracardi_api_source_events_total{source="app",outcome="not_stored"} 3
tracardi_worker_source_events_total{source="app",outcome="duplicate"} 4
tracardi_worker_source_events_total{source="app",outcome="conflict"} 2
tracardi_worker_source_events_total{source="app",outcome="dead_lettered"} 1
tracardi_worker_source_events_total{source="app",outcome="erased"} 1
`)

const NONE: EventCounts = { in: 0, stored: 0, duplicates: 0, conflicts: 0, deadLetters: 0, erased: 0, notStored: 0 }
const queue = (messages: number | null, isComplete = true): Waiting => ({ messages, eventsPerMessage: 10, isComplete })
type Read = readonly [EventCounts, Waiting]
const booksAfter = (...readings: readonly Read[]) =>
  readings.reduce<ReturnType<typeof nextBooks> | undefined>(
    (books, [counts, waiting]) => nextBooks(books, counts, waiting),
    undefined,
  )?.balance

describe('the sum of all events', () => {
  it('has what was answered 200 on one side, and what became of it on the other', () => {
    const counts = eventCounts(METRICS)
    assert.deepEqual(counts, {
      in: 23,
      stored: 11,
      duplicates: 4,
      conflicts: 2,
      deadLetters: 1,
      erased: 1,
      notStored: 3,
    })
    const balance = booksAfter([NONE, queue(0)], [counts, queue(1)])
    assert.deepEqual(balance, { ...counts, before: 0, waiting: 1, unexplained: null })
  })

  it('is by source as well, the largest first', () => {
    assert.deepEqual(sourceCounts(METRICS), [
      {
        source: 'app',
        in: 18,
        duplicates: 4,
        conflicts: 2,
        deadLetters: 1,
        erased: 1,
        notStored: 3,
        storedOrWaiting: 7,
      },
      {
        source: 'shop',
        in: 5,
        duplicates: 0,
        conflicts: 0,
        deadLetters: 0,
        erased: 0,
        notStored: 0,
        storedOrWaiting: 5,
      },
    ])
  })

  it('is verified when nothing waits twice in a row, with the same counts', () => {
    const lost = { ...NONE, in: 10, stored: 9 }
    const pick = (...readings: readonly Read[]) => {
      const { waiting, unexplained } = booksAfter([NONE, queue(0)], ...readings) ?? {}
      return [waiting, unexplained]
    }
    assert.deepEqual(pick([lost, queue(0)]), [1, null])
    assert.deepEqual(pick([lost, queue(0)], [lost, queue(0)]), [0, 1])
    assert.deepEqual(pick([lost, queue(0)], [{ ...lost, stored: 10 }, queue(0)]), [0, null])
    assert.deepEqual(pick([lost, queue(0)], [lost, queue(1)]), [1, null])
    assert.deepEqual(pick([lost, queue(null)], [lost, queue(0)]), [1, null])
    assert.deepEqual(pick([lost, queue(0, false)], [lost, queue(0)]), [1, null])
    const twice = { ...NONE, in: 10, stored: 10, duplicates: 2 }
    assert.deepEqual(pick([twice, queue(0)], [twice, queue(0)]), [0, -2])
  })

  it('adds up while events wait and more were processed than got a 200, twice in a row', () => {
    const over = { ...NONE, in: 10, stored: 10, duplicates: 2 }
    const pick = (...readings: readonly Read[]) => {
      const { before = 0, waiting = 0, unexplained } = booksAfter([NONE, queue(0)], ...readings) ?? {}
      return [before, waiting, unexplained]
    }
    assert.deepEqual(pick([over, queue(1)]), [0, 0, null])
    assert.deepEqual(pick([over, queue(1)], [over, queue(1)]), [0, 10, -12])
    assert.deepEqual(pick([over, queue(1, false)], [over, queue(1, false)]), [0, 0, null])
    assert.deepEqual(pick([over, queue(1)], [{ ...over, in: 13 }, queue(1)]), [0, 1, null])
  })

  it('begins with the events that waited before, estimated until all of them are processed', () => {
    const first = booksAfter([NONE, queue(3)])
    assert.deepEqual([first?.before, first?.waiting], [30, 30])
    const done = { ...NONE, in: 5, stored: 33 }
    const settled = booksAfter([NONE, queue(3)], [done, queue(0)], [done, queue(0)])
    assert.deepEqual([settled?.before, settled?.waiting, settled?.unexplained], [28, 0, 0])
    const later = { ...done, in: 6 }
    const lost = booksAfter([NONE, queue(3)], [done, queue(0)], [done, queue(0)], [later, queue(0)], [later, queue(0)])
    assert.deepEqual([lost?.before, lost?.unexplained], [28, 1])
  })

  it('takes what was stored before the first reading as waiting before', () => {
    assert.equal(booksAfter([{ ...NONE, in: 2, stored: 9 }, queue(0)])?.before, 7)
  })

  it('counts a message as one event while it is not known how many events messages have', () => {
    assert.equal(booksAfter([NONE, { messages: 4, eventsPerMessage: null, isComplete: true }])?.before, 4)
  })

  it('is written as a sum, without the parts that are 0', () => {
    const balance = { ...NONE, before: 0, waiting: 0, unexplained: 0 }
    assert.equal(balanceInWords({ ...balance, in: 2, stored: 2 }), '2 in = 2 stored + 0 waiting')
    const all = { before: 1, in: 1234, stored: 1, duplicates: 1, conflicts: 2, deadLetters: 1, erased: 6, notStored: 3 }
    assert.equal(
      balanceInWords({ ...all, waiting: 4, unexplained: -2 }),
      '1 from before + 1,234 in = 1 stored + 1 duplicate + 2 conflicts + 1 dead letter + 6 erased + 3 not to be stored + 4 waiting − 2 unexplained',
    )
    assert.match(
      balanceInWords({ ...all, duplicates: 2, conflicts: 1, deadLetters: 2, waiting: 0, unexplained: 5 }),
      /2 duplicates \+ 1 conflict \+ 2 dead letters .* \+ 5 unexplained$/,
    )
  })
})
