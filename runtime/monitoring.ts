import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { Type } from 'typebox'
import type { Config } from './config.ts'
import type { Health } from './health.ts'
import type { Trouble } from './troubles.ts'
import { version } from './version.ts'

const Live = Type.Object({ status: Type.Literal('live') }, { description: 'It answers.' })
const Dependency = Type.Object({ ok: Type.Boolean(), reason: Type.Optional(Type.String()) })
const ready = (description: string, statuses: readonly string[]) =>
  Type.Object(
    {
      status: Type.Union(statuses.map((status) => Type.Literal(status))),
      dependencies: Type.Record(Type.String(), Dependency),
    },
    { description },
  )
const Version = Type.Object(
  {
    version: Type.String(),
    program: Type.String(),
    transport: Type.String({ description: 'How it speaks to Pulsar: `native` or `websocket`.' }),
  },
  { description: 'The program and its version.' },
)
const Metrics = {
  description: 'In the text format of Prometheus.',
  content: { 'text/plain': { schema: Type.String() } },
}

const Listed = Type.Object(
  {
    troubles: Type.Array(
      Type.Object({
        kind: Type.String({ description: 'A code, or a type of fault of Elasticsearch.' }),
        where: Type.String({ description: 'Index, source or the like; empty where there is none.' }),
        reason: Type.String({ description: 'In full, at most 1,000 characters.' }),
        fromMs: Type.Number({ description: 'Since when, in milliseconds since the epoch.' }),
        lastMs: Type.Number({ description: 'When it happened last.' }),
        count: Type.Number({ description: 'How often since then.' }),
      }),
    ),
  },
  { description: 'What went wrong, the latest first; at most 100 kinds.' },
)

export interface Monitored {
  readonly program: string
  readonly transport: string
  readonly health: Health
  readonly registry: Registry
  /** What went wrong within the last minute. */
  readonly troubles: () => readonly Trouble[]
}

/** The port on which health and metrics are: MONITORING_PORT, or that of the private listener while it is 0. */
export function monitoringPortOf({
  monitoringPort,
  privatePort,
}: Pick<Config, 'monitoringPort' | 'privatePort'>): number {
  return monitoringPort || privatePort
}

/** What probes, Prometheus and the console read, without a token: health, metrics, the last reasons and version. */
export function addMonitoringRoutes(
  server: FastifyInstance,
  { program, transport, health, registry, troubles }: Monitored,
): void {
  server.get('/health/live', { schema: { summary: 'The process answers', response: { 200: Live } } }, async () => ({
    status: 'live',
  }))
  const response = {
    200: ready('It should get work.', ['ready', 'degraded']),
    503: ready('It should get none.', ['starting', 'stopping']),
  }
  server.get(
    '/health/ready',
    { schema: { summary: 'Whether it is ready, and what is missing', response } },
    async (_request, reply) => {
      const readiness = await health.readiness()
      const inService = readiness.status === 'ready' || readiness.status === 'degraded'
      return reply.code(inService ? 200 : 503).send(readiness)
    },
  )
  server.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', response: { 200: Metrics } } },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  )
  server.get(
    '/troubles',
    {
      schema: {
        summary: 'What went wrong within the last minute, each with its last reason',
        response: { 200: Listed },
      },
    },
    async () => ({ troubles: troubles() }),
  )
  server.get('/info/version', { schema: { summary: 'What runs here', response: { 200: Version } } }, async () => ({
    version,
    program,
    transport,
  }))
}
