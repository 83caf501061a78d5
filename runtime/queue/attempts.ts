import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'

/**
 * Reads until the result is as expected, because Pulsar shows a change with a delay.
 *
 * @returns what was found last.
 */
export async function readUntil<T>(
  read: () => Promise<T>,
  isExpected: (found: T) => boolean,
  { attempts, waitMs }: { readonly attempts: number; readonly waitMs: number },
): Promise<T> {
  let found = await read()
  for (let attempt = 1; attempt < attempts && !isExpected(found); attempt += 1) {
    await sleep(waitMs)
    found = await read()
  }
  return found
}

/** Does something with each. @returns the last refusal of Pulsar: a broker that is just loading or moving a bundle refuses for a moment. */
export async function lastRefusal<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<unknown> {
  let fault: unknown
  for (const item of items) {
    try {
      await act(item)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      fault = error
    }
  }
  return fault
}
