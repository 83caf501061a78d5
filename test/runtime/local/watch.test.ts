import assert from 'node:assert/strict'
import {
  countingOn,
  formatStatus,
  lastFlush,
  type Sample,
  statusKey,
  totalIn,
  urgentIn,
} from '../../../runtime/local/watch.ts'
import { readingOf } from '../../../runtime/telemetry/counters.ts'
import { parseMetrics, sumOf } from '../../../runtime/telemetry/metrics.ts'

describe('totalIn', () => {
  it('is the total of the backlog', () => {
    assert.equal(totalIn('{"total": 3, "backlog": []}'), 3)
  })

  it('is unknown when nothing useful was answered', () => {
    assert.equal(totalIn(undefined), undefined)
    assert.equal(totalIn('<html>'), undefined)
    assert.equal(totalIn('{"detail": "Pulsar does not answer"}'), undefined)
  })
})

describe('the numbers of a program that is restarted', () => {
  const reading = (startedAt: number, stored: number) =>
    readingOf(
      `process_start_time_seconds ${startedAt}\ntracardi_worker_events_total ${stored}\ntracardi_worker_bulk_concurrency ${stored}`,
      0,
    )

  it('continue where its counters begin at 0 again, and stay while it does not answer', () => {
    const count = countingOn()
    const seen = [undefined, reading(1, 5), reading(1, 9), undefined, reading(2, 2), reading(2, 4)].map(count)
    const events = seen.map((metrics) => sumOf(metrics, 'tracardi_worker_events_total'))
    assert.deepEqual(events, [undefined, 5, 9, 9, 11, 13])
  })

  it('are the latest of what is no counter', () => {
    const count = countingOn()
    count(reading(1, 5))
    assert.equal(sumOf(count(reading(1, 3)), 'tracardi_worker_bulk_concurrency'), 3)
  })
})

const START_MS = 1_800_000_000_000
const balance = {
  before: 0,
  in: 12_345,
  stored: 12_000,
  duplicates: 0,
  conflicts: 0,
  deadLetters: 0,
  erased: 0,
  notStored: 0,
  waiting: 345,
  unexplained: null,
}
const sample: Sample = {
  atMs: START_MS + 5000,
  balance,
  messages: 20,
  lastFlush: { reason: 'size', atMs: START_MS + 3000 },
}

describe('lastFlush', () => {
  it('is the latest of all reasons, and none while there was none', () => {
    const worker = parseMetrics(`tracardi_worker_last_flush_timestamp_seconds{reason="size"} 100
tracardi_worker_last_flush_timestamp_seconds{reason="timeout"} 200.5
tracardi_worker_last_flush_timestamp_seconds{reason="drain"} 0
`)
    assert.deepEqual(lastFlush(worker), { reason: 'timeout', atMs: 200_500 })
    assert.equal(lastFlush(new Map()), undefined)
  })
})

describe('formatStatus', () => {
  it('shows the sum, rates, the backlog and the last flush', () => {
    const earlier = { ...sample, atMs: START_MS, balance: { ...balance, in: 7345 } }
    assert.equal(
      formatStatus(sample, earlier),
      '12,345 in = 12,000 stored + 345 waiting · 1,000/s in, 0/s stored · backlog 20 messages · last flush 2 s ago (size)',
    )
  })

  it('shows no rate for the first sample, and none when nothing moves', () => {
    const shown = '12,345 in = 12,000 stored + 345 waiting · backlog 20 messages · last flush 2 s ago (size)'
    assert.equal(formatStatus(sample, sample), shown)
    assert.equal(formatStatus(sample, { ...sample, atMs: START_MS }), shown)
  })

  it('shows what is unknown as such', () => {
    const unknown = { atMs: START_MS }
    assert.equal(formatStatus(unknown, unknown), 'events unknown · backlog unknown · no flush yet')
  })
})

describe('the advice in the status line', () => {
  const answer = (...severities: readonly string[]) =>
    JSON.stringify({ advice: severities.map((severity) => ({ code: 'no_worker', severity, title: 'No worker runs' })) })

  it('is the most urgent one, with its code, and first in the line', () => {
    assert.equal(urgentIn(answer('act', 'watch')), 'ACT NOW [no_worker]: No worker runs')
    assert.equal(urgentIn(answer('watch')), 'WATCH [no_worker]: No worker runs')
    const urgent = urgentIn(answer('watch'))
    assert.match(formatStatus({ ...sample, urgent }, sample), /^WATCH \[no_worker\]: No worker runs · /)
  })

  it('is none of a hint, of nothing, or without an answer', () => {
    assert.deepEqual([answer('hint'), answer(), '{}', 'nonsense', undefined].map(urgentIn), Array(5).fill(undefined))
  })
})

describe('statusKey', () => {
  it('changes with the numbers, not with the time', () => {
    assert.equal(statusKey({ ...sample, atMs: 0 }), statusKey(sample))
    assert.notEqual(statusKey({ ...sample, messages: 1 }), statusKey(sample))
  })
})
