import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Page {
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What is under this path never comes. */
export const NEVER = '/never.png'

/** The web site whose pages have the library; by the name `localhost` it is another site than the API on 127.0.0.1. */
export class Site {
  readonly #server: Server
  readonly #pages = new Map<string, Page>()

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url?.split('?')[0] ?? '/'
      if (path === NEVER) return
      const page = this.#pages.get(path)
      const type = path.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8'
      response.writeHead(page ? 200 : 404, { 'content-type': type, 'cache-control': 'no-store', ...page?.headers })
      response.end(page?.body)
    })
  }

  static async open(): Promise<Site> {
    const site = new Site()
    await new Promise<void>((resolve) => site.#server.listen(0, resolve))
    return site
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  /** @returns the address of the page. */
  put(path: string, body: string, headers: Readonly<Record<string, string>> = {}): string {
    this.#pages.set(path, { body, headers })
    return this.url + path
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
