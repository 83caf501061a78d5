import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'

const PAUSE_MS = 5000

export interface DrainRun {
  readonly clock: Clock
  /** Ends the drain, which then reports what is left. */
  readonly signal: AbortSignal
  /** When it ends, by the clock. */
  readonly endMs: number
  /** Takes a line of the log. */
  readonly say: (line: string) => void
}

/**
 * Repeats a step until nothing is left, the time is over, or the signal aborts. A fault is a reason to try again: a server that is
 * killed meanwhile comes back.
 *
 * @param step answers what is left; `undefined` when nothing is.
 * @returns what is left; `undefined` when nothing is.
 */
export async function untilNothingIsLeft(
  { clock, signal, endMs, say }: DrainRun,
  step: () => Promise<string | undefined>,
): Promise<string | undefined> {
  for (let said: string | undefined; ; ) {
    const left = await step().catch(messageOf)
    if (left === undefined) return undefined
    if (left !== said) say(left)
    said = left
    if (clock.nowMs() + PAUSE_MS > endMs) return left
    const goesOn = await clock.sleep(PAUSE_MS, signal).then(
      () => true,
      () => false,
    )
    if (!goesOn) return left
  }
}
