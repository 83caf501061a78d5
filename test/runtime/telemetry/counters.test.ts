import assert from 'node:assert/strict'
import {
  added,
  countersOf,
  difference,
  increaseOf,
  type Reading,
  readingOf,
} from '../../../runtime/telemetry/counters.ts'
import { type Metrics, parseMetrics } from '../../../runtime/telemetry/metrics.ts'

const WORKER = `# TYPE tracardi_worker_events_total counter
tracardi_worker_events_total{outcome="stored"} 120
tracardi_worker_bulk_seconds_bucket{le="+Inf"} 3
tracardi_worker_bulk_concurrency 2
process_start_time_seconds 1700000000
process_cpu_seconds_total 1.5
process_resident_memory_bytes 90000000
nodejs_gc_duration_seconds_count{kind="minor"} 9
tracardi_worker_filling_events NaN
`

const values = (metrics: Metrics) => Object.fromEntries([...metrics].map(([series, { value }]) => [series, value]))
const numbers = (of: Readonly<Record<string, number>>) =>
  parseMetrics(
    Object.entries(of)
      .map(([name, value]) => `${name} ${value}`)
      .join('\n'),
  )

describe('the reading of a program', () => {
  it('keeps of a worker what it counts and what it measures', () => {
    const { metrics, ...rest } = readingOf(WORKER, 5) as Reading
    assert.deepEqual(rest, { program: 'worker', startedAtSeconds: 1_700_000_000, atMs: 5 })
    assert.deepEqual(values(metrics), {
      'tracardi_worker_events_total{outcome="stored"}': 120,
      'tracardi_worker_bulk_seconds_bucket{le="+Inf"}': 3,
      tracardi_worker_bulk_concurrency: 2,
      process_cpu_seconds_total: 1.5,
      process_resident_memory_bytes: 90_000_000,
    })
    assert.deepEqual(Object.keys(values(countersOf(metrics))), [
      'tracardi_worker_events_total{outcome="stored"}',
      'tracardi_worker_bulk_seconds_bucket{le="+Inf"}',
      'process_cpu_seconds_total',
    ])
  })

  it('knows an API by its events', () => {
    assert.equal(readingOf('tracardi_api_events_total{outcome="accepted"} 1', 0)?.program, 'api')
  })

  it('is nothing for what is neither', () => {
    assert.equal(readingOf('up 1\n', 0), undefined)
    assert.equal(readingOf('<html></html>', 0), undefined)
  })
})

describe('the increase of the counters of an instance', () => {
  const reading = (startedAtSeconds: number, stored: number): Reading => ({
    program: 'worker',
    startedAtSeconds,
    atMs: 0,
    metrics: numbers({ stored_total: stored, held: stored }),
  })
  const increase = (before: Reading | undefined, now: Reading) => values(increaseOf(before, now, 20_000))

  it('is the difference while it lives, of counters alone', () => {
    assert.deepEqual(increase(reading(10, 100), reading(10, 130)), { stored_total: 30 })
  })

  it('is all that a new process has counted, also when it overtook the old one', () => {
    assert.deepEqual(increase(reading(10, 100), reading(21, 40)), { stored_total: 40 })
    assert.deepEqual(increase(reading(10, 100), reading(21, 140)), { stored_total: 140 })
  })

  it('is nothing for an instance that ran before it was known', () => {
    assert.deepEqual(increase(undefined, reading(10, 5000)), { stored_total: 0 })
  })

  it('is all of an instance that began since the last look', () => {
    assert.deepEqual(increase(undefined, reading(21, 50)), { stored_total: 50 })
  })
})

describe('the difference of counters', () => {
  it('takes a counter that fell as one that began again', () => {
    const found = difference(numbers({ a: 10, b: 5 }), numbers({ a: 4, b: 7, c: 1 }))
    assert.deepEqual(values(found), { a: 4, b: 2, c: 1 })
  })
})

describe('the sum of counters', () => {
  it('has what is in either', () => {
    assert.deepEqual(values(added(numbers({ a: 1, b: 2 }), numbers({ b: 3, c: 4 }))), { a: 1, b: 5, c: 4 })
  })
})
