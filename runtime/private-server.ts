import swagger from '@fastify/swagger'
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { Type } from 'typebox'
import { messageOf } from './errors.ts'
import type { Health } from './health.ts'
import { listenerOptions } from './listener.ts'
import type { Logger } from './log.ts'
import { version } from './version.ts'

const Live = Type.Object({ status: Type.Literal('live') })
const Ready = Type.Object({
  status: Type.Union(['starting', 'ready', 'degraded', 'stopping'].map((status) => Type.Literal(status))),
  dependencies: Type.Record(Type.String(), Type.Object({ ok: Type.Boolean(), reason: Type.Optional(Type.String()) })),
})
const Version = Type.Object({
  version: Type.String(),
  program: Type.String(),
  transport: Type.String({ description: 'How it speaks to Pulsar: `native` or `websocket`.' }),
})

export interface PrivateDependencies {
  readonly program: string
  readonly transport: string
  readonly health: Health
  readonly registry: Registry
  readonly log: Logger
}

/** The listener that only operators and their machines reach: health, metrics, version. */
export async function buildPrivateServer({
  program,
  transport,
  health,
  registry,
  log,
}: PrivateDependencies): Promise<FastifyInstance> {
  const server: FastifyInstance = Fastify({
    ...listenerOptions(),
    loggerInstance: log as FastifyBaseLogger,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
  })
  await server.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Tracardi at scale', version } } })
  answerErrors(server)

  server.get('/health/live', { schema: { summary: 'The process answers', response: { 200: Live } } }, async () => ({
    status: 'live',
  }))
  server.get(
    '/health/ready',
    { schema: { summary: 'Whether it should get work, and what it misses', response: { 200: Ready, 503: Ready } } },
    async (_request, reply) => {
      const readiness = await health.readiness()
      const inService = readiness.status === 'ready' || readiness.status === 'degraded'
      return reply.code(inService ? 200 : 503).send(readiness)
    },
  )
  server.get('/metrics', { schema: { summary: 'Metrics for Prometheus' } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
  server.get('/info/version', { schema: { summary: 'What runs here', response: { 200: Version } } }, async () => ({
    version,
    program,
    transport,
  }))
  return server
}

function answerErrors(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.validation ? 422 : (error.statusCode ?? 500)
    if (status >= 500) request.log.error({ err: error }, 'request failed')
    return reply.code(status).send({ detail: messageOf(error) })
  })
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ detail: `There is no ${request.method} ${request.url.split('?')[0]} here` }),
  )
}
