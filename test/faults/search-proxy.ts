import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { type BulkItem, operationsOf, withRefused } from './bulk-body.ts'
import type { Random } from './random.ts'

/**
 * What an Elasticsearch does to bulks: refuses nearly a third of the operations for now, or a single one; lets a proxy
 * before it answer 502, after it has stored the bulk or without; breaks its answer off; takes no large bodies; takes its time.
 */
export type BulkFault = 'items-429' | 'item-503' | 'request-502' | 'cut-answer' | 'too-large' | 'slow'

/** How long each bulk waits with `slow`. */
const SLOW_MS = 6000
/** What `too-large` takes, about 30 events. */
const SMALL_BYTES = 20_000

/** An Elasticsearch with faults: relays every request to the real one, and treats bulks as configured. */
export class SearchProxy {
  /** What happens to each bulk; nothing when undefined. */
  fault: BulkFault | undefined
  /** No request of any kind is answered until this resolves. */
  hanging: Promise<void> | undefined
  /** Bulks to which something was done. */
  hits = 0
  readonly #server: Server
  readonly #agent = new Agent({ connections: 64, headersTimeout: 120_000, bodyTimeout: 120_000 })
  readonly #target: string
  readonly #random: Random

  private constructor(target: string, random: Random) {
    this.#target = target
    this.#random = random
    this.#server = createServer((incoming, answer) => {
      this.#handle(incoming, answer).catch(() => answer.destroy())
    })
  }

  static async listen(port: number, target: string, random: Random): Promise<SearchProxy> {
    const proxy = new SearchProxy(target, random)
    proxy.#server.listen(port, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await this.#agent.destroy()
  }

  async #handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(incoming)
    await this.hanging
    if (this.fault === undefined || !incoming.url?.startsWith('/_bulk')) {
      const relayed = await this.#relay(incoming, body)
      answer.writeHead(relayed.status, relayed.headers).end(relayed.body)
      return
    }
    await this.#bulk(this.fault, incoming, body, answer)
  }

  async #bulk(fault: BulkFault, incoming: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<void> {
    if (fault === 'items-429' || fault === 'item-503') return this.#refuseItems(fault, incoming, body, answer)
    if (fault === 'slow') {
      this.hits += 1
      await sleep(SLOW_MS)
    }
    if (fault === 'too-large' && body.length > SMALL_BYTES) {
      this.hits += 1
      answer.writeHead(413, { 'content-type': 'text/html' }).end('<h1>413 Request Entity Too Large</h1>')
      return
    }
    const stores = fault !== 'request-502' || this.#random.pick([true, false])
    const relayed = stores ? await this.#relay(incoming, body) : undefined
    if (fault === 'request-502') {
      this.hits += 1
      answer.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502 Bad Gateway</h1>')
    } else if (fault === 'cut-answer' && relayed) {
      this.hits += 1
      answer.writeHead(relayed.status, { ...relayed.headers, 'content-length': relayed.body.length })
      answer.write(relayed.body.subarray(0, Math.floor(relayed.body.length / 2)), () => answer.destroy())
    } else if (relayed) {
      answer.writeHead(relayed.status, relayed.headers).end(relayed.body)
    }
  }

  async #refuseItems(
    fault: 'items-429' | 'item-503',
    incoming: IncomingMessage,
    body: Buffer,
    answer: ServerResponse,
  ): Promise<void> {
    this.hits += 1
    const operations = operationsOf(body.toString())
    const refused = new Set(
      fault === 'item-503'
        ? [this.#random.between(0, operations.length - 1)]
        : operations.map((_, number) => number).filter(() => this.#random.between(1, 10) <= 3),
    )
    const passed = operations.filter((_, number) => !refused.has(number)).map(({ lines }) => lines)
    let relayedItems: { errors: boolean; items: readonly BulkItem[] } = { errors: false, items: [] }
    if (passed.length > 0) {
      const relayed = await this.#relay(incoming, Buffer.from(passed.join('')))
      if (relayed.status !== 200) {
        answer.writeHead(relayed.status, relayed.headers).end(relayed.body)
        return
      }
      relayedItems = JSON.parse(relayed.body.toString())
    }
    const refusal =
      fault === 'items-429'
        ? { status: 429, type: 'es_rejected_execution_exception' }
        : { status: 503, type: 'unavailable_shards_exception' }
    const items = withRefused(operations, refused, relayedItems.items, refusal)
    answer.writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
    answer.end(JSON.stringify({ errors: relayedItems.errors || refused.size > 0, items }))
  }

  async #relay(incoming: IncomingMessage, body: Buffer) {
    const headers = without(incoming.headers, [...OF_THE_CONNECTION, 'host', 'accept-encoding'])
    const response = await request(`${this.#target}${incoming.url}`, {
      method: incoming.method as 'GET',
      headers,
      body: body.length > 0 ? body : null,
      dispatcher: this.#agent,
    })
    return {
      status: response.statusCode,
      headers: without(response.headers, OF_THE_CONNECTION),
      body: Buffer.from(await response.body.arrayBuffer()),
    }
  }
}

/** Headers that each connection has of its own. */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'content-length', 'transfer-encoding']

function without(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name))) as Record<string, string>
}
