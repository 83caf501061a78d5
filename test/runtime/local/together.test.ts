import assert from 'node:assert/strict'
import { together } from '../../../runtime/local/together.ts'

const untilTold = (signal: AbortSignal): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))

describe('together', () => {
  it('waits for all', async () => {
    const done: number[] = []
    const task = (n: number) => async (): Promise<void> => void done.push(n)
    await together([task(1), task(2)], new AbortController().signal)
    assert.deepEqual(done, [1, 2])
  })

  it('aborts the others when one fails, and fails as the first did', async () => {
    const fails = async (): Promise<void> => {
      throw new Error('first')
    }
    await assert.rejects(together([untilTold, fails], new AbortController().signal), /first/)
  })

  it('passes the stop on to all', async () => {
    const stopping = new AbortController()
    const both = together([untilTold, untilTold], stopping.signal)
    stopping.abort()
    await assert.rejects(both, /aborted/)
  })
})
