import { setImmediate as turn } from 'node:timers/promises'

const MAX_TURNS = 20_000

/** Lets the event loop turn until a condition holds; it counts turns, not time. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < MAX_TURNS; turns += 1) {
    if (holds()) return
    await turn()
  }
  throw new Error(`${what} did not happen within ${MAX_TURNS} turns of the event loop`)
}

const POLL_MS = 5

/** Waits for what takes real time, for as long as the test may run. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
}
