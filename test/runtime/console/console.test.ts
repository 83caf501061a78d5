import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Collector, collector } from '../../../runtime/console/console.ts'
import { recordingLog } from '../../support/log.ts'
import { observation } from './observations.ts'

describe('the collector', () => {
  let collected: Collector
  let looks: number
  let nowMs: number
  let fails: boolean
  const { log, lines } = recordingLog()

  beforeEach(() => {
    looks = 0
    nowMs = 0
    fails = false
    collected = collector({
      observe: async () => {
        looks += 1
        if (fails) throw new Error('no network')
        return observation(looks * 2)
      },
      log,
      now: () => nowMs,
      intervalMs: 1,
    })
  })
  afterEach(() => collected.close())

  const untilLooks = async (count: number) => {
    while (looks < count) await sleep(1)
  }

  it('observes nothing before the first visit, and once before it answers', async () => {
    await sleep(5)
    assert.equal(looks, 0)
    assert.equal((await collected.past()).moments.length, 1)
  })

  it('continues while somebody looks', async () => {
    await collected.past()
    await untilLooks(5)
    assert.ok((await collected.past()).moments.length >= 4)
  })

  it('ends when nobody has asked for a minute, and begins again with the next visit', async () => {
    await collected.past()
    nowMs = 60_000
    await untilLooks(2)
    await sleep(10)
    const ended = looks
    await sleep(10)
    assert.equal(looks, ended)
    await collected.past()
    await untilLooks(ended + 2)
  })

  it('is one, however many look', async () => {
    await Promise.all([collected.past(), collected.past(), collected.past()])
    assert.equal(looks, 1)
  })

  it('observes nothing once it is closed', async () => {
    await collected.past()
    await collected.close()
    const closed = looks
    await collected.past()
    await sleep(5)
    assert.equal(looks, closed)
  })

  it('says that it sees nothing when it cannot look at all', async () => {
    fails = true
    await assert.rejects(collected.past(), { message: 'nothing could be observed' })
    assert.partialDeepStrictEqual(lines.at(-1), {
      msg: 'the console could not observe',
      err: { message: 'no network' },
    })
  })
})
