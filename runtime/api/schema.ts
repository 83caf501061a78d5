import { type Static, type TSchema, Type } from 'typebox'
import { SOURCE_SUFFIX_BYTES } from '../search/documents.ts'

/**
 * The schemas of the HTTP contract: Fastify validates with them, and the OpenAPI document is made of them. Keys that are
 * not named are ignored, as Tracardi does.
 */

/** The longest `_id` that Elasticsearch takes, in bytes. */
export const MAX_ID_BYTES = 512
/** Of an event, whose `_id` carries its source as well. */
export const MAX_EVENT_ID_BYTES = MAX_ID_BYTES - SOURCE_SUFFIX_BYTES
export const MAX_TAGS = 100
const MAX_PROFILE_IDS = 100

/** Tracardi accepts null for every optional field. */
const nullable = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [(schema as unknown as { type: string }).type, 'null'] })

const freeForm = (description: string) =>
  nullable(Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', additionalProperties: true, description }))

const optionalId = nullable(Type.String({ maxLength: MAX_ID_BYTES }))
const MOMENT_FORMS =
  'ISO 8601, `2026-11-22 13:45:00` (UTC where no zone is named), or a number since 1970: up to 20,000,000,000 seconds, beyond that milliseconds.'
const moment = (what: string) =>
  Type.Optional(
    Type.Unsafe<string | number | null>({ type: ['string', 'number', 'null'], description: `${what} ${MOMENT_FORMS}` }),
  )

const times = (what: string) =>
  Type.Optional(
    nullable(
      Type.Object({
        insert: moment(`When ${what} began.`),
        create: moment(`When ${what} was created.`),
      }),
    ),
  )
/** For imports. */
const metadata = (what: string) => Type.Optional(nullable(Type.Object({ time: times(what) })))

export const Event = Type.Object({
  type: Type.String({ pattern: '\\S', maxLength: MAX_ID_BYTES, description: 'Stored in lower case, spaces as "-".' }),
  id: Type.Optional(
    nullable(
      Type.String({
        maxLength: MAX_EVENT_ID_BYTES,
        description:
          'Unique among all events of its source, preferably a UUIDv7: an event that arrives again with its id is stored once.',
      }),
    ),
  ),
  time: Type.Optional(
    nullable(
      Type.Object({
        insert: moment('When it happened, for imports; by default the time of arrival.'),
        create: moment('When the client registered it.'),
        update: moment('When it was changed.'),
      }),
    ),
  ),
  properties: Type.Optional(freeForm('The data of the event; any JSON.')),
  context: Type.Optional(freeForm('Where it happened; any JSON.')),
  options: Type.Optional(freeForm('`saveEvent: false` keeps the event from being stored.')),
  tags: Type.Optional(nullable(Type.Array(Type.String({ maxLength: MAX_ID_BYTES }), { maxItems: MAX_TAGS }))),
})

export type EventPayload = Static<typeof Event>

const callFields = {
  source: Type.Object({ id: Type.String({ pattern: '\\S', maxLength: MAX_ID_BYTES }) }),
  session: Type.Optional(nullable(Type.Object({ id: Type.Optional(optionalId), metadata: metadata('the session') }))),
  profile: Type.Optional(
    nullable(
      Type.Object({
        id: Type.Optional(optionalId),
        ids: Type.Optional(
          nullable(
            Type.Array(Type.String({ maxLength: MAX_ID_BYTES }), {
              maxItems: MAX_PROFILE_IDS,
              description:
                'Ids of the profile in other systems. Kept with each event of the call, and with the profile.',
            }),
          ),
        ),
        metadata: metadata('the profile'),
      }),
    ),
  ),
  context: Type.Optional(freeForm('Kept with the session.')),
  properties: Type.Optional(freeForm('Kept with the session.')),
  request: Type.Optional(freeForm('Kept with each event, not searchable.')),
  sentAt: moment(
    'The time of the client when it sends the call, for each try again. If it differs by more than a minute from the time of arrival, the times of the call are corrected by the difference.',
  ),
  options: Type.Optional(freeForm('`saveEvents`, `saveSession`, `saveProfile`: false keeps them from being stored.')),
}

/** A call whose events are not looked at. */
export const callSchema = Type.Object({
  ...callFields,
  events: Type.Optional(nullable(Type.Array(Type.Unknown()))),
})

/** @param maxEvents maximum number of events in one call. */
export function trackSchema(maxEvents: number) {
  return Type.Object({
    ...callFields,
    events: Type.Optional(nullable(Type.Array(Event, { maxItems: maxEvents }))),
  })
}

export type TrackPayload = Static<ReturnType<typeof trackSchema>>

const Identified = Type.Object({ id: Type.String() })

export const TrackAnswer = Type.Object(
  {
    task: Type.Array(Type.String(), { description: 'Id of this call.' }),
    ux: Type.Array(Type.Unknown()),
    response: Type.Object({}, { additionalProperties: true }),
    events: Type.Array(Type.Unknown()),
    profile: Type.Unsafe<{ id: string } | null>({ ...Identified, type: ['object', 'null'] }),
    session: Type.Unsafe<{ id: string } | null>({ ...Identified, type: ['object', 'null'] }),
    errors: Type.Array(Type.String()),
    warnings: Type.Array(Type.String()),
  },
  { description: 'Every event of the call is durable.' },
)

export type TrackAnswer = Static<typeof TrackAnswer>

export const Fault = Type.Object({
  loc: Type.Array(Type.Union([Type.String(), Type.Integer()]), {
    description: 'Where: `["body", "events", 2, "type"]`.',
  }),
  msg: Type.String(),
  type: Type.String(),
})

export type Fault = Static<typeof Fault>

export const Faults = Type.Object(
  { detail: Type.Array(Fault) },
  { description: 'The call has faults; none of its events is accepted.' },
)

export const CollectParams = Type.Object({
  event_type: Type.String({ pattern: '\\S', maxLength: MAX_ID_BYTES }),
  source_id: Type.String({ maxLength: MAX_ID_BYTES }),
})

export const SessionCollectParams = Type.Object({
  ...CollectParams.properties,
  session_id: Type.String({ maxLength: MAX_ID_BYTES }),
})

export type CollectParams = Static<typeof CollectParams> & Partial<Static<typeof SessionCollectParams>>

export const CollectBody = Type.Object({}, { additionalProperties: true, description: 'The properties of the event.' })

/** What Pulsar calls a namespace or topic; nothing that would mean another path of its admin API. */
const queueName = Type.String({ pattern: '^(?!\\.{1,2}$)[-=:.\\w]+$' })
export const BacklogParams = Type.Object({ namespace: queueName, topic: queueName })
export const BacklogQuery = Type.Object({ detail: Type.Optional(Type.Boolean()) })

const entry = {
  partition: Type.String(),
  subscription: Type.String(),
  count: Type.Integer({ description: 'Messages that are not yet acknowledged.' }),
}
const detail = {
  events: Type.Optional(Type.Integer({ description: 'Events in them; with `?detail=true`, like all that follows.' })),
  eventsExact: Type.Optional(Type.Boolean({ description: 'Counted one by one, or the mean of a sample.' })),
  bytes: Type.Optional(Type.Integer()),
  oldestAgeSeconds: Type.Optional(Type.Number()),
  messagesInPerSecond: Type.Optional(Type.Number()),
  messagesOutPerSecond: Type.Optional(Type.Number()),
  secondsToDrain: Type.Optional(
    Type.Unsafe<number | null>({ type: ['number', 'null'], description: 'At the present rates; null while it grows.' }),
  ),
}

export const BacklogAnswer = Type.Object(
  {
    total: Type.Integer(),
    ...detail,
    backlog: Type.Array(Type.Object({ ...entry, ...detail })),
  },
  { description: 'The backlog of each partition and subscription, and the sum.' },
)
