import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import {
  type ConnectionError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'

/** What the two listeners have in common: no log line per request, and `{detail}` also for what no route ever sees. */
export function listenerOptions() {
  return {
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: answerBadUrl,
    clientErrorHandler: answerBadHttp,
  } satisfies FastifyServerOptions
}

/** What is no script or page is never taken for one. */
const NOSNIFF = { 'x-content-type-options': 'nosniff' }

/** A path that cannot be decoded, or with a longer part than any route has. */
function answerBadUrl(error: Error & { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .code(error.statusCode ?? 400)
    .headers(NOSNIFF)
    .send({ detail: error.message })
}

const BAD_HTTP: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'The head of the request is too large'],
}

/** Bytes that are no HTTP: nothing of them is logged, for the error of the parser carries them. */
function answerBadHttp(error: ConnectionError, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const [status, detail] = BAD_HTTP[error.code] ?? [400, 'The request is not valid HTTP']
    const body = JSON.stringify({ detail })
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'x-content-type-options: nosniff',
      'connection: close',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
  socket.destroySoon()
}

/** Answers 417 with `{detail}` to an `Expect` other than `100-continue`; Node.js would answer with an empty body. */
export function answerExpectations(server: FastifyInstance): void {
  server.server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    const detail = `Expect "${headers.expect}" is not supported; allowed: 100-continue`
    response.writeHead(417, { 'content-type': 'application/json; charset=utf-8', ...NOSNIFF, connection: 'close' })
    response.end(JSON.stringify({ detail }))
  })
}
