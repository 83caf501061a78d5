import assert from 'node:assert/strict'
import { countingOn, formatStatus, type Sample, sampleOf, statusKey, totalIn } from '../../../runtime/local/watch.ts'
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
const sample: Sample = {
  atMs: START_MS + 5000,
  eventsIn: 12_345,
  stored: 12_000,
  duplicates: 0,
  deadLettered: 0,
  backlogMessages: 345,
  lastFlush: { reason: 'size', atMs: START_MS + 3000 },
}

describe('sampleOf', () => {
  const worker = parseMetrics(`tracardi_worker_events_total{outcome="stored"} 7
tracardi_worker_events_total{outcome="duplicate"} 1
tracardi_worker_events_total{outcome="dead_lettered"} 2
tracardi_worker_last_flush_timestamp_seconds{reason="size"} 100
tracardi_worker_last_flush_timestamp_seconds{reason="timeout"} 200.5
tracardi_worker_last_flush_timestamp_seconds{reason="drain"} 0
`)
  const api = parseMetrics('tracardi_api_events_total{outcome="accepted"} 9\n')

  it('takes the latest flush', () => {
    assert.deepEqual(sampleOf(1, api, worker, 3), {
      atMs: 1,
      eventsIn: 9,
      stored: 7,
      duplicates: 1,
      deadLettered: 2,
      backlogMessages: 3,
      lastFlush: { reason: 'timeout', atMs: 200_500 },
    })
  })

  it('omits what was not answered', () => {
    const { eventsIn, stored, lastFlush } = sampleOf(1, new Map(), new Map(), undefined)
    assert.deepEqual([eventsIn, stored, lastFlush], [undefined, undefined, undefined])
  })
})

describe('formatStatus', () => {
  it('shows totals, rates, backlog and the last flush', () => {
    const earlier = { ...sample, atMs: START_MS, eventsIn: 7345, stored: 12_000 }
    assert.equal(
      formatStatus(sample, earlier),
      'events in 12,345 (1,000/s) · stored 12,000 · backlog 345 messages · last flush 2 s ago (size)',
    )
  })

  it('shows no rate for the first sample', () => {
    assert.match(formatStatus(sample, sample), /^events in 12,345 · stored 12,000 ·/)
  })

  it('shows duplicates and dead letters only when there are some', () => {
    assert.match(
      formatStatus({ ...sample, duplicates: 1, deadLettered: 2 }, sample),
      / · 1 duplicate · 2 dead letters · last flush/,
    )
  })

  it('shows what is unknown as such', () => {
    const unknown = { atMs: START_MS }
    assert.equal(formatStatus(unknown, unknown), 'events in ? · stored ? · backlog ? · no flush yet')
  })
})

describe('statusKey', () => {
  it('changes with the numbers, not with the time', () => {
    assert.equal(statusKey({ ...sample, atMs: 0 }), statusKey(sample))
    assert.notEqual(statusKey({ ...sample, stored: 1 }), statusKey(sample))
  })
})
