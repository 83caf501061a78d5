import assert from 'node:assert/strict'
import { added, difference, increaseOf } from '../../../runtime/console/increase.ts'
import type { Reading } from '../../../runtime/console/reading.ts'

const reading = (startedAtSeconds: number, stored: number): Reading => ({
  program: 'worker',
  startedAtSeconds,
  counters: { stored },
  gauges: {},
})

describe('the increase of the counters of an instance', () => {
  it('is the difference while it lives', () => {
    assert.deepEqual(increaseOf(reading(10, 100), reading(10, 130), 20_000), { stored: 30 })
  })

  it('is all that a new process has counted, also when it overtook the old one', () => {
    assert.deepEqual(increaseOf(reading(10, 100), reading(21, 40), 20_000), { stored: 40 })
    assert.deepEqual(increaseOf(reading(10, 100), reading(21, 140), 20_000), { stored: 140 })
  })

  it('is nothing for an instance that ran before it was known', () => {
    assert.deepEqual(increaseOf(undefined, reading(10, 5000), 20_000), { stored: 0 })
  })

  it('is all of an instance that began since the last look', () => {
    assert.deepEqual(increaseOf(undefined, reading(21, 50), 20_000), { stored: 50 })
  })
})

describe('difference', () => {
  it('takes a counter that fell as one that began again', () => {
    assert.deepEqual(difference({ a: 10, b: 5 }, { a: 4, b: 7, c: 1 }), { a: 4, b: 2, c: 1 })
  })
})

describe('added', () => {
  it('adds what is in either', () => {
    assert.deepEqual(added({ a: 1, b: 2 }, { b: 3, c: 4 }), { a: 1, b: 5, c: 4 })
  })
})
