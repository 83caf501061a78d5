import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { type Child, endedMessage } from './child.ts'

const POLL_MS = 250
const ANSWER_LIMIT_MS = 3000

/**
 * Waits until a child answers. One that does not is stopped first.
 *
 * @throws AppError `local_run` with the end of its log, when it ends instead or needs longer than the limit.
 */
export async function untilReady(
  child: Child,
  isReady: () => Promise<boolean>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  try {
    for (let leftMs = limitMs; !(await isReady()); leftMs -= POLL_MS) {
      signal?.throwIfAborted()
      if (child.hasExited()) throw new AppError('local_run', endedMessage(child, await child.exited))
      if (leftMs <= 0) throw notReady(child, limitMs)
      await sleep(POLL_MS)
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}

export interface Expected {
  /** The whole body, but for blanks at its ends. @default any */
  readonly text?: string
  /** The header `Authorization` to send. @default none */
  readonly authorization?: string | undefined
}

/** Whether a URL answers 200 as expected. */
export async function answersOk(url: string, { text, authorization }: Expected = {}): Promise<boolean> {
  try {
    const headers = authorization === undefined ? {} : { authorization }
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
    const body = await response.text()
    return response.status === 200 && (text === undefined || body.trim() === text)
  } catch {
    return false
  }
}

function notReady(child: Child, limitMs: number): AppError {
  const lines = child.lastLines(5).map((line) => `  ${line}`)
  return new AppError(
    'local_run',
    `${child.name} was not ready after ${limitMs / 1000} s. The last lines of ${child.logFile}:\n${lines.join('\n')}`,
  )
}
