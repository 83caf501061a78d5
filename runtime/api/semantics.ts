import { isRawJSON } from '../exact-json.ts'
import { overlongFault, wrongKind } from './faults.ts'
import { type EventPayload, type Fault, MAX_ID_BYTES, MAX_TAGS, type TrackPayload } from './schema.ts'
import { structureFault } from './structure.ts'
import { isMoment } from './time.ts'

/** Lists that are too long: looked for before the schema, which would tell every fault of every item. */
export function lengthFaults(body: unknown, maxEvents: number): Fault[] {
  const events = (body as { events?: unknown } | null | undefined)?.events
  const tooMany = overlongFault(['body', 'events'], events, maxEvents)
  if (tooMany) return [tooMany]
  if (!Array.isArray(events)) return []
  return events.flatMap((event, index) => {
    const tags = (event as { tags?: unknown } | null | undefined)?.tags
    return overlongFault(['body', 'events', index, 'tags'], tags, MAX_TAGS) ?? []
  })
}

/** What is wrong with a value; where it stands is known to whoever looks. */
type ValueFault = Pick<Fault, 'msg' | 'type'>
type Found = (loc: Fault['loc'], fault: ValueFault) => void

/** Every fault of a call that the schema cannot tell: ids, moments, the structure of free-form data. */
export function semanticFaults(payload: TrackPayload): Fault[] {
  const faults: Fault[] = []
  const found: Found = (loc, fault) => faults.push({ loc: ['body', ...loc], ...fault })
  callFaults(payload, found)
  const seen = new Map<string, number>()
  for (const [index, event] of (payload.events ?? []).entries()) {
    // Places are written for faults alone: nearly every event has none.
    eventFaults(event, (loc, fault) => found(['events', index, ...loc], fault))
    const id = event.id?.trim()
    if (!id) continue
    const first = seen.get(id)
    if (first === undefined) seen.set(id, index)
    else {
      const msg = `Event id is the same as that of event ${first}; each event needs an id of its own`
      found(['events', index, 'id'], { msg, type: 'duplicate_id' })
    }
  }
  return faults
}

/** @param found told of each fault and of its place. */
function callFaults(payload: TrackPayload, found: Found): void {
  for (const key of ['source', 'session', 'profile'] as const) {
    const fault = idFault(payload[key]?.id)
    if (fault) found([key, 'id'], fault)
  }
  for (const key of ['session', 'profile', 'options'] as const) {
    const fault = numberFault(payload[key])
    if (fault) found([key], fault)
  }
  for (const key of ['context', 'properties', 'request'] as const) {
    const fault = dataFault(payload[key])
    if (fault) found([key], fault)
  }
}

function eventFaults(event: EventPayload, found: Found): void {
  for (const key of ['id', 'type'] as const) {
    const fault = idFault(event[key])
    if (fault) found([key], fault)
  }
  for (const key of ['properties', 'context', 'options'] as const) {
    const fault = dataFault(event[key])
    if (fault) found([key], fault)
  }
  const { time } = event
  if (time === null || time === undefined) return
  const fault = numberFault(time)
  if (fault) found(['time'], fault)
  for (const key of ['insert', 'create', 'update'] as const) {
    const value = time[key] ?? ''
    if (value === '' || isMoment(value)) continue
    const msg = 'Input should be a date and time between the years 1 and 9999, in ISO 8601, or milliseconds since 1970'
    found(['time', key], { msg, type: 'datetime_parsing' })
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const CONTROL = /[\u0000-\u001f\u007f]/

function idFault(given: string | null | undefined): ValueFault | undefined {
  const id = given?.trim()
  if (!id) return undefined
  if (CONTROL.test(id) || !id.isWellFormed()) {
    return { msg: 'Control characters and lone surrogates are not allowed', type: 'string_characters' }
  }
  return id.length > MAX_ID_BYTES / 4 && Buffer.byteLength(id) > MAX_ID_BYTES
    ? { msg: `String should have at most ${MAX_ID_BYTES} bytes`, type: 'string_too_long' }
    : undefined
}

/** A number that is kept as its text is an object to the schema. */
function numberFault(value: unknown): ValueFault | undefined {
  return isRawJSON(value) ? wrongKind('object') : undefined
}

function dataFault(data: unknown): ValueFault | undefined {
  if (data === null || data === undefined) return undefined
  const number = numberFault(data)
  if (number) return number
  const fault = structureFault(data)
  return fault === undefined ? undefined : { msg: `Data cannot be stored: ${fault}`, type: 'data_structure' }
}
