import assert from 'node:assert/strict'
import { ReusedMemory } from '../../runtime/reused-memory.ts'

describe('memory that is used again', () => {
  it('is that which was returned, when it is large enough, whatever was used of it', () => {
    const memory = new ReusedMemory()
    const first = memory.take(10)
    memory.giveBack(first)
    const second = memory.take(4)
    assert.deepEqual([second.buffer, second.length], [first.buffer, 4])
    memory.giveBack(second)
    const third = memory.take(10)
    assert.deepEqual([third.buffer, third.length], [first.buffer, 10])
    memory.giveBack(third)
    const larger = memory.take(11)
    assert.equal(larger.length, 11)
    assert.notEqual(larger.buffer, first.buffer)
  })

  it('is kept of at most 64 that were returned', () => {
    const memory = new ReusedMemory()
    const taken = Array.from({ length: 65 }, () => memory.take(4))
    for (const one of taken) memory.giveBack(one)
    const again = Array.from({ length: 65 }, () => memory.take(4))
    const reused = again.filter((one) => taken.some(({ buffer }) => buffer === one.buffer))
    assert.equal(reused.length, 64)
  })

  it('is never shared while it is in use', () => {
    const memory = new ReusedMemory()
    assert.notEqual(memory.take(4).buffer, memory.take(4).buffer)
  })
})
