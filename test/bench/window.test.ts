import assert from 'node:assert/strict'
import { storedBounds } from '../../bench/outcome.ts'
import { cpuMicrosPerEvent, eventsPerSecond, peakRssMb, type Sample, windowOf } from '../../bench/window.ts'

function sample(atMs: number, events: number, workerMs = 0, workerMb = 0): Sample {
  return { atMs, events, cpuMs: { worker: workerMs }, rssMb: { worker: workerMb } }
}

describe('the window of a measurement', () => {
  const samples = [
    sample(0, 0, 900),
    sample(100, 200, 1000, 80),
    sample(1100, 900, 1350, 120),
    sample(1200, 900, 1360, 90),
  ]

  it('begins after the warm-up, and ends at the first sample that has enough', () => {
    const window = windowOf(samples, { from: 200, to: 900 })
    assert.deepEqual([window.first.atMs, window.last.atMs], [100, 1100])
    assert.equal(eventsPerSecond(window), 700)
  })

  it('counts the CPU time within it alone, for each event', () => {
    assert.deepEqual(cpuMicrosPerEvent(windowOf(samples, { from: 200, to: 900 })), { worker: 500 })
  })

  it('knows the most memory that was held at any time', () => {
    assert.deepEqual(peakRssMb(samples), { worker: 120 })
  })

  it('refuses samples that do not reach it', () => {
    assert.throws(() => windowOf(samples, { from: 200, to: 1000 }), {
      message: 'the window from 200 to 1000 events is not within the samples: 0, 200, 900, 900. Measure more events.',
    })
    assert.throws(() => windowOf(samples, { from: 150, to: 180 }))
  })

  it('omits a fifth as warm-up, and the last two bulks', () => {
    assert.deepEqual(storedBounds(20_000, 500), { from: 4000, to: 19_000 })
    assert.deepEqual(storedBounds(20_000, 500, 5000), { from: 9000, to: 24_000 })
  })
})
