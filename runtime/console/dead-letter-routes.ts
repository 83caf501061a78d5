import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { refusal } from '../answer-schemas.ts'
import { AT_ONCE, type DeadLetterDesk } from './dead-letters.ts'
import type { LetterFilter } from './letter.ts'

/** A thousand ids of the longest kind. */
const BODY_LIMIT_BYTES = 256 * 1024
const MAX_TEXT = 1024

const text = (description: string) => Type.Optional(Type.String({ maxLength: MAX_TEXT, description }))
const filter = {
  fault: text('Only those with this fault.'),
  source: text('Only those of this source; empty: those that name none.'),
  type: text('Only those of this type; empty: those that name none, as sessions and profiles.'),
}
const Filter = Type.Object(filter)
const Ids = Type.Array(Type.String({ maxLength: MAX_TEXT }), { minItems: 1, maxItems: AT_ONCE })
/** A call without a body means all. */
const Selection = Type.Unsafe<LetterFilter | null>({
  ...Type.Object({ ...filter, ids: Type.Optional(Ids) }),
  type: ['object', 'null'],
})
const Drop = Type.Object({ ids: Ids })

const counts = Type.Array(Type.Object({ name: Type.String(), count: Type.Integer() }))
const View = Type.Object(
  {
    deadLetters: Type.Array(
      Type.Object({
        id: Type.String({ description: 'Names it, while it waits.' }),
        failedAt: Type.String({ description: 'ISO 8601 in UTC; empty when it is unknown.' }),
        fault: Type.String(),
        reason: Type.String(),
        status: Type.Integer({ description: 'Of Elasticsearch; 0 when there is none.' }),
        source: Type.String({ description: 'Empty when it names none.' }),
        type: Type.String({ description: 'Of the event; empty when it names none.' }),
        session: Type.String({ description: 'Empty when it names none.' }),
        operation: Type.String(),
        bytes: Type.Integer(),
        payload: Type.String({ description: 'Its first 8 KiB.' }),
        isCut: Type.Boolean(),
      }),
      { description: 'The oldest that fit, at most 50.' },
    ),
    matching: Type.Integer({ description: 'All that fit, of those that were read.' }),
    read: Type.Integer({ description: 'All that wait, at most 5,000.' }),
    counts: Type.Object(
      { fault: counts, source: counts, type: counts },
      { description: 'Of all that were read, the most frequent first.' },
    ),
  },
  { description: 'Dead letters; none is removed.' },
)
const Replayed = Type.Object(
  {
    replayed: Type.Integer({ description: 'Published again.' }),
    refused: Type.Integer({ description: 'That Pulsar does not take; they still wait.' }),
    reason: Type.Optional(Type.String({ description: 'Why, of the first.' })),
  },
  { description: 'What became of the dead letters.' },
)
const Exported = Type.Object(
  { ids: Type.Array(Type.String()), lines: Type.String({ description: 'One JSON object per line.' }) },
  { description: `At most ${AT_ONCE} dead letters; none is removed.` },
)
const Dropped = Type.Object({ dropped: Type.Integer() }, { description: 'Number that is gone.' })

const failures = {
  409: refusal('Another call reads or replays the dead letters.'),
  502: refusal('Pulsar does not answer, or refuses.'),
}
const bodyFailures = {
  ...failures,
  413: refusal(`The body of the call is larger than ${BODY_LIMIT_BYTES} bytes.`),
  415: refusal('The call has a body of an unknown type.'),
  422: refusal('The body of the call is not as described.'),
}

/** Dead letters: looking at them, replaying, exporting and dropping chosen ones. */
export function addDeadLetterRoutes(operators: FastifyInstance, desk: DeadLetterDesk): void {
  operators.get<{ Querystring: Static<typeof Filter> }>(
    '/console/dead-letters',
    {
      schema: {
        summary: 'The oldest dead letters, and counts of all; none is removed',
        querystring: Filter,
        response: { 200: View, ...failures, 422: refusal('The query is not as described.') },
      },
    },
    ({ query }) => desk.look({ ...query }),
  )
  operators.post<{ Body: LetterFilter | null }>(
    '/console/dead-letters/replay',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: `Publishes at most ${AT_ONCE} dead letters again`,
        body: Selection,
        response: { 200: Replayed, ...bodyFailures },
      },
    },
    async (request) => {
      const outcome = await desk.replay(request.body ?? {})
      request.log.info(outcome, 'dead letters were replayed from the console')
      return outcome
    },
  )
  operators.post<{ Body: LetterFilter | null }>(
    '/console/dead-letters/export',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'Dead letters as JSON lines, with all that is needed to publish them again; none is removed',
        body: Selection,
        response: { 200: Exported, ...bodyFailures },
      },
    },
    (request) => desk.export(request.body ?? {}),
  )
  operators.post<{ Body: Static<typeof Drop> }>(
    '/console/dead-letters/drop',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'Drops the dead letters with these ids permanently; export them before',
        body: Drop,
        response: { 200: Dropped, ...bodyFailures },
      },
    },
    async (request) => {
      const dropped = await desk.drop(request.body.ids)
      request.log.warn({ dropped }, 'dead letters were dropped from the console')
      return { dropped }
    },
  )
}
