import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Call {
  readonly method: string
  readonly contentType: string | undefined
  readonly atMs: number
  readonly events: readonly { readonly id: string; readonly type: string }[]
  readonly profileId: string
  readonly sessionId: string
  readonly context: Readonly<Record<string, unknown>>
  /** The whole call, to send it again. */
  readonly text: string
}

/** What happens to a call: `pass` goes to the API; the other two answer without it, or hold the API's answer back. */
export type Treatment =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfter: string }
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }

/** A proxy between the pages and the API: counts the calls, and treats them as a test wants. */
export class Gate {
  readonly calls: Call[] = []
  /** Preflights: there must never be one. */
  preflights = 0
  /** Maximum number of calls that were under way at a time. */
  atATime = 0
  #underWay = 0
  treat: (call: Call) => Treatment = () => ({ kind: 'pass' })
  readonly #server: Server
  readonly #apiUrl: string

  private constructor(apiUrl: string) {
    this.#apiUrl = apiUrl
    this.#server = createServer((request, response) => void this.#handle(request, response))
  }

  static async open(apiUrl: string): Promise<Gate> {
    const gate = new Gate(apiUrl)
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve))
    return gate
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  reset(): void {
    this.calls.length = 0
    this.preflights = 0
    this.atATime = 0
    this.treat = () => ({ kind: 'pass' })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request).catch(() => undefined)
    if (body === undefined) return
    if (request.method === 'OPTIONS') this.preflights += 1
    const treatment: Treatment = request.method === 'POST' ? this.treat(this.#note(request, body)) : { kind: 'pass' }
    if (treatment.kind === 'refuse') {
      response.writeHead(treatment.status, {
        'access-control-allow-origin': request.headers.origin ?? '*',
        'access-control-expose-headers': 'Retry-After',
        'retry-after': treatment.retryAfter,
        'content-type': 'application/json',
      })
      response.end('{"detail":"later"}')
      return
    }
    this.#underWay += 1
    this.atATime = Math.max(this.atATime, this.#underWay)
    const answer = await this.#forward(request, body)
    if (treatment.kind === 'hold') await treatment.until
    this.#underWay -= 1
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }

  #note(request: IncomingMessage, body: Buffer): Call {
    const text = body.toString('utf8')
    const { events, profile, session, context } = JSON.parse(text)
    const call = {
      method: request.method ?? '',
      contentType: request.headers['content-type'],
      atMs: performance.now(),
      events,
      profileId: profile.id,
      sessionId: session.id,
      context,
      text,
    }
    this.calls.push(call)
    return call
  }

  async #forward({ method = 'GET', url = '/', headers }: IncomingMessage, body: Buffer) {
    const kept = ['origin', 'content-type', 'access-control-request-method', 'access-control-request-headers']
    const sent = kept.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))
    const answer = await fetch(this.#apiUrl + url, {
      method,
      headers: Object.fromEntries(sent) as Record<string, string>,
      ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    })
    const returned = [...answer.headers].filter(
      ([name]) => !/^(content-(length|encoding)|connection|transfer)/.test(name),
    )
    return {
      status: answer.status,
      headers: Object.fromEntries(returned),
      body: Buffer.from(await answer.arrayBuffer()),
    }
  }
}
