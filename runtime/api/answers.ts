import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import { ANSWERS_OF_ANY_PATH, refusal } from '../answer-schemas.ts'
import { AppError } from '../errors.ts'
import { faultOf, limited } from './faults.ts'
import type { RefusalReporter } from './refusal-reporter.ts'
import { FaultyCall, notDurable, notRead, Refused, refusedByQueue, tooLarge } from './refused.ts'
import type { Fault } from './schema.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the call was refused, for those who look at refused calls; empty until it is. */
    refusal: string
  }
}

/** Makes every answer that is not 200 `{detail}`, with a text or a list of faults. */
export function answerErrors(
  server: FastifyInstance,
  maxBodyBytes: number,
  reporter: Pick<RefusalReporter, 'refusedByQueue'>,
): void {
  server.decorateRequest('refusal', '')
  server.setErrorHandler((error: FastifyError, request, reply) => {
    // Fastify closes after any fault of a body; when all of it has arrived, the next call may follow on the connection.
    if (request.raw.complete) reply.removeHeader('connection')
    if (error.validation) {
      const base = [error.validationContext ?? 'body']
      return refuseFaulty(request, reply, limited(error.validation.map((fault) => faultOf(fault, base))))
    }
    if (error instanceof FaultyCall) return refuseFaulty(request, reply, error.faults)
    if (error instanceof AppError && error.code === 'queue_refused') {
      reporter.refusedByQueue(error)
      return refuse(request, reply, refusedByQueue())
    }
    return refuse(request, reply, refusalFor(error, request, maxBodyBytes))
  })
}

/** What any call can be answered. */
const ALWAYS = {
  ...ANSWERS_OF_ANY_PATH,
  501: refusal('The `Transfer-Encoding` is not `chunked`.'),
}

/** The schema of a route for the OpenAPI document, including the answers that its own code does not give. */
export function describedSchema(schema: FastifySchema): FastifySchema {
  return schema.response === undefined ? schema : { ...schema, response: { ...ALWAYS, ...schema.response } }
}

function refusalFor(error: FastifyError, request: FastifyRequest, maxBodyBytes: number): Refused {
  if (error instanceof Refused) return error
  if (error instanceof AppError && error.code === 'queue_not_read') return notRead(error.message)
  if (error instanceof AppError && error.retryable) return notDurable()
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(maxBodyBytes)
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const given = request.headers['content-type'] ?? ''
    return new Refused(415, `Content-Type "${given}" is not known; send application/json or text/plain`)
  }
  // Clients of servers throw errors with a status too, which says nothing about this call.
  if (error.code?.startsWith('FST_ERR_') && error.statusCode && error.statusCode < 500) {
    return new Refused(error.statusCode, error.message)
  }
  request.log.error({ err: error }, 'request failed')
  return new Refused(
    500,
    'Internal error. The events may or may not be stored: send them again with the same ids. The log of the API has the cause',
  )
}

function refuseFaulty(request: FastifyRequest, reply: FastifyReply, faults: readonly Fault[]): FastifyReply {
  const [{ loc, msg } = { loc: [], msg: '' }, ...more] = faults
  request.refusal = `${loc.join('.')}: ${msg}${more.length === 0 ? '' : ` (and ${more.length} more)`}`
  return reply.code(422).send({ detail: faults })
}

function refuse(request: FastifyRequest, reply: FastifyReply, refusal: Refused): FastifyReply {
  request.refusal = refusal.message
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', refusal.retryAfterSeconds)
  return reply.code(refusal.statusCode).send({ detail: refusal.message })
}
