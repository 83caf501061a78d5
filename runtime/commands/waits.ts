import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { duration } from '../telemetry/format.js'

/** Requests that have no answer yet, and which of them to report. */
export class OpenRequests {
  readonly #open = new Map<object, { readonly what: string; readonly sinceMs: number; reportAtMs: number }>()

  begun(request: object, what: string, nowMs: number): void {
    this.#open.set(request, { what, sinceMs: nowMs, reportAtMs: nowMs + SILENCE_MS })
  }

  ended(request: object): void {
    this.#open.delete(request)
  }

  /** A line for the request that waits the longest, after 2 s and then every 10 s. */
  due(nowMs: number): string | undefined {
    const [oldest] = this.#open.values()
    if (oldest === undefined || nowMs < oldest.reportAtMs) return undefined
    // The others wait for the same; when it is answered, the next one of them is due at its own time.
    for (const one of this.#open.values()) one.reportAtMs = Math.max(one.reportAtMs, nowMs + REPEATED_MS)
    return `Waiting for ${oldest.what}, ${duration(Math.floor((nowMs - oldest.sinceMs) / 1000))} so far.`
  }
}

/** A command that is silent for longer looks as if it did nothing. */
const SILENCE_MS = 2000
const REPEATED_MS = 10_000
const LOOK_MS = 250

/** What undici reports of a request. */
interface Told {
  readonly request: { readonly origin?: unknown; readonly method: string; readonly path: string }
}

/** Sending events is reported by what sends them. */
const OF_EVENTS = '/track'

/**
 * Reports what the requests of this process wait for: those of the clients of Elasticsearch and of Pulsar, and of the API.
 *
 * @param say writes a line.
 * @returns what ends it.
 */
export function watchWaits(say: (text: string) => void, now: () => number = () => performance.now()): () => void {
  const requests = new OpenRequests()
  const begin = (message: unknown): void => {
    const { request } = message as Told
    if (request.path === OF_EVENTS) return
    requests.begun(request, `${request.origin} (${request.method} ${pathOf(request.path)})`, now())
  }
  const end = (message: unknown): void => requests.ended((message as Told).request)
  const beginSocket = (message: unknown): void => {
    const { request } = message as { readonly request: ClientRequest }
    requests.begun(request, `${request.protocol}//${request.getHeader('host')} (${pathOf(request.path)})`, now())
    for (const event of ['upgrade', 'response', 'error', 'close']) request.once(event, () => requests.ended(request))
  }
  const channels = [
    ['undici:request:create', begin],
    ['undici:request:trailers', end],
    ['undici:request:error', end],
    // That of WebSockets.
    ['http.client.request.created', beginSocket],
  ] as const
  for (const [name, listener] of channels) subscribe(name, listener)
  const timer = setInterval(() => {
    const line = requests.due(now())
    if (line !== undefined) say(line)
  }, LOOK_MS).unref()
  return () => {
    clearInterval(timer)
    for (const [name, listener] of channels) unsubscribe(name, listener)
  }
}

/** Queries have ids and filters that say nothing to people. */
function pathOf(path: string): string {
  return path.split('?')[0] ?? path
}
