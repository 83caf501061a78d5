import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refusal } from '../answer-schemas.ts'
import { limited } from './faults.ts'
import { FaultyCall } from './refused.ts'
import {
  CollectBody,
  CollectParams,
  Faults,
  SessionCollectParams,
  TrackAnswer,
  type TrackPayload,
  trackSchema,
} from './schema.ts'
import type { Authorize } from './sender.ts'
import type { Track } from './track.ts'
import { callValidator } from './validate.ts'

/**
 * Of the types that are taken, the OpenAPI document lists JSON: generated clients need no other. openapi-python-client 0.29 makes code
 * that does not run where a body has several.
 */
const consumes = ['application/json']
const TRACK_TYPES = 'The JSON may also be sent as `text/plain`, or without a type.'
const COLLECT_TYPES =
  'The body may be empty, JSON sent as `text/plain` or without a type, a form (`application/x-www-form-urlencoded`), or a ping (`text/ping`).'
const RETRY_AFTER = { 'Retry-After': { type: 'integer', description: 'Seconds to wait.' } }
const response = {
  200: TrackAnswer,
  401: refusal('The source is unknown or disabled, or its secret is missing or wrong.'),
  403: refusal('A page of this origin may not send for the source, or the source refuses bots.'),
  413: refusal(
    'The body is too large, expands to too much, or has too many values; or its stored events would be too large.',
  ),
  415: refusal('The body is of an unknown type or encoding.'),
  422: Faults,
  429: {
    ...refusal('A limit is reached: of memory, of calls of one address, or of the source.'),
    headers: RETRY_AFTER,
  },
  503: {
    ...refusal(
      'The events are not durable: Pulsar gave no receipt, refused them, or does not confirm that they would be read.',
    ),
    headers: RETRY_AFTER,
  },
}

export function addTrackRoute(server: FastifyInstance, track: Track, maxEvents: number): void {
  const faultsOfCall = callValidator(maxEvents)
  server.post<{ Body: TrackPayload }>(
    '/track',
    {
      config: { sourceInBody: true },
      schema: {
        ...{ operationId: 'track', summary: 'Accepts the events of one profile', description: TRACK_TYPES },
        ...{ consumes, body: trackSchema(maxEvents), response },
      },
      // The schema above documents; its validator would list every fault of every event.
      validatorCompiler: () => () => true,
      preValidation: async (request) => {
        const faults = faultsOfCall(request.body)
        if (faults.length > 0) throw new FaultyCall(limited(faults))
      },
    },
    (request) => track(request, request.body, { profileLess: false }),
  )
}

/** `/collect/{event_type}/{source_id}[/{session_id}]`, for webhooks. Call it with a server that reads forms. */
export function addCollectRoutes(server: FastifyInstance, track: Track, authorize: Authorize): void {
  // Before the body is read: the path names the source.
  const preParsing = async (request: FastifyRequest): Promise<void> => {
    authorize(request, (request.params as CollectParams).source_id.trim())
  }
  // A webhook may have nothing to say except that it happened.
  const preValidation = async (request: FastifyRequest): Promise<void> => {
    if (request.body === undefined) request.body = {}
  }
  const collect = (request: FastifyRequest, properties: unknown) => {
    const { event_type: type, source_id: sourceId, session_id: sessionId } = request.params as CollectParams
    const payload = {
      source: { id: sourceId },
      ...(sessionId === undefined ? {} : { session: { id: sessionId } }),
      events: [{ type, properties: properties as Record<string, unknown> }],
    }
    return track(request, payload, { profileLess: !sessionId?.trim() })
  }
  const routes = [
    { url: '/collect/:event_type/:source_id', params: CollectParams, name: 'collect' },
    { url: '/collect/:event_type/:source_id/:session_id', params: SessionCollectParams, name: 'collectInSession' },
  ]
  for (const { url, params, name } of routes) {
    const posted = {
      operationId: name,
      ...{ summary: 'Accepts one event; its properties are the body', description: COLLECT_TYPES },
      consumes,
    }
    server.post(
      url,
      { preParsing, preValidation, schema: { ...posted, body: CollectBody, params, response } },
      (request) => collect(request, request.body),
    )
    const got = { operationId: `${name}Query`, summary: 'Accepts one event; its properties are the query' }
    server.get(url, { preParsing, schema: { ...got, params, response } }, (request) =>
      collect(request, { ...(request.query as object) }),
    )
  }
}
