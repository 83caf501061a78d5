import assert from 'node:assert/strict'
import { countingOn, totalIn } from '../../../runtime/local/watch.ts'
import { readingOf } from '../../../runtime/telemetry/counters.ts'
import { sumOf } from '../../../runtime/telemetry/metrics.ts'

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

  it('go on where its counters begin at 0 again, and stay while it does not answer', () => {
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
