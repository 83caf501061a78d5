import { isRawJSON } from '../exact-json.ts'
import { overlongFault, wrongKind } from './faults.ts'
import { type EventPayload, type Fault, MAX_ID_BYTES, MAX_TAGS, type TrackPayload } from './schema.ts'
import { structureFault } from './structure.ts'
import { parseMoment } from './time.ts'

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

/** Every fault of a call that the schema cannot tell: ids, moments, the structure of free-form data. */
export function semanticFaults(payload: TrackPayload): Fault[] {
  const faults: Fault[] = []
  const body = ['body'] as const
  idFault(faults, [...body, 'source', 'id'], payload.source.id)
  idFault(faults, [...body, 'session', 'id'], payload.session?.id)
  idFault(faults, [...body, 'profile', 'id'], payload.profile?.id)
  for (const key of ['session', 'profile', 'options'] as const) numberFault(faults, [...body, key], payload[key])
  for (const key of ['context', 'properties', 'request'] as const) dataFault(faults, [...body, key], payload[key])
  const seen = new Map<string, number>()
  for (const [index, event] of (payload.events ?? []).entries()) {
    eventFaults(faults, [...body, 'events', index], event)
    const id = event.id?.trim()
    if (!id) continue
    const first = seen.get(id)
    if (first === undefined) seen.set(id, index)
    else {
      const msg = `Event id is the same as that of event ${first}; each event needs an id of its own`
      faults.push({ loc: [...body, 'events', index, 'id'], msg, type: 'duplicate_id' })
    }
  }
  return faults
}

type Location = readonly (string | number)[]

function eventFaults(faults: Fault[], loc: Location, event: EventPayload): void {
  idFault(faults, [...loc, 'id'], event.id)
  idFault(faults, [...loc, 'type'], event.type)
  for (const key of ['properties', 'context', 'options'] as const) dataFault(faults, [...loc, key], event[key])
  numberFault(faults, [...loc, 'time'], event.time)
  for (const key of ['insert', 'create', 'update'] as const) {
    const value = event.time?.[key] ?? ''
    if (value === '' || parseMoment(value) !== undefined) continue
    const msg = 'Input should be a date and time between the years 1 and 9999, in ISO 8601, or milliseconds since 1970'
    faults.push({ loc: [...loc, 'time', key], msg, type: 'datetime_parsing' })
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const CONTROL = /[\u0000-\u001f\u007f]/

function idFault(faults: Fault[], loc: Location, given: string | null | undefined): void {
  const id = given?.trim()
  if (!id) return
  if (CONTROL.test(id) || !id.isWellFormed()) {
    faults.push({
      loc: [...loc],
      msg: 'Control characters and lone surrogates are not allowed',
      type: 'string_characters',
    })
  } else if (id.length > MAX_ID_BYTES / 4 && Buffer.byteLength(id) > MAX_ID_BYTES) {
    faults.push({ loc: [...loc], msg: `String should have at most ${MAX_ID_BYTES} bytes`, type: 'string_too_long' })
  }
}

/** A number that is kept as its text is an object to the schema. */
function numberFault(faults: Fault[], loc: Location, value: unknown): boolean {
  if (!isRawJSON(value)) return false
  faults.push({ loc: [...loc], ...wrongKind('object') })
  return true
}

function dataFault(faults: Fault[], loc: Location, data: unknown): void {
  if (numberFault(faults, loc, data)) return
  const fault = structureFault(data)
  if (fault) faults.push({ loc: [...loc], msg: `Data cannot be stored: ${fault}`, type: 'data_structure' })
}
