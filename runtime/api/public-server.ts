import cors from '@fastify/cors'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import type { ConfigOf } from '../config.ts'
import { descriptorLimit, maxConnections } from '../descriptors.ts'
import { answerOutsideRoutes, listenerOptions, type OnUnrouted } from '../listener.ts'
import type { Logger } from '../log.ts'
import type { Tracer } from '../trace.ts'
import { version } from '../version.ts'
import { admit } from './admission.ts'
import { answerErrors, describedSchema } from './answers.ts'
import { readBodies, readForms } from './body.ts'
import type { Budget } from './budget.ts'
import { composer } from './compose.ts'
import { Connections } from './connections.ts'
import { refuseEarly } from './early.ts'
import { RateLimiter } from './limits.ts'
import type { LiveEvents } from './live-events.ts'
import type { ApiMetrics } from './metrics.ts'
import type { Publisher } from './publisher.ts'
import { addRedirectRoutes } from './redirects.ts'
import { RefusalReporter } from './refusal-reporter.ts'
import type { Refusals } from './refusals.ts'
import { addCollectRoutes, addTrackRoute } from './routes.ts'
import { MAX_ID_BYTES } from './schema.ts'
import { senders } from './sender.ts'
import type { Sources } from './sources.ts'
import { traceCalls } from './tracing.ts'
import { trackHandler } from './track.ts'
import { addTrackerRoutes } from './tracker-route.ts'
import { Turns } from './turns.ts'

/** Maximum times for the head of a request, and for all of it: slow senders cannot hold connections forever. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** How often the two are looked at: a connection is cut at most this much later. */
const CONNECTIONS_CHECK_MS = 1000
const CORS = {
  origin: true,
  methods: ['GET', 'POST'],
  // A script cannot read it otherwise.
  exposedHeaders: ['Retry-After'],
  strictPreflight: false,
  // The time for which a browser need not ask again.
  maxAge: 600,
}
/** An id in a path, each byte as `%xx`. */
const MAX_PARAM_LENGTH = MAX_ID_BYTES * 3

export interface PublicDependencies {
  readonly config: ConfigOf<'api'>
  readonly sources: Sources
  readonly publisher: Publisher
  readonly metrics: ApiMetrics
  readonly budget: Budget
  /** For those who look at events that arrive, and at refused calls. */
  readonly live: LiveEvents
  readonly refusals: Refusals
  readonly log: Logger
  /** @default calls are not traced */
  readonly tracer?: Tracer | undefined
  /** From then on each answer ends its connection, while calls are still taken. */
  readonly leaving?: AbortSignal
  /** A monotonic clock in milliseconds, for the rates of sources and of log lines. @default `performance.now` */
  readonly nowMs?: () => number
}

/** The listener for events: `/track` and `/collect`, and for the browser library that sends them: `/tracker`. */
export async function buildPublicServer(dependencies: PublicDependencies): Promise<FastifyInstance> {
  const { config, log, metrics } = dependencies
  const refusals = new RefusalReporter(metrics, dependencies.refusals, log, dependencies.nowMs)
  const connections = new Connections({
    maximum: maxConnections(config.apiMaxConnections, descriptorLimit()),
    maxBodyBytes: config.apiMaxBodyBytes,
    onUnrouted: (reason, address) => refusals.unrouted(reason, address),
  })
  metrics.watchConnections(connections)
  dependencies.leaving?.addEventListener('abort', () => connections.leave())
  const onUnrouted: OnUnrouted = (reason, socket) => connections.answeredOutsideRoutes(reason, socket)
  const server: FastifyInstance = Fastify({
    ...listenerOptions(config, onUnrouted),
    loggerInstance: log as FastifyBaseLogger,
    bodyLimit: config.apiMaxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      // Node.js would answer a request without a host itself, with an empty body.
      requireHostHeader: false,
    },
    // By hops from the connection on: what a client writes into X-Forwarded-For itself is never believed.
    trustProxy: config.trustedProxies > 0 && ((_address, hop) => hop < config.trustedProxies),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // A HEAD of /collect would store an event.
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: MAX_PARAM_LENGTH },
  })
  answerOutsideRoutes(server, onUnrouted)
  connections.watch(server)
  traceCalls(server, dependencies.tracer)
  refuseEarly(server)
  await server.register(swagger, {
    transform: ({ schema, url }) => ({ schema: describedSchema(schema), url }),
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tracardi at scale', version, description: 'Accepts events; a 200 means that they are durable.' },
    },
  })
  await server.register(cors, {
    // Any page may read why it is refused; whether its events are taken is decided when the source is known. A preflight
    // allows credentials, because browsers ask for them with every beacon of JSON.
    delegator: (request, decide) => decide(null, { ...CORS, credentials: request.method === 'OPTIONS' }),
  })
  answerErrors(server, config.apiMaxBodyBytes, refusals)
  server.addHook('onResponse', async (request, reply) => {
    metrics.answered(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000)
    refusals.answered(request, reply.statusCode)
  })

  await server.register(async (calls) => addCalls(calls, dependencies, (request) => connections.aborted(request)))
  addTrackerRoutes(server)
  return server
}

/** The routes that take events. What they cost is bounded; the library and preflights are answered whatever they do. */
function addCalls(
  server: FastifyInstance,
  { config, sources, publisher, metrics, budget, live, nowMs = () => performance.now() }: PublicDependencies,
  onAborted: (request: FastifyRequest) => void,
): void {
  const turns = new Turns()
  const rates = new RateLimiter(
    {
      callsPerSecond: config.sourceMaxCallsPerSecond,
      eventsPerSecond: config.sourceMaxEventsPerSecond,
      bytesPerSecond: config.sourceMaxBytesPerSecond,
    },
    nowMs,
  )
  admit(server, {
    budget,
    maxCallsPerAddress: config.apiMaxCallsPerAddress,
    onAborted,
  })
  const authorize = senders(server, sources, rates)
  const bodies = { maxBytes: config.apiMaxBodyBytes, maxValues: config.apiMaxValues, turns, authorize }
  readBodies(server, bodies)
  const track = trackHandler({ authorize, sources, rates, turns, publisher, metrics, live }, composer(config))
  addTrackRoute(server, track, config.apiMaxEvents)
  addRedirectRoutes(server, track, authorize, sources, metrics)
  server.register(async (webhooks) => {
    readForms(webhooks, bodies)
    addCollectRoutes(webhooks, track, authorize)
  })
}
