import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Takes traces by OTLP over HTTP and forgets them. */
export class Collector {
  readonly #server: Server
  /** Exports so far. */
  exports = 0

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume().on('end', () => {
        this.exports += 1
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
    })
  }

  static async start(): Promise<Collector> {
    const collector = new Collector()
    await once(collector.#server.listen(0, '127.0.0.1'), 'listening')
    return collector
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
