import type { FastifyError, FastifySchema } from 'fastify'
import { ANSWERS_OF_ANY_PATH, refusal } from './answer-schemas.ts'
import { AppError } from './errors.ts'

/** What any path can answer before its own code runs. */
const ALWAYS = {
  ...ANSWERS_OF_ANY_PATH,
  421: refusal('The host is neither an IP address, nor `localhost`, nor in PRIVATE_ALLOWED_HOSTS.'),
}

const UNAUTHORIZED = {
  401: {
    ...refusal('The token is missing or wrong, or PRIVATE_TOKEN is empty.'),
    headers: { 'WWW-Authenticate': { type: 'string', const: 'Bearer' } },
  },
}

/** The schema of a route for the OpenAPI document, including the answers that its own code does not give. */
export function describedSchema(schema: FastifySchema): FastifySchema {
  const response = schema.response as object | undefined
  return { ...schema, response: { ...ALWAYS, ...(schema.security ? UNAUTHORIZED : {}), ...response } }
}

/** The status for an error: only faults that Fastify found in the request are the caller's. */
export function statusOf(error: FastifyError): number {
  if (error.validation) return 422
  if (error instanceof AppError) return statusOfCode(error)
  // The clients of Pulsar and Elasticsearch have a `statusCode` too, which says nothing about this request.
  return error.code?.startsWith('FST_ERR_') ? (error.statusCode ?? 500) : 500
}

function statusOfCode({ code }: AppError): number {
  if (code === 'topic_not_found') return 404
  return code === 'dead_letters_busy' || code === 'live_busy' ? 409 : 502
}
