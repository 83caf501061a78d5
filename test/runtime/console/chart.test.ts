import assert from 'node:assert/strict'
import { chartOf } from '../../../runtime/console/chart.ts'
import { answers, observation, partitions, pastOf, reading, START_MS, WORKER } from './observations.ts'

const STORED = 'tracardi_worker_events_total{outcome="stored"}'
const seen = (seconds: number, stored: number) =>
  observation(seconds, {
    instances: [answers(WORKER, reading('worker', { counters: { [STORED]: stored } }))],
    queue: partitions(stored, 1),
  })

describe('the figures of the chart', () => {
  it('are the rates of the last 10 s, at multiples of 5 s', () => {
    const observations = Array.from({ length: 11 }, (_, at) => seen(1 + at * 2, at * 20))
    const { stepSeconds, points } = chartOf(pastOf(...observations).moments)
    assert.equal(stepSeconds, 5)
    assert.deepEqual(
      points.map(({ atMs, storedPerSecond, acceptedPerSecond }) => [
        (atMs - START_MS) / 1000,
        storedPerSecond,
        acceptedPerSecond,
      ]),
      [
        [5, null, null],
        [10, null, null],
        [15, 10, null],
        [20, 10, null],
      ],
    )
    assert.deepEqual(
      points.map(({ backlogMessages }) => backlogMessages),
      [41, 81, 141, 181],
    )
  })

  it('have nothing where nobody looked', () => {
    const { points } = chartOf(pastOf(seen(0, 0), seen(2, 0), seen(100, 980), seen(102, 1000)).moments)
    assert.deepEqual(
      points.filter(({ backlogMessages }) => backlogMessages !== null).map(({ atMs }) => (atMs - START_MS) / 1000),
      [0, 100],
    )
  })

  it('are at most 180', () => {
    const observations = Array.from({ length: 500 }, (_, at) => seen(at * 2, at))
    assert.equal(chartOf(pastOf(...observations).moments).points.length, 180)
  })

  it('are none without a past', () => {
    assert.deepEqual(chartOf([]).points, [])
  })
})
