import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { request } from 'undici'
import { messageOf } from '../errors.ts'
import type { Trouble } from '../troubles.ts'
import { type Reading, readingOf } from './counters.ts'

/** Something that was asked, and either what it answered or why there is no answer. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly reason: string
      /** Whether it was still asked when the limit passed: it hangs, is paused, or no network leads to it. */
      readonly timedOut?: boolean
    }

/** Finds the addresses of a host. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>

const resolveAll: Resolve = (host) => lookup(host, { all: true })

/** The URLs of a list with commas, without a slash at their ends. */
export function urlsOf(list: string): readonly string[] {
  return list
    .split(',')
    .map((url) => url.trim().replace(/\/$/, ''))
    .filter((url) => url !== '')
}

/**
 * The instances behind one URL: a host name that has several addresses, as that of a headless Service, means one instance
 * at each of them.
 *
 * @throws whatever the resolver throws for a host that has no address.
 */
export async function instancesAt(base: string, resolve: Resolve = resolveAll): Promise<readonly string[]> {
  const url = new URL(base)
  // The loopback has an address in both families, behind which is one instance.
  if (url.hostname === 'localhost' || isIP(hostOf(url)) > 0) return [url.origin]
  const addresses = await resolve(url.hostname)
  // A pod of two families has an address in both: those of the first are all the pods.
  const family = addresses[0]?.family
  const hosts = addresses.filter((found) => found.family === family).map(({ address }) => address)
  return [...new Set(hosts)].sort().map((host) => {
    const at = new URL(base)
    // `hostname = "::1"` would be ignored, `[::1]` is taken.
    at.hostname = family === 6 ? `[${host}]` : host
    return at.origin
  })
}

/** Whether a URL is that of this very process, which knows its own numbers without asking. */
export function isOwn(base: string, ownAddresses: readonly string[], ownPort: number): boolean {
  const url = new URL(base)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return port === ownPort && ownAddresses.includes(hostOf(url))
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/**
 * Reads what an instance reports of itself.
 *
 * @param limitMs after which it counts as not answering.
 */
export async function scrape(url: string, limitMs: number, nowMs: () => number): Promise<Result<Reading>> {
  try {
    const limits = { signal: AbortSignal.timeout(limitMs) }
    const response = await request(`${url}/metrics`, limits)
    const text = await response.body.text()
    return response.statusCode === 200
      ? resultOf(text, nowMs())
      : { ok: false, reason: `answered ${response.statusCode}` }
  } catch (error) {
    return { ok: false, reason: messageOf(error), timedOut: (error as Error).name === 'TimeoutError' }
  }
}

/** What an instance says of what went wrong; nothing from one that does not answer, or of a release without `/troubles`. */
export async function readTroubles(url: string, limitMs: number): Promise<readonly Trouble[]> {
  try {
    const limits = { signal: AbortSignal.timeout(limitMs) }
    const { statusCode, body } = await request(`${url}/troubles`, limits)
    const answer = (await body.json()) as { readonly troubles?: readonly Trouble[] }
    return statusCode === 200 ? (answer.troubles ?? []) : []
  } catch {
    return []
  }
}

/** The reading of a `/metrics` page, or that it belongs to another program. */
export function resultOf(text: string, atMs: number): Result<Reading> {
  const reading = readingOf(text, atMs)
  return reading
    ? { ok: true, value: reading }
    : { ok: false, reason: 'the program at this address is neither an API nor a worker' }
}
