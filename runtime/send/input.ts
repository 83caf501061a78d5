import { randomUUID } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'
import { AppError, messageOf } from '../errors.ts'
import { parseExactly } from '../exact-json.ts'
import type { Call, CallEvent } from './generate.ts'

/**
 * Calls from lines of JSON: a line is a whole call (it has `events`) or one event (it has `type`). Single events go
 * together into calls. What has no id gets one here, so that a repetition of the call stores nothing twice.
 *
 * @throws AppError `command_invalid` with the number of the line.
 */
export async function* readCalls(
  lines: AsyncIterable<string>,
  options: { readonly source: string; readonly eventsPerCall: number },
): AsyncGenerator<Call> {
  let gathered: CallEvent[] = []
  let number = 0
  for await (const line of lines) {
    number += 1
    if (line.trim() === '') continue
    const value = parseLine(line, number)
    if ('events' in value) yield callOf(value, options.source, number)
    else {
      gathered.push(eventOf(value, `line ${number}`))
      if (gathered.length >= options.eventsPerCall) {
        yield callOf({ events: gathered }, options.source, number)
        gathered = []
      }
    }
  }
  if (gathered.length > 0) yield callOf({ events: gathered }, options.source, number)
}

type Line = Readonly<Record<string, unknown>>

function parseLine(line: string, number: number): Line {
  let value: unknown
  try {
    value = parseExactly(line)
  } catch (error) {
    throw new AppError('command_invalid', `line ${number} is not JSON: ${messageOf(error)}`)
  }
  if (isObject(value) && ('events' in value || 'type' in value)) return value
  throw new AppError('command_invalid', `line ${number} is neither an event (with "type") nor a call (with "events")`)
}

/** Also session and profile get their ids here, or each repetition would be a visit of someone else. */
function callOf(value: Line, source: string, number: number): Call {
  const { events } = value
  if (!Array.isArray(events)) throw new AppError('command_invalid', `line ${number}: "events" is not a list`)
  return {
    ...value,
    source: (value['source'] as Call['source'] | null | undefined) ?? { id: source },
    session: withId(value['session'], randomUUID) as { id: string },
    profile: withId(value['profile'], randomUUID) as { id: string },
    events: events.map((event, index) => eventOf(event, `line ${number}: event ${index}`)),
  }
}

function eventOf(value: unknown, what: string): CallEvent {
  const event = isObject(value) ? value : {}
  if (typeof event['type'] !== 'string')
    throw new AppError('command_invalid', `${what} has no "type", which must be text`)
  return withId(event, uuidV7) as CallEvent
}

/** An id of the wrong type stays as it is, for the API to refuse: another in its place would hide the mistake. */
function withId(value: unknown, makeId: () => string): unknown {
  if (value !== null && value !== undefined && !isObject(value)) return value
  const id = value?.['id'] ?? ''
  return typeof id === 'string' && id.trim() === '' ? { ...value, id: makeId() } : value
}

function isObject(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
