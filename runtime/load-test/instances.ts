import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { Agent, request } from 'undici'
import { AppError } from '../errors.ts'
import { parseMetrics } from '../metrics-text.ts'
import { type Reading, type Readings, roleOf } from './readings.ts'

const ANSWER_LIMIT_MS = 2000

/** Finds the addresses of a host. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>

/**
 * The private listeners behind the URLs. A host with several addresses, such as a headless Service, means one instance at each.
 *
 * @throws AppError `command_invalid` for a URL that is not HTTP, or an unknown name.
 */
export async function instancesOf(
  urls: readonly string[],
  resolve: Resolve = (host) => lookup(host, { all: true }),
): Promise<readonly string[]> {
  const found = await Promise.all(urls.map((url) => addressesOf(url, resolve)))
  return [...new Set(found.flat())]
}

async function addressesOf(text: string, resolve: Resolve): Promise<readonly string[]> {
  if (!URL.canParse(text) || new URL(text).protocol !== 'http:') {
    throw new AppError(
      'command_invalid',
      `--metrics has "${text}"; allowed: URLs like http://host:8686, separated by commas`,
    )
  }
  const url = new URL(text)
  // The loopback has an address in both families, behind which is one instance.
  if (url.hostname === 'localhost' || isIP(url.hostname.replaceAll(/[[\]]/g, '')) > 0) return [url.origin]
  const addresses = await resolve(url.hostname).catch((cause: unknown) => {
    throw new AppError('command_invalid', `--metrics has "${text}", whose host has no address`, { cause })
  })
  // A pod of two families has an address in both: those of the first are all the pods.
  const family = addresses[0]?.family
  return addresses
    .filter((found) => found.family === family)
    .map(({ address }) => `http://${family === 6 ? `[${address}]` : address}:${url.port || 80}`)
}

/** Reads the metrics of all instances concurrently. */
export class Instances {
  readonly #urls: readonly string[]
  readonly #agent = new Agent({ headersTimeout: ANSWER_LIMIT_MS, bodyTimeout: ANSWER_LIMIT_MS })

  constructor(urls: readonly string[]) {
    this.#urls = urls
  }

  /** Instances that do not answer, and other programs, are omitted. Names are resolved again each time, because pods change. */
  async read(): Promise<Readings> {
    const addresses = await instancesOf(this.#urls)
    const read = await Promise.all(addresses.map(async (address) => [address, await this.#readOne(address)] as const))
    return new Map(read.filter((entry): entry is [string, Reading] => entry[1] !== undefined))
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  async #readOne(address: string): Promise<Reading | undefined> {
    try {
      const response = await request(`${address}/metrics`, { dispatcher: this.#agent })
      const metrics = parseMetrics(await response.body.text())
      const role = response.statusCode === 200 ? roleOf(metrics) : undefined
      return role && { role, atMs: performance.now(), metrics }
    } catch {
      return undefined
    }
  }
}
