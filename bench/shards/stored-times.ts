import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { eventIdOf } from '../../runtime/search/documents.ts'

const CREATED = /"create":\{"_index":"[^"]+","_id":"([^"]+)"/g

interface BulkAnswer {
  readonly items?: readonly { readonly create?: { readonly status: number } }[]
}

/** The ids of the events in the body of a bulk. */
export function eventIdsIn(body: Buffer): string[] {
  return [...body.toString('utf8').matchAll(CREATED)].map(([, id]) => eventIdOf(id as string))
}

/**
 * A relay between a worker and Elasticsearch that notes when each event was stored: when the answer to its bulk arrived. It
 * is for loads of some thousand events a second, where it takes little of the machine.
 */
export class StoredTimes {
  /** When an event was stored, by its id, on the clock of `performance.now`. */
  readonly atMs = new Map<string, number>()
  readonly #server: Server
  readonly #target: URL
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((incoming, answer) => {
      this.#relay(incoming, answer).catch(() => answer.destroy())
    })
  }

  static async listen(target: string): Promise<StoredTimes> {
    const times = new StoredTimes(target)
    times.#server.listen(0, '127.0.0.1')
    await once(times.#server, 'listening')
    return times
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
  }

  async #relay(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(incoming)
    const { method, url: path } = incoming
    // A compressed answer could not be read.
    const { 'accept-encoding': _, ...headers } = incoming.headers
    const { hostname, port } = this.#target
    const relayed = request({ hostname, port, path, method, headers, agent: this.#agent })
    relayed.end(body)
    const [response] = (await once(relayed, 'response')) as [IncomingMessage]
    const answered = await buffer(response)
    if (path?.startsWith('/_bulk')) this.#note(body, JSON.parse(answered.toString('utf8')) as BulkAnswer)
    answer.writeHead(response.statusCode as number, response.headers)
    answer.end(answered)
  }

  /** States of sessions in the same bulk may be refused, because a later one is stored. */
  #note(body: Buffer, { items = [] }: BulkAnswer): void {
    const nowMs = performance.now()
    const ids = eventIdsIn(body)
    items
      .flatMap(({ create }) => create ?? [])
      .forEach(({ status }, index) => {
        if (status === 201) this.atMs.set(ids[index] as string, nowMs)
      })
  }
}
