import { isRawJSON } from '../exact-json.ts'
import { isFull, wrongKind } from './faults.ts'
import { type EventPayload, type Fault, MAX_EVENT_ID_BYTES, MAX_ID_BYTES, type TrackPayload } from './schema.ts'
import { structureFault } from './structure.ts'
import { isMoment } from './time.ts'

/** What is wrong with a value; the caller knows its place. */
type ValueFault = Pick<Fault, 'msg' | 'type'>
type Found = (loc: Fault['loc'], fault: ValueFault) => void

/** The faults of a call that the schema does not find: ids, moments, the structure of free-form data. It ends with the first that are not listed. */
export function semanticFaults(payload: TrackPayload): Fault[] {
  const faults: Fault[] = []
  const found: Found = (loc, fault) => faults.push({ loc: ['body', ...loc], ...fault })
  callFaults(payload, found)
  const seen = new Map<string, number>()
  for (const [index, event] of (payload.events ?? []).entries()) {
    if (isFull(faults)) break
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

/** @param found called with each fault and its place. */
function callFaults(payload: TrackPayload, found: Found): void {
  for (const key of ['source', 'session', 'profile'] as const) {
    const fault = idFault(payload[key]?.id)
    if (fault) found([key, 'id'], fault)
  }
  for (const key of ['session', 'profile', 'options'] as const) {
    const fault = numberFault(payload[key])
    if (fault) found([key], fault)
  }
  importFaults(payload, found)
  const sentAt = momentFault(payload.sentAt)
  if (sentAt) found(['sentAt'], sentAt)
  for (const key of ['context', 'properties', 'request'] as const) {
    const fault = dataFault(payload[key])
    if (fault) found([key], fault)
  }
}

/** Of what an import says about session and profile. */
function importFaults(payload: TrackPayload, found: Found): void {
  for (const [index, id] of (payload.profile?.ids ?? []).entries()) {
    const fault = idFault(id)
    if (fault) found(['profile', 'ids', index], fault)
  }
  for (const key of ['session', 'profile'] as const) {
    const metadata = payload[key]?.metadata
    const fault = numberFault(metadata)
    if (fault) found([key, 'metadata'], fault)
    timeFaults(metadata?.time, [key, 'metadata', 'time'], found)
  }
}

function eventFaults(event: EventPayload, found: Found): void {
  const faultOfId = idFault(event.id, MAX_EVENT_ID_BYTES)
  if (faultOfId) found(['id'], faultOfId)
  const faultOfType = idFault(event.type)
  if (faultOfType) found(['type'], faultOfType)
  for (const key of ['properties', 'context', 'options'] as const) {
    const fault = dataFault(event[key])
    if (fault) found([key], fault)
  }
  timeFaults(event.time, TIME, found)
}

interface Times {
  readonly insert?: string | number | null
  readonly create?: string | number | null
  readonly update?: string | number | null
}

const TIME = ['time'] as const

/** @param place of the times. */
function timeFaults(time: Times | null | undefined, place: readonly string[], found: Found): void {
  if (time === null || time === undefined) return
  const fault = numberFault(time)
  if (fault) found([...place], fault)
  for (const key of ['insert', 'create', 'update'] as const) {
    const fault = momentFault(time[key])
    if (fault) found([...place, key], fault)
  }
}

function momentFault(moment: string | number | null | undefined): ValueFault | undefined {
  const value = moment ?? ''
  if (value === '' || isMoment(value)) return undefined
  const msg =
    'Input should be a date and time between the years 1 and 9999, in ISO 8601, or seconds or milliseconds since 1970'
  return { msg, type: 'datetime_parsing' }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const CONTROL = /[\u0000-\u001f\u007f]/

/** What keeps a text from being an id; `undefined` for one that is blank. */
export function idFault(given: string | null | undefined, maxBytes = MAX_ID_BYTES): ValueFault | undefined {
  const id = given?.trim()
  if (!id) return undefined
  if (CONTROL.test(id) || !id.isWellFormed()) {
    return { msg: 'Control characters and lone surrogates are not allowed', type: 'string_characters' }
  }
  return id.length > maxBytes / 4 && Buffer.byteLength(id) > maxBytes
    ? { msg: `String should have at most ${maxBytes} bytes`, type: 'string_too_long' }
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
