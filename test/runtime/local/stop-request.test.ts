import assert from 'node:assert/strict'
import { stopRequests } from '../../../runtime/local/stop-request.ts'

describe('stopRequests', () => {
  function press(...timesMs: number[]): string[] {
    const done: string[] = []
    let nowMs = 0
    const handlers = { stop: () => done.push('stop'), kill: () => done.push('kill') }
    const request = stopRequests(handlers, () => nowMs)
    for (const timeMs of timesMs) {
      nowMs = timeMs
      request()
    }
    return done
  }

  it('stops at the first Ctrl-C and kills at the second', () => {
    assert.deepEqual(press(0, 5000), ['stop', 'kill'])
  })

  it('takes the signal that npm passes on for the same press', () => {
    assert.deepEqual(press(0, 3), ['stop'])
  })
})
