import assert from 'node:assert/strict'
import type { Child, Exit } from '../../../runtime/local/child.ts'
import { restartDelayMs, stopRequests, supervise, together } from '../../../runtime/local/supervise.ts'

function fakeChild(pid: number): { child: Child; end: (exit: Exit) => void } {
  const { promise, resolve } = Promise.withResolvers<Exit>()
  const child: Child = {
    name: 'API',
    pid,
    logFile: '/logs/api.log',
    exited: promise,
    hasExited: () => false,
    lastLines: () => [],
    stop: async () => resolve({ code: 0, signal: null }),
    kill: () => resolve({ code: null, signal: 'SIGKILL' }),
  }
  return { child, end: resolve }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('restartDelayMs', () => {
  it('doubles up to half a minute', () => {
    assert.deepEqual([1, 2, 3, 5, 6, 60].map(restartDelayMs), [1000, 2000, 4000, 16_000, 30_000, 30_000])
  })
})

describe('supervise', () => {
  it('starts a program again that ended by itself, and says so', async () => {
    const [first, second] = [fakeChild(1), fakeChild(2)]
    const said: string[] = []
    const supervised = supervise(
      first.child,
      async () => second.child,
      (text) => said.push(text),
      async () => undefined,
    )
    first.end({ code: null, signal: 'SIGKILL' })
    await settled()
    assert.deepEqual(said, [
      'API ended (killed by SIGKILL); starting it again in 1 s. Its log: /logs/api.log',
      'API was started again (pid 2)',
    ])
    await supervised.stop()
  })

  it('waits longer each time in a row, also when it cannot be started', async () => {
    const first = fakeChild(1)
    const waitsMs: number[] = []
    const stopped = Promise.withResolvers<void>()
    const supervised = supervise(
      first.child,
      async () => {
        throw new Error('no')
      },
      () => undefined,
      async (ms) => {
        waitsMs.push(ms)
        if (waitsMs.length === 3) await stopped.promise
      },
    )
    first.end({ code: 1, signal: null })
    await settled()
    assert.deepEqual(waitsMs, [1000, 2000, 4000])
    const stopping = supervised.stop()
    stopped.resolve()
    await stopping
  })

  it('leaves a program that was stopped alone', async () => {
    const { child } = fakeChild(1)
    const supervised = supervise(child, () => assert.fail('started again'), assert.fail)
    await supervised.stop()
    await settled()
  })
})

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
