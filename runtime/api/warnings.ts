import type { EventPayload, TrackPayload } from './schema.ts'
import { passOf, type Subject } from './subject.ts'

/** An answer lists at most this many. */
const MAX_WARNINGS = 10
/** What is repeated of a key that the client chose. */
const MAX_KEY_CHARACTERS = 50

interface Keys {
  readonly isKnown: (key: string) => boolean
  /** The keys that have a meaning. */
  readonly shown: string
}

/** @param silent keys that Tracardi's clients always send, and that mean nothing here. */
function keysOf(shown: readonly string[], ...silent: readonly string[]): Keys {
  const known = new Set([...shown, ...silent])
  return { isKnown: (key) => known.has(key), shown: shown.join(', ') }
}

const KEYS = {
  call: keysOf(
    ['source', 'session', 'profile', 'context', 'properties', 'request', 'options', 'sentAt', 'events'],
    ...['metadata', 'device', 'profile_less', 'debug'],
  ),
  source: keysOf(['id'], 'name'),
  session: keysOf(['id', 'metadata']),
  profile: keysOf(['id', 'ids', 'metadata']),
  // Each event is looked at. A switch takes half the time of a set: 0.02 µs an event instead of 0.05.
  event: { isKnown: isKeyOfEvent, shown: 'type, id, time, properties, context, options, tags' },
  time: { isKnown: isKeyOfTime, shown: 'insert, create, update' },
} satisfies Record<string, Keys>

function isKeyOfEvent(key: string): boolean {
  switch (key) {
    case 'type':
    case 'id':
    case 'time':
    case 'properties':
    case 'context':
    case 'options':
    case 'tags':
    case 'metadata':
    case 'async':
      return true
    default:
      return false
  }
}

function isKeyOfTime(key: string): boolean {
  return key === 'create' || key === 'insert' || key === 'update'
}

/** What Tracardi knows in a place and this API does not, where a call uses it: each has a row in docs/from-tracardi.md. */
const NOT_SUPPORTED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'profile.primary_id': 'profiles are not merged',
    'options.debugger': 'the answer never has the ids of events',
    'options.profile': 'the answer has the id of the profile, and nothing else of it',
    'options.scheduledFlowId': 'there are no workflows',
    'options.scheduledNodeId': 'there are no workflows',
    'event.options.async': 'there are no workflows that an answer could wait for',
    'event.options.source_id': 'every event of a call has the source of the call',
  }),
)

/**
 * What a call says that has no effect: keys that nobody knows, which are often misspelled, and what of Tracardi is deliberately not
 * supported. A list that is full ends the search.
 */
export function warningsOf(payload: TrackPayload, subject: Subject): string[] {
  const warnings = new Set<string>()
  unknownKeys(payload, 'call', KEYS.call, warnings)
  unknownKeys(payload.source, 'source', KEYS.source, warnings)
  for (const place of ['session', 'profile'] as const) {
    const found: object | null | undefined = payload[place]
    if (found) unknownKeys(found, place, KEYS[place], warnings)
  }
  callOptions(payload, warnings)
  pass(payload, subject, warnings)
  for (const event of payload.events ?? []) {
    if (warnings.size >= MAX_WARNINGS) break
    eventWarnings(event, warnings)
  }
  return [...warnings].slice(0, MAX_WARNINGS)
}

function eventWarnings(event: EventPayload, warnings: Set<string>): void {
  for (const key in event) if (!isKeyOfEvent(key)) unknown('event', key, KEYS.event, warnings)
  const { time, options } = event
  if (time) for (const key in time) if (!isKeyOfTime(key)) unknown('event.time', key, KEYS.time, warnings)
  if (!options) return
  if (options['async'] === false) notSupported('event.options.async', warnings)
  if (options['source_id'] !== undefined) notSupported('event.options.source_id', warnings)
}

function callOptions({ options }: TrackPayload, warnings: Set<string>): void {
  if (!options) return
  for (const key of ['debugger', 'profile']) if (options[key] === true) notSupported(`options.${key}`, warnings)
  for (const key of ['scheduledFlowId', 'scheduledNodeId']) if (options[key]) notSupported(`options.${key}`, warnings)
}

function pass(payload: TrackPayload, { profileId }: Subject, warnings: Set<string>): void {
  const passed = passOf(payload)?.profile
  if (typeof passed !== 'string' || passed.trim() === '' || passed.trim() === profileId) return
  warnings.add(
    '"context.tracardi.pass" has no effect: its "source" is not a source of this API, its "profile" is not an id, or the source of the call does not trust profile ids',
  )
}

function unknownKeys(found: object, place: string, keys: Keys, warnings: Set<string>): void {
  for (const key in found) if (!keys.isKnown(key)) unknown(place, key, keys, warnings)
}

function unknown(place: string, key: string, keys: Keys, warnings: Set<string>): void {
  const path = place === 'call' ? key : `${place}.${key}`
  const shown = path.length > MAX_KEY_CHARACTERS ? `${path.slice(0, MAX_KEY_CHARACTERS)}…` : path
  if (NOT_SUPPORTED.has(path)) notSupported(path, warnings)
  else if (warnings.size < MAX_WARNINGS)
    warnings.add(`"${shown}" is unknown and was ignored; known here are ${keys.shown}`)
}

function notSupported(path: string, warnings: Set<string>): void {
  warnings.add(`"${path}" has no effect: ${NOT_SUPPORTED.get(path)}`)
}
