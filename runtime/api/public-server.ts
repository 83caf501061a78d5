import cors from '@fastify/cors'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { listenerOptions } from '../listener.ts'
import type { Logger } from '../log.ts'
import { version } from '../version.ts'
import { admit } from './admission.ts'
import { answerErrors } from './answers.ts'
import { readBodies } from './body.ts'
import type { Budget } from './budget.ts'
import { composer } from './compose.ts'
import type { ApiMetrics } from './metrics.ts'
import type { Publisher } from './publisher.ts'
import { addCollectRoutes, addTrackRoute } from './routes.ts'
import { MAX_ID_BYTES } from './schema.ts'
import type { Sources } from './sources.ts'
import { tracker } from './track.ts'
import { addTrackerRoutes } from './tracker-route.ts'

/** A body that takes longer is cut off, so that slow senders cannot hold connections for ever. */
const REQUEST_TIMEOUT_MS = 30_000
/** Longer than the idle timeout of the usual load balancers (60 s), so that these close first and lose no request. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** The time for which a browser need not ask again. */
const PREFLIGHT_MAX_AGE_SECONDS = 600
/** An id in a path, each byte as `%xx`. */
const MAX_PARAM_LENGTH = MAX_ID_BYTES * 3

export interface PublicDependencies {
  readonly config: Config
  readonly sources: Sources
  readonly publisher: Publisher
  readonly metrics: ApiMetrics
  readonly budget: Budget
  readonly log: Logger
}

/** The listener for events: `/track` and `/collect`, and for the browser library that sends them: `/tracker`. */
export async function buildPublicServer(dependencies: PublicDependencies): Promise<FastifyInstance> {
  const { config, sources, log, budget, metrics } = dependencies
  const server: FastifyInstance = Fastify({
    ...listenerOptions(),
    loggerInstance: log as FastifyBaseLogger,
    bodyLimit: config.apiMaxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // A HEAD of /collect would store an event.
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: MAX_PARAM_LENGTH },
    ajv: {
      customOptions: {
        allErrors: true,
        allowUnionTypes: true,
        // The validator only judges: it neither converts "true" to true nor drops keys.
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
      },
    },
  })
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tracardi at scale', version, description: 'Events in; a 200 means that they are durable.' },
    },
  })
  await server.register(cors, {
    origin: (origin, decide) => decide(null, origin !== undefined && sources.allowsOrigin(origin)),
    credentials: true,
    methods: ['GET', 'POST'],
    // A script cannot read it otherwise.
    exposedHeaders: ['Retry-After'],
    strictPreflight: false,
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  })
  admit(server, budget)
  readBodies(server, config.apiMaxBodyBytes)
  answerErrors(server, config.apiMaxBodyBytes)
  server.addHook('onResponse', async (request, reply) => {
    metrics.answered(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000)
  })

  const track = tracker(dependencies, composer(config))
  addTrackRoute(server, track, config.apiMaxEvents)
  addCollectRoutes(server, track)
  addTrackerRoutes(server)
  return server
}
