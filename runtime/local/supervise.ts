import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { type Child, exitInWords } from './child.ts'

const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000
/** One that lived longer than this was well, and its end is a new story. */
const WELL_AFTER_MS = 60_000

/** The wait before the n-th start in a row, n from 1. */
export function restartDelayMs(failures: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20))
}

export interface Supervised {
  /** Ends the child and the supervision. */
  stop(): Promise<void>
}

/** Starts a program again whenever it ends by itself, as Kubernetes would. */
export function supervise(
  first: Child,
  start: () => Promise<Child>,
  say: (text: string) => void,
  wait: (ms: number, signal: AbortSignal) => Promise<unknown> = (ms, signal) => sleep(ms, undefined, { signal }),
): Supervised {
  const stopping = new AbortController()
  const { signal } = stopping
  let child = first
  let startedAtMs = Date.now()
  let failures = 0

  const startAgain = async (reason: string): Promise<void> => {
    failures = Date.now() - startedAtMs > WELL_AFTER_MS ? 1 : failures + 1
    const delayMs = restartDelayMs(failures)
    say(`${first.name} ended (${reason}); starting it again in ${delayMs / 1000} s. Its log: ${first.logFile}`)
    await wait(delayMs, signal)
    startedAtMs = Date.now()
    child = await start()
    if (signal.aborted) await child.stop()
    else say(`${first.name} was started again (pid ${child.pid})`)
  }
  const keepRunning = async (): Promise<void> => {
    let reason = exitInWords(await child.exited)
    while (!signal.aborted) {
      try {
        await startAgain(reason)
        reason = exitInWords(await child.exited)
      } catch (error) {
        reason = messageOf(error)
      }
    }
  }
  const ended = keepRunning()
  return {
    stop: async () => {
      stopping.abort()
      await child.stop()
      await ended
    },
  }
}

/**
 * Runs tasks at the same time. When one fails, the others are aborted by their signal, and awaited.
 *
 * @throws the first failure; the others only fail because they were aborted.
 */
export async function together(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController()
  const either = AbortSignal.any([signal, failing.signal])
  await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        await task(either)
      } catch (error) {
        failing.abort(error)
      }
    }),
  )
  // `abort` keeps its first reason.
  failing.signal.throwIfAborted()
}

/**
 * How often Ctrl-C was pressed. `npm` passes on the signal that the terminal has given to us already, so two signals
 * within this time are one press.
 */
const SAME_PRESS_MS = 1000

export interface StopHandlers {
  /** The first time: end in order. */
  readonly stop: () => void
  /** The second request: end immediately. */
  readonly kill: () => void
}

/** Decides what each signal means. */
export function stopRequests({ stop, kill }: StopHandlers, now: () => number = Date.now): () => void {
  let firstAtMs: number | undefined
  return () => {
    if (firstAtMs === undefined) {
      firstAtMs = now()
      stop()
    } else if (now() - firstAtMs >= SAME_PRESS_MS) kill()
  }
}

/** Listens for SIGINT, SIGTERM and a closed terminal. @returns what ends the listening. */
export function onStopSignals(handlers: StopHandlers): () => void {
  const request = stopRequests(handlers)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, request)
  return () => {
    for (const signal of signals) process.off(signal, request)
  }
}
