import { hostname } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { refusal } from '../answer-schemas.ts'
import { typeNameOf } from './compose.ts'
import type { LiveEvents } from './live-events.ts'
import { documentOf, lineFactsOf } from './live-line.ts'
import { KEPT_CHARACTERS, type LiveEntry, SHOWN_PER_SECOND } from './live-watch.ts'
import type { Refusals } from './refusals.ts'
import { MAX_ID_BYTES } from './schema.ts'

const text = (description: string) => Type.Optional(Type.String({ maxLength: MAX_ID_BYTES, description }))
const AFTER = text(
  '`cursor` of the answer before: only events that arrived since. Without it, those that arrive from now on.',
)

const EventsQuery = Type.Object({
  after: AFTER,
  source: text('Only events of this source.'),
  session: text('Only events of this session.'),
  type: text('Only events of this type, as it is stored: in lower case, spaces as "-".'),
  payload: Type.Optional(Type.Boolean({ description: 'Whether each event has its document.' })),
})
const PROCESS = Type.String({ description: 'Host and process id of the API whose calls these are.' })
const COUNT = (description: string) => Type.Integer({ description })
const WHEN = (description: string) => Type.String({ description: `${description} ISO 8601 in UTC.` })
const Id = Type.Unsafe<string | null>({ type: ['string', 'null'] })
const document = {
  payload: Type.Optional(Type.String({ description: 'The document as JSON, as it is stored.' })),
  isCut: Type.Optional(
    Type.Boolean({ description: `Only the first ${KEPT_CHARACTERS} characters of its lines are kept.` }),
  ),
}

export const LiveEvent = Type.Object({
  key: Type.String({ description: 'For `GET /console/events/payload`.' }),
  receivedAt: WHEN('When the API took its call.'),
  source: Type.String(),
  session: Id,
  profile: Id,
  type: Type.String(),
  id: Type.String({ description: 'Empty for an event without id that is not to be stored.' }),
  time: WHEN('When it happened.'),
  characters: COUNT('Size of its lines.'),
  isStored: Type.Boolean({ description: 'False where the call says that it is not to be stored.' }),
  ...document,
})

const LiveEventsAnswer = Type.Object(
  {
    isOn: Type.Boolean({ description: 'Whether API_LIVE_EVENTS is set; nothing is shown otherwise.' }),
    process: PROCESS,
    cursor: Type.String({ description: 'For `after` of the next call, within 15 s.' }),
    isRestarted: Type.Boolean({ description: 'Nothing is known of the time since `after`.' }),
    seen: COUNT('Events that arrived since `after` and fit the filter: those below and the next two.'),
    sampledOut: COUNT(`Omitted, because more than ${SHOWN_PER_SECOND} arrived in a second.`),
    overwritten: COUNT('Left the sample before this call.'),
    events: Type.Array(LiveEvent, { description: 'The oldest first.' }),
  },
  { description: 'A sample of the events that were answered 200 since `after`.' },
)
const PayloadAnswer = Type.Object(document, { description: 'The document of one event.' })

const RefusalsAnswer = Type.Object(
  {
    process: PROCESS,
    cursor: Type.String({ description: 'For `after` of the next call.' }),
    isRestarted: Type.Boolean({ description: '`after` is of another process.' }),
    total: COUNT('Refused calls since the process began.'),
    refusals: Type.Array(
      Type.Object({
        number: COUNT('Of this group of calls.'),
        status: COUNT('0 where the connection ended before any route saw the call.'),
        reason: Type.String(),
        source: Type.String({ description: 'That the call named, whether or not it exists; may be empty.' }),
        origin: Type.String({ description: 'Of the page; empty where no browser sent it.' }),
        route: Type.String(),
        client: Type.String({ description: 'Address of the latest.' }),
        count: COUNT('Calls that are alike in everything but the client.'),
        firstAt: WHEN('The first.'),
        lastAt: WHEN('The latest.'),
      }),
      { description: 'The latest first, at most 100.' },
    ),
  },
  { description: 'The latest refused calls.' },
)

export type LiveEvent = Static<typeof LiveEvent>
export type LiveEventsAnswer = Static<typeof LiveEventsAnswer>
export type RefusalsAnswer = Static<typeof RefusalsAnswer>

/** Events that arrive, and refused calls, for those who look at them. */
export function addLiveRoutes(operators: FastifyInstance, live: LiveEvents, refusals: Refusals): void {
  const process_ = `${hostname()}:${process.pid}`
  operators.get<{ Querystring: Static<typeof EventsQuery> }>(
    '/console/events',
    {
      schema: {
        summary: 'A sample of the events that arrive',
        querystring: EventsQuery,
        response: { 200: LiveEventsAnswer, 409: refusal('Too many filters are watched already.') },
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
        response: { 200: PayloadAnswer, 404: refusal('The event has left the sample.') },
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
        response: { 200: RefusalsAnswer },
      },
    },
    async ({ query: { after } }) => {
      const { groups, ...page } = refusals.page(after)
      return {
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
