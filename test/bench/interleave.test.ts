import assert from 'node:assert/strict'
import { interleave } from '../../bench/interleave.ts'

describe('the order of the measurements', () => {
  it('has every line once a round, and begins each round one line further', () => {
    assert.deepEqual(interleave(['a', 'b', 'c'], 3), ['a', 'b', 'c', 'b', 'c', 'a', 'c', 'a', 'b'])
  })

  it('begins again when there are more rounds than lines', () => {
    assert.deepEqual(interleave(['a', 'b'], 3), ['a', 'b', 'b', 'a', 'a', 'b'])
  })
})
