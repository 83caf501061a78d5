import { killAllChildren } from '../runtime/local/child.ts'
import { say } from './say.ts'

let requested = false

/** Whether somebody wants the end. */
export function stopRequested(): boolean {
  return requested
}

/** The first signal ends with a report of the measurements so far, the second ends immediately. */
export function listenForStop(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (requested) {
        killAllChildren()
        process.exit(1)
      }
      say('Stopping after this line …')
      requested = true
    })
  }
}
