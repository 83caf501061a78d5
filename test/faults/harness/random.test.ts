import assert from 'node:assert/strict'
import { seeded } from '../random.ts'

describe('the choices of a run', () => {
  const choices = (seed: number) => {
    const random = seeded(seed)
    return Array.from({ length: 20 }, () => [random.between(1, 6), random.pick(['a', 'b', 'c'])])
  }

  it('are the same for the same seed, and others for another', () => {
    assert.deepEqual(choices(7), choices(7))
    assert.notDeepEqual(choices(7), choices(8))
  })

  it('stay within their limits, and reach them', () => {
    const random = seeded(1)
    const drawn = new Set(Array.from({ length: 500 }, () => random.between(1, 6)))
    assert.deepEqual([...drawn].sort(), [1, 2, 3, 4, 5, 6])
  })
})
