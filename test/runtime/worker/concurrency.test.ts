import assert from 'node:assert/strict'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'

async function settled(promise: Promise<void>): Promise<boolean> {
  let done = false
  void promise.then(() => {
    done = true
  })
  await new Promise(setImmediate)
  return done
}

describe('AdaptiveConcurrency', () => {
  it('lets as many in as its limit, and the next when one is done', async () => {
    const concurrency = new AdaptiveConcurrency(2)
    assert.ok(await settled(concurrency.acquire()))
    assert.ok(await settled(concurrency.acquire()))
    const third = concurrency.acquire()
    assert.ok(!(await settled(third)))
    concurrency.release()
    assert.ok(await settled(third))
    assert.equal(concurrency.inFlight, 2)
  })

  it('halves its limit when refused, never below one', () => {
    const concurrency = new AdaptiveConcurrency(5)
    const limits = [1, 2, 3, 4].map(() => {
      concurrency.throttled()
      return concurrency.limit
    })
    assert.deepEqual(limits, [2, 1, 1, 1])
  })

  it('raises its limit by one after 20 clean bulks in a row, up to the maximum', () => {
    const concurrency = new AdaptiveConcurrency(2)
    concurrency.throttled()
    for (let bulk = 0; bulk < 19; bulk += 1) concurrency.succeeded()
    assert.equal(concurrency.limit, 1)
    concurrency.succeeded()
    assert.equal(concurrency.limit, 2)
    for (let bulk = 0; bulk < 40; bulk += 1) concurrency.succeeded()
    assert.equal(concurrency.limit, 2)
  })

  it('begins to count anew after a refusal', () => {
    const concurrency = new AdaptiveConcurrency(2)
    concurrency.throttled()
    for (let bulk = 0; bulk < 19; bulk += 1) concurrency.succeeded()
    concurrency.throttled()
    concurrency.succeeded()
    assert.equal(concurrency.limit, 1)
  })

  it('lets in who waits when the limit rises', async () => {
    const concurrency = new AdaptiveConcurrency(2)
    concurrency.throttled()
    await concurrency.acquire()
    const second = concurrency.acquire()
    assert.ok(!(await settled(second)))
    for (let bulk = 0; bulk < 20; bulk += 1) concurrency.succeeded()
    assert.ok(await settled(second))
  })

  it('keeps who waits waiting when a slot is given back while the limit has sunk', async () => {
    const concurrency = new AdaptiveConcurrency(2)
    await concurrency.acquire()
    await concurrency.acquire()
    const third = concurrency.acquire()
    concurrency.throttled()
    concurrency.release()
    assert.ok(!(await settled(third)))
    concurrency.release()
    assert.ok(await settled(third))
  })

  it('says whether a slot is free', () => {
    const concurrency = new AdaptiveConcurrency(1)
    assert.ok(concurrency.hasFreeSlot)
    void concurrency.acquire()
    assert.ok(!concurrency.hasFreeSlot)
    concurrency.release()
    assert.ok(concurrency.hasFreeSlot)
  })

  for (const [maximum, bulks] of [
    [1, 20],
    [2, 20],
    [4, 40],
  ] as const) {
    it(`is restrained after a refusal until ${bulks} clean bulks have brought it back to ${maximum}`, () => {
      const concurrency = new AdaptiveConcurrency(maximum)
      assert.ok(!concurrency.isRestrained)
      concurrency.throttled()
      for (let bulk = 1; bulk < bulks; bulk += 1) concurrency.succeeded()
      assert.ok(concurrency.isRestrained)
      concurrency.succeeded()
      assert.ok(!concurrency.isRestrained)
      assert.equal(concurrency.limit, maximum)
    })
  }
})
