import { hostname } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { refusal } from '../answer-schemas.ts'
import { typeNameOf } from './compose.ts'
import { KEPT_CHARACTERS, type LiveEvent, LiveEventsAnswer, PayloadAnswer, RefusalsAnswer } from './live-answers.ts'
import type { LiveEvents } from './live-events.ts'
import { documentOf, lineFactsOf } from './live-line.ts'
import type { LiveEntry } from './live-watch.ts'
import type { Refusals } from './refusals.ts'
import { MAX_ID_BYTES } from './schema.ts'

const text = (description: string) => Type.Optional(Type.String({ maxLength: MAX_ID_BYTES, description }))
const AFTER = text(
  '`cursor` of the answer before: only events that arrived since. Without it, those that arrive from now on.',
)

const FAULTY_QUERY = refusal('The query is not as described.')

const EventsQuery = Type.Object({
  after: AFTER,
  source: text('Only events of this source.'),
  session: text('Only events of this session.'),
  type: text('Only events of this type, as it is stored: in lower case, spaces as "-".'),
  payload: Type.Optional(Type.Boolean({ description: 'Whether each event has its document.' })),
})
/** Events that arrive, and refused calls, for those who look at them. */
export function addLiveRoutes(operators: FastifyInstance, live: LiveEvents, refusals: Refusals): void {
  const process_ = `${hostname()}:${process.pid}`
  operators.get<{ Querystring: Static<typeof EventsQuery> }>(
    '/console/events',
    {
      schema: {
        summary: 'A sample of the events that arrive',
        querystring: EventsQuery,
        response: { 200: LiveEventsAnswer, 409: refusal('Too many filters are watched already.'), 422: FAULTY_QUERY },
      },
    },
    async ({ query: { after, payload = false, source, session, type } }) => {
      const filter = { source, session, type: type === undefined ? undefined : typeNameOf(type.trim()) }
      const nothing = { cursor: '', isRestarted: false, seen: 0, sampledOut: 0, overwritten: 0, entries: [] }
      const { entries, ...page } = live.isOn ? live.page(filter, after) : nothing
      const events = entries.map((entry) => eventOf(entry, payload))
      return { isOn: live.isOn, process: process_, ...page, events } satisfies LiveEventsAnswer
    },
  )
  operators.get<{ Querystring: { key: string } }>(
    '/console/events/payload',
    {
      schema: {
        summary: 'The document of one event of the sample',
        querystring: Type.Object({ key: Type.String({ maxLength: MAX_ID_BYTES }) }),
        response: { 200: PayloadAnswer, 404: refusal('The event has left the sample.'), 422: FAULTY_QUERY },
      },
    },
    async ({ query: { key } }, reply) => {
      const entry = live.entry(key)
      if (entry === undefined) return reply.code(404).send({ detail: 'The event has left the sample' })
      return payloadOf(entry)
    },
  )
  operators.get<{ Querystring: { after?: string } }>(
    '/console/refusals',
    {
      schema: {
        summary: 'The latest refused calls',
        querystring: Type.Object({ after: text('`cursor` of the answer before: only what changed since.') }),
        response: { 200: RefusalsAnswer, 422: FAULTY_QUERY },
      },
    },
    async ({ query: { after } }) => {
      const { groups, ...page } = refusals.page(after)
      return {
        showsEvents: live.isOn,
        process: process_,
        ...page,
        refusals: groups.map(({ firstAtMs, lastAtMs, ...group }) => ({
          ...group,
          firstAt: new Date(firstAtMs).toISOString(),
          lastAt: new Date(lastAtMs).toISOString(),
        })),
      } satisfies RefusalsAnswer
    },
  )
}

function eventOf(entry: LiveEntry, hasPayload: boolean): LiveEvent {
  const { key, atMs, source, session, profile, characters, isStored } = entry
  return {
    ...{ key, receivedAt: new Date(atMs).toISOString(), source, session, profile, characters, isStored },
    ...lineFactsOf(entry),
    ...(hasPayload ? payloadOf(entry) : {}),
  }
}

function payloadOf(entry: LiveEntry): { payload: string; isCut: boolean } {
  return { payload: documentOf(entry), isCut: entry.characters > KEPT_CHARACTERS }
}
