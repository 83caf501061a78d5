import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import {
  type ConnectionError,
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

/** A path that cannot be decoded, or with a longer part than any route has. */
function answerBadUrl(error: Error & { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply): void {
  void reply.code(error.statusCode ?? 400).send({ detail: error.message })
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
      'connection: close',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
  socket.destroySoon()
}
