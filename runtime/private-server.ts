import swagger from '@fastify/swagger'
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify'
import type { Config } from './config.ts'
import { messageOf } from './errors.ts'
import { answerOutsideRoutes, hostsOf, listenerOptions } from './listener.ts'
import type { Logger } from './log.ts'
import { methodsOf } from './methods.ts'
import { allowedHosts, hostFault, tokenGuard } from './private-access.ts'
import { describedSchema, statusOf } from './private-answers.ts'
import { version } from './version.ts'

/** No call has a body to speak of. */
const BODY_LIMIT_BYTES = 1024

/** No answer is kept, guessed at, framed or loaded by another page; the console's own files say otherwise for themselves. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

const OPERATOR_TOKEN = 'operatorToken'

/** A listener that only operators and their machines reach, without routes: the private one or the monitoring one. */
export async function buildPrivateServer(
  config: Pick<Config, 'privateAllowedHosts' | 'keepAliveSeconds'>,
  log: Logger,
): Promise<FastifyInstance> {
  const server: FastifyInstance = Fastify({
    ...listenerOptions(config),
    loggerInstance: log as FastifyBaseLogger,
    forceCloseConnections: true,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { ignoreTrailingSlash: true },
    // Node.js would answer a request without a host itself, with an empty body.
    http: { requireHostHeader: false },
  })
  answerOutsideRoutes(server)
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tracardi at scale', version },
      components: {
        securitySchemes: {
          [OPERATOR_TOKEN]: { type: 'http', scheme: 'bearer', description: "The operators' token: PRIVATE_TOKEN." },
        },
      },
    },
    transform: ({ schema, url }) => ({ schema: describedSchema(schema), url }),
  })
  const allowed = allowedHosts(config)
  const methodsAt = methodsOf(server)
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    const fault = hostFault(hostsOf(request.raw.rawHeaders), allowed)
    if (fault) return reply.code(fault.status).send({ detail: fault.detail })
    // Here and not in a handler, which would be called only after the body was read.
    if (!request.is404) return undefined
    const detail = `There is no ${request.method} ${request.url.split('?')[0]} here`
    const methods = methodsAt(request.url)
    if (methods === undefined) return reply.code(404).send({ detail })
    return reply.code(405).header('allow', methods).send({ detail })
  })
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const status = statusOf(error)
    if (status === 500) request.log.error({ err: error }, 'request failed')
    return reply.code(status).send({ detail: messageOf(error) })
  })
  return server
}

/** Adds the routes that ask for the operators' token, all in one scope with one guard. */
export async function addOperatorRoutes(
  server: FastifyInstance,
  { privateToken }: Pick<Config, 'privateToken'>,
  log: Logger,
  add: (operators: FastifyInstance) => void,
): Promise<void> {
  await server.register(async (operators) => {
    operators.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, security: [{ [OPERATOR_TOKEN]: [] }] }
    })
    operators.addHook('onRequest', tokenGuard(privateToken, log))
    add(operators)
  })
}
