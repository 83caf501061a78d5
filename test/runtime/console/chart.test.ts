import assert from 'node:assert/strict'
import { chartOf } from '../../../runtime/console/chart.ts'
import { axisSteps, spanMinutes, unbroken } from '../../../runtime/console/page/chart.js'
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

describe('the axis of a chart', () => {
  it('has at most five steps, and room for the greatest value', () => {
    assert.deepEqual(axisSteps(0), [0, 1])
    assert.deepEqual(axisSteps(3), [0, 1, 2, 3])
    assert.deepEqual(axisSteps(1234), [0, 500, 1000, 1500])
    assert.deepEqual(axisSteps(2000), [0, 500, 1000, 1500, 2000])
    assert.deepEqual(axisSteps(81_000), [0, 50_000, 100_000])
  })
})

describe('the time that a chart shows', () => {
  it('is the shortest that shows everything there is', () => {
    const spans = [0, 2, 2.1, 5, 6, 15, 16].map((minutes) => spanMinutes(0, minutes * 60_000))
    assert.deepEqual(spans, [2, 2, 5, 5, 15, 15, 15])
  })
})

describe('the line of a chart', () => {
  it('is broken where something is missing', () => {
    assert.deepEqual(
      unbroken([
        [1, null],
        [2, 5],
        [3, 6],
        [4, null],
        [5, 7],
      ]),
      [
        [
          [2, 5],
          [3, 6],
        ],
        [[5, 7]],
      ],
    )
  })
})
