import assert from 'node:assert/strict'
import { polled } from '../../../runtime/console/polled.ts'

describe('a source', () => {
  let nowMs: number
  let asked: number
  let answer: (ask: number) => Promise<string>
  let read: ReturnType<typeof polled<string>>

  beforeEach(() => {
    nowMs = 0
    asked = 0
    answer = async (ask) => `answer ${ask}`
    const ask = () => {
      asked += 1
      return answer(asked)
    }
    read = polled(ask, { everyMs: 10_000, waitMs: 5, limitMs: 5000, now: () => nowMs })
  })

  it('is asked again only when it is due', async () => {
    assert.deepEqual(await read(), { ok: true, value: 'answer 1' })
    nowMs = 9999
    assert.deepEqual(await read(), { ok: true, value: 'answer 1' })
    nowMs = 10_000
    assert.deepEqual(await read(), { ok: true, value: 'answer 2' })
  })

  it('that fails reports why', async () => {
    answer = () => Promise.reject(new Error('refused'))
    assert.deepEqual(await read(), { ok: false, reason: 'refused' })
  })

  it('that hangs keeps its last answer for a while, then counts as down, and is never asked twice at the same time', async () => {
    await read()
    let release = (_: string) => {}
    answer = () =>
      new Promise((resolve) => {
        release = resolve
      })
    nowMs = 10_000
    assert.deepEqual(await read(), { ok: true, value: 'answer 1' })
    nowMs = 25_000
    assert.deepEqual(await read(), { ok: false, reason: 'no answer for 15 s' })
    assert.equal(asked, 2)
    release('late')
    await new Promise(setImmediate)
    assert.deepEqual(await read(), { ok: true, value: 'late' })
  })

  it('that has never answered counts as down immediately', async () => {
    answer = () => new Promise(() => {})
    assert.deepEqual(await read(), { ok: false, reason: 'no answer for 0 s' })
  })
})
