import assert from 'node:assert/strict'
import { History, sampleBefore, slopePerSecond } from '../../../runtime/console/history.ts'
import { API, answers, observation, partitions, pastOf, reading, START_MS, WORKER } from './observations.ts'

const STORED = 'tracardi_worker_events_total{outcome="stored"}'
const ACCEPTED = 'tracardi_api_events_total{outcome="accepted"}'
const worker = (stored: number, startedAtSeconds = START_MS / 1000 - 60) =>
  answers(
    WORKER,
    reading('worker', { startedAtSeconds, counters: { [STORED]: stored, process_cpu_seconds_total: stored / 100 } }),
  )

describe('the history', () => {
  it('is empty before the first observation', () => {
    assert.equal(new History().past, undefined)
  })

  it('counts from 0 at the first observation, over restarts, and over all instances', () => {
    const api = (accepted: number) => answers(API, reading('api', { counters: { [ACCEPTED]: accepted } }))
    const { moments } = pastOf(
      observation(0, { instances: [worker(1000), api(50)] }),
      observation(2, { instances: [worker(1100), api(70)] }),
      observation(4, { instances: [worker(30, START_MS / 1000 + 3), api(70)] }),
    )
    assert.deepEqual(
      moments.map(({ totals }) => [totals.get(STORED)?.value, totals.get(ACCEPTED)?.value]),
      [
        [0, 0],
        [100, 20],
        [130, 20],
      ],
    )
  })

  it('continues with an instance that did not answer for a moment', () => {
    const away = { url: WORKER, answer: { ok: false, reason: 'away' } } as const
    const { moments, last } = pastOf(
      observation(0, { instances: [worker(100)] }),
      observation(2, { instances: [away] }),
      observation(4, { instances: [worker(160)] }),
    )
    assert.deepEqual(
      moments.map(({ totals }) => totals.get(STORED)?.value),
      [0, 0, 60],
    )
    assert.deepEqual(last.work.get(WORKER), { events: 60, cpuSeconds: 0.6000000000000001 })
    assert.equal(moments[1]?.work.has(WORKER), false)
  })

  it('forgets an instance that is no longer named: when it returns, what it did in between is not counted', () => {
    const { last } = pastOf(
      observation(0, { instances: [worker(100)] }),
      observation(2),
      observation(4, { instances: [worker(500)] }),
    )
    assert.equal(last.totals.get(STORED)?.value, 0)
  })

  it('holds 15 minutes and no more', () => {
    const history = new History()
    for (let seconds = 0; seconds <= 1800; seconds += 2) history.add(observation(seconds))
    assert.equal(history.past?.moments.length, 451)
    assert.equal(history.past?.moments[0]?.atMs, START_MS + 900_000)
  })

  it('knows the backlog of each partition while Pulsar reports it', () => {
    const { moments } = pastOf(
      observation(0, { queue: partitions(3, 4) }),
      observation(2, { queue: { ok: false, reason: 'away' } }),
    )
    assert.deepEqual([...(moments[0]?.backlog?.values() ?? [])], [3, 4])
    assert.equal(moments[1]?.backlog, undefined)
  })
})

describe('momentBefore', () => {
  const { moments } = pastOf(observation(0), observation(2), observation(4), observation(30))

  it('is the earliest within the time', () => {
    assert.equal(sampleBefore(moments, 26_000)?.atMs, START_MS + 4000)
    assert.equal(sampleBefore(moments, 60_000)?.atMs, START_MS)
  })

  it('is the one before where nothing was observed within the time', () => {
    assert.equal(sampleBefore(moments, 10_000)?.atMs, START_MS + 4000)
  })

  it('is none of a single moment', () => {
    assert.equal(sampleBefore(pastOf(observation(0)).moments, 10_000), undefined)
    assert.equal(sampleBefore([], 10_000), undefined)
  })
})

const points = (values: readonly number[]) => values.map((value, at) => ({ atMs: 1000 + at * 2000, value }))

describe('the trend of a number', () => {
  it('is its change per second', () => {
    assert.equal(slopePerSecond(points([10, 20, 30, 40, 50])), 5)
    assert.equal(slopePerSecond(points([50, 40, 30, 20, 10])), -5)
    assert.equal(slopePerSecond(points([7, 7, 7, 7, 7])), 0)
  })

  it('is not turned round by one reading between two bulks', () => {
    const slope = slopePerSecond(points([0, 100, 200, 300, 400, 500, 600, 700, 800, 500])) ?? 0
    assert.ok(slope > 30 && slope < 50, String(slope))
  })

  it('is unknown before 8 s have been seen', () => {
    assert.equal(slopePerSecond(points([1, 2, 3, 4])), null)
    assert.equal(slopePerSecond([]), null)
  })
})
