import assert from 'node:assert/strict'
import { RateLimiter } from '../../../runtime/api/limits.ts'

const NONE = { callsPerSecond: 0, eventsPerSecond: 0, bytesPerSecond: 0 }

describe('RateLimiter', () => {
  let nowMs = 0
  const call = (events = 1, bytes = 1) => ({ calls: 1, events, bytes })
  beforeEach(() => {
    nowMs = 0
  })

  it('lets everything pass without a limit', () => {
    const limiter = new RateLimiter(NONE, () => nowMs)
    for (let count = 0; count < 1000; count += 1) limiter.take('a', {}, call())
    assert.equal(limiter.waitSeconds('a', {}), 0)
  })

  it('lets a second of calls pass immediately, and then as many as the rate', () => {
    const limiter = new RateLimiter({ ...NONE, callsPerSecond: 4 }, () => nowMs)
    const passed = () => {
      let count = 0
      for (; limiter.waitSeconds('a', {}) === 0; count += 1) limiter.take('a', {}, call())
      return count
    }
    assert.equal(passed(), 4)
    nowMs = 500
    assert.equal(passed(), 2)
    nowMs = 60_000
    assert.equal(passed(), 4)
  })

  it('lets a call pass that is larger than the limit, and the next when it is paid', () => {
    const limiter = new RateLimiter({ ...NONE, eventsPerSecond: 10 }, () => nowMs)
    limiter.take('a', {}, call(60))
    assert.equal(limiter.waitSeconds('a', {}), 5.1)
    nowMs = 4100
    assert.equal(limiter.waitSeconds('a', {}), 1)
    nowMs = 5100
    assert.equal(limiter.waitSeconds('a', {}), 0)
  })

  it('lets one call pass in two seconds at half a call a second', () => {
    const limiter = new RateLimiter({ ...NONE, callsPerSecond: 0.5 }, () => nowMs)
    limiter.take('a', {}, call())
    assert.equal(limiter.waitSeconds('a', {}), 2)
  })

  it('counts each source for itself, and waits for the limit that is exceeded most', () => {
    const limiter = new RateLimiter({ callsPerSecond: 1, eventsPerSecond: 10, bytesPerSecond: 100 }, () => nowMs)
    limiter.take('a', {}, call(20, 399))
    assert.equal(limiter.waitSeconds('a', {}), 3)
    assert.equal(limiter.waitSeconds('b', {}), 0)
  })

  it('takes what a source states before the settings, 0 for no limit among it', () => {
    const limiter = new RateLimiter({ ...NONE, eventsPerSecond: 10 }, () => nowMs)
    limiter.take('a', { eventsPerSecond: 100 }, call(199))
    assert.equal(limiter.waitSeconds('a', { eventsPerSecond: 100 }), 1)
    limiter.take('b', { eventsPerSecond: 0 }, call(200))
    assert.equal(limiter.waitSeconds('b', { eventsPerSecond: 0 }), 0)
  })
})
