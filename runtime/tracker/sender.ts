import type { BulkLimits } from './bulk.ts'
import type { Calls } from './calls.ts'
import type { Host } from './host.ts'
import type { Pause } from './pause.ts'
import type { Queue } from './queue.ts'

/** A tab that had to wait longer than this for the lock comes after another one. */
const AT_ONCE_MS = 20
/** A browser says sooner that the lock is free than what the tab before has removed; until then that would be sent again. */
const SETTLE_MS = 50

/**
 * Sends the queue, call after call, so that each call knows the profile of the previous one. Of the tabs
 * that share a queue, one sends at a time; when it closes, the browser lets the next one continue.
 *
 * @param lock name of what only one tab has at a time; `undefined` when no other tab sees the queue. Where the browser
 *   has no locks two tabs may send the same event; it is stored once.
 * @param returned called when the browser shows the page again that it had kept when it was left.
 * @returns sends all events that wait now; those added meanwhile wait for the next call.
 */
export function senderOf(
  host: Host,
  queue: Queue,
  pause: Pause,
  calls: Calls,
  limits: BulkLimits,
  lock: string | undefined,
  returned: () => void,
): () => Promise<void> {
  let leaving = new AbortController()
  let running = false
  let again = false
  let done = Promise.resolve()
  let wake: (() => void) | undefined

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      wake = resolve
      host.startTimer(ms, resolve)
    })

  const waitForPause = async () => {
    while (!leaving.signal.aborted) {
      const leftMs = pause.leftMs(host.nowMs())
      if (leftMs === 0) return
      await sleep(leftMs)
    }
  }

  const sendAll = async () => {
    let ids: string[] | undefined
    let { events } = limits
    while (true) {
      await waitForPause()
      ids ??= queue.ids()
      const bulk = calls.take(ids, { ...limits, events })
      if (leaving.signal.aborted || bulk.length === 0) return
      const kind = await calls.send(bulk)
      // Halves until what is refused is alone, then doubles again.
      events = kind === 'refused' ? Math.ceil(bulk.length / 2) : Math.min(events * 2, limits.events)
      if (kind === 'again') ids = undefined
    }
  }

  const run = async () => {
    try {
      while (again && !leaving.signal.aborted) {
        again = false
        const { signal } = leaving
        const askedMs = host.nowMs()
        const sendAlone = async () => {
          if (host.nowMs() - askedMs > AT_ONCE_MS) await sleep(SETTLE_MS)
          await sendAll()
        }
        const sent = lock !== undefined && host.locks ? host.locks.request(lock, { signal }, sendAlone) : sendAll()
        await sent.catch((error) => {
          if (!signal.aborted) throw error
        })
        calls.settleOthers()
      }
    } finally {
      running = false
    }
  }

  const send = () => {
    again = true
    if (!running) {
      running = true
      done = run()
    }
    return done
  }

  /** What this page has, in calls that outlive it, as far as they fit. The rest stays for the next page. */
  const sendBeforeEnd = () => {
    const paused = pause.leftMs(host.nowMs()) > 0
    const ids = calls.own().filter((id) => !(paused && queue.outlivesPage(id)))
    for (let bulk = calls.takeForEnd(ids, limits); bulk.length > 0; bulk = calls.takeForEnd(ids, limits)) {
      void calls.send(bulk).then((kind) => (kind === 'stored' ? undefined : send()))
    }
  }

  host.on('visibilitychange', () => {
    if (host.isHidden()) sendBeforeEnd()
  })
  host.on('pagehide', () => {
    sendBeforeEnd()
    leaving.abort()
    wake?.()
  })
  host.on('pageshow', () => {
    // Every page is shown once; this one comes back.
    if (!leaving.signal.aborted) return
    leaving = new AbortController()
    returned()
    void send()
  })
  host.on('online', () => {
    pause.networkIsBack()
    wake?.()
  })
  return send
}
