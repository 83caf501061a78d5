import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { refusal } from '../answer-schemas.ts'
import { AppError } from '../errors.ts'
import type { ApiMetrics, LinkEvent } from './metrics.ts'
import { Refused } from './refused.ts'
import { MAX_ID_BYTES } from './schema.ts'
import type { Authorize } from './sender.ts'
import type { Redirect, Sources } from './sources.ts'
import type { Track } from './track.ts'

/** Where the browser library, and Tracardi's, keeps the session of a visitor. */
const SESSION_COOKIE = /(?:^|; )tracardi-session-id=([^;]+)/

const RedirectParams = Type.Object({ redirect_id: Type.String({ maxLength: MAX_ID_BYTES }) })
const SessionRedirectParams = Type.Object({
  ...RedirectParams.properties,
  session_id: Type.String({ maxLength: MAX_ID_BYTES }),
})
type Params = Static<typeof RedirectParams> & Partial<Static<typeof SessionRedirectParams>>

const response = {
  302: {
    ...Type.Null({ description: 'To the address of the redirect, whether or not the event could be made durable.' }),
    headers: { Location: { type: 'string', description: 'The address.' } },
  },
  404: refusal('No source has this redirect.'),
  429: refusal('A limit is reached: of memory, or of calls of one address.'),
}

/**
 * `/redirect/{redirect_id}[/{session_id}]`: a link, in a mail for example, that stores an event and redirects. A visitor is redirected even
 * when the event cannot be stored: it is the only call whose success does not mean that its event is durable.
 */
export function addRedirectRoutes(
  server: FastifyInstance,
  track: Track,
  authorize: Authorize,
  sources: Pick<Sources, 'redirect'>,
  metrics: Pick<ApiMetrics, 'redirected'>,
): void {
  const store = async (request: FastifyRequest, { sourceId, type }: Redirect, session: string | undefined) => {
    // Anyone may follow the link, because the operator has named it. A mail program names no origin, and a page may have any.
    const { method, headers } = request
    authorize(request, sourceId, { method, headers: { 'user-agent': headers['user-agent'] }, isLink: true })
    const payload = {
      source: { id: sourceId },
      ...(session === undefined ? {} : { session: { id: session } }),
      events: [{ type, properties: { ...(request.query as object) } }],
    }
    await track(request, payload, { profileLess: !session?.trim() })
  }
  for (const [url, params] of [
    ['/redirect/:redirect_id', RedirectParams],
    ['/redirect/:redirect_id/:session_id', SessionRedirectParams],
  ] as const) {
    const schema = { summary: 'Stores an event of the query, and redirects', params, response }
    const redirectOf = (request: FastifyRequest): Redirect => {
      const { redirect_id: id } = request.params as Params
      const redirect = sources.redirect(id.trim())
      if (redirect === undefined) throw new Refused(404, `There is no redirect "${id}"`)
      return redirect
    }
    server.get(url, { schema }, async (request, reply) => {
      const redirect = redirectOf(request)
      const { session_id: session = SESSION_COOKIE.exec(request.headers.cookie ?? '')?.[1] } = request.params as Params
      try {
        await store(request, redirect, session)
        metrics.redirected('durable')
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        metrics.redirected(fateOf(error))
        request.log.debug({ err: error }, 'the event of a redirect was not stored')
      }
      return reply.header('cache-control', 'no-store').redirect(redirect.to)
    })
    // What checks links follows none.
    server.head(url, { schema: { hide: true, params } }, async (request, reply) =>
      reply.redirect(redirectOf(request).to),
    )
  }
}

/** Without a status, it is a fault of the queue. */
function fateOf(error: AppError): LinkEvent {
  const { statusCode = 503 } = error as { statusCode?: number }
  if (statusCode === 429) return 'limited'
  return statusCode < 500 ? 'refused' : 'unavailable'
}
