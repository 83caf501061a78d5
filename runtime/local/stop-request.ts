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
