import assert from 'node:assert/strict'
import { eventsInHand, secondsToDrain } from '../../../runtime/telemetry/bottlenecks.ts'

describe('the time to drain a backlog', () => {
  it('is the count over what it shrinks by', () => {
    assert.equal(secondsToDrain(120, -4), 30)
  })

  it('is 0 for nothing, and unknown while it does not shrink', () => {
    assert.equal(secondsToDrain(0, 100), 0)
    assert.equal(secondsToDrain(1, 0), null)
    assert.equal(secondsToDrain(1, 3), null)
    assert.equal(secondsToDrain(1, null), null)
  })
})

describe('the events that a worker holds', () => {
  it('are those of its bulks in flight, of one that fills, and of one that was fetched ahead', () => {
    assert.equal(eventsInHand(2, 500), 2000)
  })
})
