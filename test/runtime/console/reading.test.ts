import assert from 'node:assert/strict'
import { byLabel, keyOf, readingOf, sumOver } from '../../../runtime/console/reading.ts'

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

describe('readingOf', () => {
  it('keeps of a worker what it counts and what it measures', () => {
    assert.deepEqual(readingOf(WORKER), {
      program: 'worker',
      startedAtSeconds: 1_700_000_000,
      counters: {
        'tracardi_worker_events_total{outcome="stored"}': 120,
        'tracardi_worker_bulk_seconds_bucket{le="+Inf"}': 3,
        process_cpu_seconds_total: 1.5,
      },
      gauges: { tracardi_worker_bulk_concurrency: 2, process_resident_memory_bytes: 90_000_000 },
    })
  })

  it('knows an API by its events', () => {
    assert.equal(readingOf('tracardi_api_events_total{outcome="accepted"} 1')?.program, 'api')
  })

  it('is nothing for what is neither', () => {
    assert.equal(readingOf('up 1\n'), undefined)
    assert.equal(readingOf('<html></html>'), undefined)
  })
})

describe('keyOf', () => {
  it('is the same in any order of the labels', () => {
    assert.equal(keyOf('a', { y: '2', x: '1' }), 'a{x="1",y="2"}')
    assert.equal(keyOf('a', { x: '1', y: '2' }), keyOf('a', { y: '2', x: '1' }))
    assert.equal(keyOf('a'), 'a')
  })
})

describe('the numbers of a metric', () => {
  const numbers = {
    [keyOf('requests', { route: '/a', status: '200' })]: 5,
    [keyOf('requests', { route: '/b', status: '200' })]: 7,
    [keyOf('requests', { route: '/b "c"', status: '503' })]: 1,
    [keyOf('requests_more', { status: '200' })]: 100,
    requests: 1000,
  }

  it('are added up by the value of a label', () => {
    assert.deepEqual(
      [...byLabel(numbers, 'requests', 'status')],
      [
        ['200', 12],
        ['503', 1],
      ],
    )
    assert.deepEqual([...byLabel(numbers, 'requests', 'route').keys()], ['/a', '/b', '/b "c"'])
    assert.deepEqual([...byLabel(numbers, 'requests', 'missing')], [])
  })

  it('are summed over every label, those of longer names omitted', () => {
    assert.equal(sumOver(numbers, 'requests'), 1013)
    assert.equal(sumOver(numbers, 'nothing'), 0)
  })
})
