import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import {
  type ConnectionError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import type { Config } from './config.ts'

/** Why a connection or a request ended before any route saw it. */
export const UNROUTED = [
  'bad_url',
  'bad_http',
  'head_too_large',
  'too_slow',
  'aborted',
  'unsupported',
  'too_many_connections',
] as const
export type Unrouted = (typeof UNROUTED)[number]

/** Called for each, before its connection is closed. */
export type OnUnrouted = (reason: Unrouted, socket: Socket) => void

/**
 * What the two listeners have in common: no log line per request, `{detail}` also for what no route ever sees, and how
 * long they keep idle connections.
 */
export function listenerOptions(
  { keepAliveSeconds }: Pick<Config, 'keepAliveSeconds'>,
  onUnrouted: OnUnrouted = () => undefined,
) {
  return {
    keepAliveTimeout: keepAliveSeconds * 1000,
    logController: new LogController({ disableRequestLogging: true }),
    // No request is logged, so none needs a logger of its own, which would be the most expensive part of a small call.
    childLoggerFactory: (logger) => logger,
    frameworkErrors: (error, request, reply) => {
      onUnrouted('bad_url', request.raw.socket)
      answerBadUrl(error, reply)
    },
    clientErrorHandler: (error, socket) => answerBadHttp(error, socket, onUnrouted),
  } satisfies FastifyServerOptions
}

const ALL_ADDRESSES = '::'
const ALL_OF_IPV4 = '0.0.0.0'
/** How a system says that it has no IPv6: no such family, or no address of it. */
const NO_IPV6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL']

/** Opens a listener. `::` means all addresses of both families, and all of IPv4 where there is no IPv6. */
export async function listenAt(
  server: Pick<FastifyInstance, 'listen'>,
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await server.listen({ ...at })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (at.host !== ALL_ADDRESSES || !NO_IPV6.includes(code)) throw error
    await server.listen({ ...at, host: ALL_OF_IPV4 })
  }
}

/** Browsers must not treat other content as a script or page. */
const NOSNIFF = { 'x-content-type-options': 'nosniff' }

/** A path that cannot be decoded, or with a longer part than any route has. */
function answerBadUrl(error: Error & { statusCode?: number }, reply: FastifyReply): void {
  void reply
    .code(error.statusCode ?? 400)
    .headers({ ...NOSNIFF, connection: 'close' })
    .send({ detail: error.message })
}

const BAD_HTTP: Readonly<Record<string, readonly [status: number, detail: string, reason: Unrouted]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive', 'too_slow'],
  HPE_HEADER_OVERFLOW: [431, 'The head of the request is too large', 'head_too_large'],
  HPE_INVALID_EOF_STATE: [400, 'The request ends before it is complete', 'aborted'],
}

/** Bytes that are not HTTP: nothing of them is logged, for the error of the parser carries them. */
function answerBadHttp(error: ConnectionError, socket: Socket, onUnrouted: OnUnrouted): void {
  // An idle connection breaks too, which is not reported.
  if (error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, detail, reason] = BAD_HTTP[error.code] ?? [400, 'The request is not valid HTTP', 'bad_http']
  if (socket.writable) socket.write(plainAnswer(status, detail))
  onUnrouted(reason, socket)
  socket.destroySoon()
}

function plainAnswer(status: number, detail: string, headers: readonly string[] = []): string {
  const body = JSON.stringify({ detail })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-content-type-options: nosniff',
    'connection: close',
    ...headers,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** All Host headers; of several, `headers` has the first alone. */
export function hostsOf(rawHeaders: readonly string[]): readonly string[] {
  const hosts: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    // The length first, because nearly every header of every call is another one.
    if (name.length === 'host'.length && name.toLowerCase() === 'host') hosts.push(value)
  }
  return hosts
}

/**
 * Answers with `{detail}` what Node.js would answer with an empty body or none: 417 to an `Expect` other than
 * `100-continue`, 405 to CONNECT.
 */
export function answerOutsideRoutes(server: FastifyInstance, onUnrouted: OnUnrouted = () => undefined): void {
  server.server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    socket.write(plainAnswer(405, 'There is no CONNECT here', ['allow: GET, HEAD, POST']))
    onUnrouted('unsupported', socket)
    socket.destroySoon()
  })
  server.server.on('checkExpectation', ({ headers, socket }: IncomingMessage, response: ServerResponse) => {
    onUnrouted('unsupported', socket)
    const detail = `Expect "${headers.expect}" is not supported; allowed: 100-continue`
    const body = JSON.stringify({ detail })
    const type = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }
    response.writeHead(417, { ...type, ...NOSNIFF, connection: 'close' }).end(body)
  })
}
