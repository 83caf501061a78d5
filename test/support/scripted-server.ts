import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Answer {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Cuts the connection instead of answering. */
  readonly cut?: boolean
  /** Delay of the answer. @default 0 */
  readonly delayMs?: number
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** An HTTP server whose answers a test decides; it says the header by which a client knows Elasticsearch. */
export class ScriptedServer {
  readonly calls: Call[] = []
  answer: (call: Call) => Answer = () => ({ status: 404, body: {} })
  readonly #server: Server
  url = ''

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost')
        const call = {
          method: request.method ?? '',
          path,
          query,
          headers: request.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }
        this.calls.push(call)
        const { status = 200, body = {}, headers = {}, cut = false, delayMs = 0 } = this.answer(call)
        if (cut) return request.socket.destroy()
        const answer = () => {
          response.writeHead(status, {
            'content-type': 'application/json',
            'x-elastic-product': 'Elasticsearch',
            ...headers,
          })
          response.end(request.method === 'HEAD' ? undefined : JSON.stringify(body))
        }
        if (delayMs > 0) setTimeout(answer, delayMs)
        else answer()
      })
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
