import assert from 'node:assert/strict'
import { freeMemory, ReusedMemory } from '../../runtime/reused-memory.ts'

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
  })

  it('has room for a next one that is a little larger', () => {
    const memory = new ReusedMemory()
    const first = memory.take(64 * 1024 - 9)
    memory.giveBack(first)
    const second = memory.take(64 * 1024)
    assert.deepEqual([second.buffer, second.length], [first.buffer, 64 * 1024])
  })

  it('is freed when the next one does not fit in it', () => {
    const memory = new ReusedMemory()
    const first = memory.take(10)
    memory.giveBack(first)
    assert.equal(memory.take(64 * 1024 + 1).length, 64 * 1024 + 1)
    assert.equal(first.length, 0)
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

describe('freed memory', () => {
  it('is gone immediately', () => {
    const buffer = Buffer.allocUnsafeSlow(10)
    freeMemory(buffer.buffer, 10)
    assert.equal(buffer.length, 0)
  })

  it('is not that which other buffers share', () => {
    const whole = Buffer.allocUnsafeSlow(10)
    freeMemory(whole.buffer, whole.subarray(0, 9).length)
    freeMemory(whole.buffer, whole.subarray(1).length)
    assert.equal(whole.length, 10)
  })

  it('is nothing where it was collected already', () => {
    assert.doesNotThrow(() => freeMemory(undefined, 10))
  })
})
