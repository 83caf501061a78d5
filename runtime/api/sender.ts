import type { FastifyInstance, FastifyRequest } from 'fastify'
import { authorized, type Caller } from './access.ts'
import type { RateLimiter } from './limits.ts'
import { tooFast } from './refused.ts'
import type { Source, Sources } from './sources.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** For whom the call is, once it is known and allowed. */
    source: Source | undefined
    /** The source that the call names, whether or not it exists. */
    namedSource: string | undefined
    isNamedSourceKnown: boolean
  }
  interface FastifyContextConfig {
    /** Whether the body names the source, which is then looked for before the body is parsed. */
    readonly sourceInBody?: true
  }
}

/** Decides who sends a call. @default caller the request @throws Refused 401, 403, 429 */
export type Authorize = (request: FastifyRequest, sourceId: string, caller?: Caller) => Source

/**
 * Lets the sources send that may. A call is authorized once: as early as its source is known, and again only when its
 * body turns out to name another one.
 */
export function senders(server: FastifyInstance, sources: Sources, rates: RateLimiter): Authorize {
  server.decorateRequest('source', undefined)
  server.decorateRequest('namedSource', undefined)
  server.decorateRequest('isNamedSourceKnown', false)
  server.addHook('onSend', async (request, reply) => {
    const { source } = request
    const { origin } = request.headers
    // A page that any origin may send from is answered, but not with what its browser keeps for another.
    if (source && origin !== undefined && source.allowedOrigins.has(origin)) {
      reply.header('access-control-allow-credentials', 'true')
    }
  })
  return (request, sourceId, caller = request) => {
    if (request.source?.id === sourceId) return request.source
    const known = sources.find(sourceId)
    request.namedSource = sourceId
    request.isNamedSourceKnown = known !== undefined
    const source = authorized(sourceId, known, caller)
    const waitSeconds = rates.waitSeconds(sourceId, source.limits)
    if (waitSeconds > 0) throw tooFast(sourceId, waitSeconds)
    rates.take(sourceId, source.limits, { calls: 1, events: 0, bytes: 0 })
    request.source = source
    request.hold?.moveTo(source.owner)
    return source
  }
}
