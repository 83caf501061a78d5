import assert from 'node:assert/strict'
import { eventsFor } from '../../bench/material.ts'

describe('the number of documents of a round', () => {
  it('takes Elasticsearch the time that was asked for, in whole bulks', () => {
    assert.equal(eventsFor(10_130, 4), 40_500)
  })

  it('is enough to be measured and fits into memory', () => {
    assert.equal(eventsFor(1000, 4), 20_000)
    assert.equal(eventsFor(500_000, 4), 300_000)
  })
})
