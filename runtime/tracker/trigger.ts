import type { Host } from './host.ts'
import type { Settings } from './settings.ts'

/** Decides when a bulk is sent. */
export interface Trigger {
  /** @param now whether it waits for no others. */
  registered(bytes: number, now: boolean): void
  /** A bulk begins again. */
  reset(): void
}

/**
 * Events that are registered while the page loads wait for its end, for `loadMs` at most. Later events wait for
 * `bulkMs` after the first event of their bulk. A full bulk does not wait.
 *
 * @param loaded called once, at the end of loading; `send` follows.
 */
export function triggerOf(host: Host, settings: Settings, loaded: () => void, send: () => void): Trigger {
  const { bulkEvents, bulkBytes, bulkMs, loadMs } = settings
  let isLoaded = false
  let events = 0
  let bytes = 0
  let stopTimer: (() => void) | undefined

  const endLoading = () => {
    if (isLoaded) return
    isLoaded = true
    loaded()
    send()
  }
  // After the listeners of the page, which may register events themselves.
  const soon = () => host.startTimer(0, endLoading)
  if (host.isLoaded()) soon()
  else host.on('load', soon)
  host.startTimer(loadMs, endLoading)

  return {
    registered: (more, now) => {
      events += 1
      bytes += more
      if (now || events >= bulkEvents || bytes >= bulkBytes) send()
      else if (isLoaded) stopTimer ??= host.startTimer(bulkMs, send)
    },
    reset: () => {
      events = bytes = 0
      stopTimer?.()
      stopTimer = undefined
    },
  }
}
