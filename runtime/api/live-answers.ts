import { type Static, Type } from 'typebox'

/** What operators are answered about calls: the routes send it, `tail` and the console show it. */

const PROCESS = Type.String({ description: 'Host and process id of the API whose calls these are.' })
const COUNT = (description: string) => Type.Integer({ description })
const WHEN = (description: string) => Type.String({ description: `${description} ISO 8601 in UTC.` })
const Id = Type.Unsafe<string | null>({ type: ['string', 'null'] })
/** More than a person can read in a second; a filter seldom leaves more. */
export const SHOWN_PER_SECOND = 200
/** Maximum kept of one event. */
export const KEPT_CHARACTERS = 64 * 1024

const document = {
  payload: Type.Optional(Type.String({ description: 'The document as JSON, as it is stored.' })),
  isCut: Type.Optional(
    Type.Boolean({ description: `Only the first ${KEPT_CHARACTERS} characters of its lines are kept.` }),
  ),
}

const LiveEvent = Type.Object({
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

export const LiveEventsAnswer = Type.Object(
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
export const PayloadAnswer = Type.Object(document, { description: 'The document of one event.' })

export const RefusalsAnswer = Type.Object(
  {
    showsEvents: Type.Boolean({ description: 'Whether API_LIVE_EVENTS is set.' }),
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

export type PayloadAnswer = Static<typeof PayloadAnswer>
