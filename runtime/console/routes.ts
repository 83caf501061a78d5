import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { AppError, messageOf } from '../errors.ts'
import type { DeadLetterDesk } from './dead-letters.ts'
import { refusalOf } from './same-origin.ts'
import type { State } from './state.ts'

const SCRIPT = 'text/javascript; charset=utf-8'

/** The page and what it loads, by path. */
const FILES = [
  { path: '/console', file: 'console.html', type: 'text/html; charset=utf-8' },
  { path: '/console/console.css', file: 'console.css', type: 'text/css; charset=utf-8' },
  { path: '/console/icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
  ...['console.js', 'chart.js', 'dead-letters.js', 'element.js', 'format.js', 'pipeline.js', 'servers.js'].map(
    (file) => ({
      path: `/console/${file}`,
      file,
      type: SCRIPT,
    }),
  ),
]

/** Nothing from elsewhere, nothing inline, in nobody's frame: dead letters quote what strangers have sent. */
const HEADERS = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}
/** Asked about each time, so that page and API are always of the same release. */
const REVALIDATED = 'no-cache'
const NEVER_KEPT = 'no-store'

const Refusal = Type.Object({ detail: Type.String() })
const Replayed = Type.Object({ replayed: Type.Integer() })
const DeadLetters = Type.Object({
  deadLetters: Type.Array(
    Type.Object({
      failedAt: Type.String(),
      fault: Type.String(),
      reason: Type.String(),
      status: Type.Integer(),
      operation: Type.String(),
    }),
  ),
})

export interface ConsoleRoutes {
  readonly state: () => Promise<State>
  readonly desk: DeadLetterDesk
}

/** `/console`: the page of the operator, the figures that it shows, and the dead letters. */
export function addConsoleRoutes(server: FastifyInstance, { state, desk }: ConsoleRoutes): void {
  for (const { path, file, type } of FILES) {
    const body = readFileSync(new URL(`page/${file}`, import.meta.url))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    server.get(path, { schema: { hide: true } }, async (request, reply) => {
      reply.headers({ ...HEADERS, 'cache-control': REVALIDATED, etag })
      return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(body)
    })
  }
  server.get(
    '/console/state',
    { schema: { summary: 'Every figure of the console, and its advice' } },
    async (_, reply) => answer(reply, state),
  )
  server.get(
    '/console/dead-letters',
    {
      schema: {
        summary: 'The oldest dead letters that wait; they stay where they are',
        response: { 200: DeadLetters, 409: Refusal, 502: Refusal },
      },
    },
    async (_, reply) => answer(reply, async () => ({ deadLetters: await desk.look() })),
  )
  server.post(
    '/console/dead-letters/replay',
    {
      schema: {
        summary: 'Publishes at most 1,000 dead letters again; needs the header `x-tracardi-console: yes`',
        response: { 200: Replayed, 403: Refusal, 409: Refusal, 502: Refusal },
      },
    },
    async (request, reply) => {
      const refusal = refusalOf(request.headers)
      if (refusal !== undefined) return reply.code(403).send({ detail: refusal })
      return answer(reply, async () => {
        const replayed = await desk.replay()
        request.log.info({ replayed }, 'dead letters were replayed from the console')
        return { replayed }
      })
    },
  )
}

/** What Pulsar refuses or does not answer is no fault of this server. */
async function answer<T>(reply: FastifyReply, get: () => Promise<T>): Promise<T | { detail: string }> {
  reply.headers({ ...HEADERS, 'cache-control': NEVER_KEPT })
  try {
    return await get()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    reply.code(error.code === 'dead_letters_busy' ? 409 : 502)
    return { detail: messageOf(error) }
  }
}
