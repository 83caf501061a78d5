import { v7 as uuidV7 } from 'uuid'
import type { Config } from '../config.ts'
import { CANARY_SOURCE, type Indices, indicesOf } from '../names.ts'
import {
  type CallText,
  callText,
  type EventDocument,
  eventLines,
  type Json,
  stateLines,
  Verbatim,
} from '../search/documents.ts'
import { indexNamer, partitionTimeMs } from '../search/indices.ts'
import { UTM_FIELDS } from '../search/templates.ts'
import { type CorrectedTimes, correctedTimes, type Skew, skewOf } from './client-clock.ts'
import { type Derived, derivedOf, hitOf, isStorableText, sessionStart } from './derived.ts'
import { NOTHING, type Origin } from './origin.ts'
import { Packer, type Part } from './packer.ts'
import type { EventPayload, Fault, TrackPayload } from './schema.ts'
import { semanticFaults } from './semantics.ts'
import { type Subject, type SubjectRules, subjectOf, TRUSTING } from './subject.ts'
import { isoOf } from './time.ts'
import { warningsOf } from './warnings.ts'

export interface Composed {
  readonly parts: readonly Part[]
  readonly bytes: number
  /** Events of the call, the ones that are not to be stored among them. */
  readonly events: number
  /** Events of which the call says that they are not to be stored. */
  readonly notStored: number
  readonly profileId: string | null
  readonly sessionId: string | null
  /** What the call says that has no effect. */
  readonly warnings: readonly string[]
}

export type Composition =
  | { readonly kind: 'composed'; readonly composed: Composed }
  /** Nothing of the call is taken; each fault is listed. */
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] }
  /** One document is larger than a message may be, or all of them together than a call may make them. */
  | { readonly kind: 'too_large'; readonly detail: string }

export interface Composer {
  /** @default rules a source that trusts the ids of its callers */
  compose(payload: TrackPayload, nowMs: number, rules?: SubjectRules, origin?: Origin): Composition
  /** The same in steps of some milliseconds each, so that others get their turn during a large call. */
  steps(
    payload: TrackPayload,
    nowMs: number,
    rules?: SubjectRules,
    origin?: Origin,
  ): Generator<undefined, Composition, void>
}

type ComposerConfig = Pick<
  Config,
  | 'indexPrefix'
  | 'eventPartitioning'
  | 'eventIdWindowHours'
  | 'messageMaxBytes'
  | 'messageMaxEvents'
  | 'bulkSize'
  | 'apiMaxBodyBytes'
>

/** What one step writes of a large call. */
const STEP_BYTES = 128 * 1024
/** Maximum added to each event: ids, times, names. */
const ADDED_BYTES = 4 * 1024

/** Turns a call into the lines that will be stored. Everything about a document is decided here, once, and travels with it. */
export function composer(config: ComposerConfig): Composer {
  const indices = indicesOf(config)
  const limits = {
    bytes: config.messageMaxBytes,
    // A bulk never cuts a message, so a message must fit into one.
    events: Math.min(config.messageMaxEvents, config.bulkSize),
  }
  // Each event carries the `request` of the call: without a limit a small body could become a thousand large documents.
  const totalBytesFor = (events: number) => 2 * config.apiMaxBodyBytes + events * ADDED_BYTES
  const windowMs = config.eventIdWindowHours * 3600 * 1000
  const indexOf = indexNamer(indices.event, config.eventPartitioning)
  const indexFor = (sourceId: string, id: string, nowMs: number) =>
    sourceId === CANARY_SOURCE ? indices.canary : indexOf(partitionTimeMs(id, nowMs, windowMs))

  function* pack(
    payload: TrackPayload,
    subject: Subject,
    origin: Origin,
    nowMs: number,
  ): Generator<undefined, Packer, void> {
    const events = payload.events ?? []
    const packer = new Packer({ ...limits, totalBytes: totalBytesFor(events.length) }, nowMs)
    const facts = factsOf(payload, subject, origin, nowMs)
    const call = textOfCall(payload, facts, origin)
    const sourceId = payload.source.id.trim()
    let pausedAtBytes = 0
    for (const [index, event] of events.entries()) {
      if (packer.tooLarge) return packer
      if (!isKept(payload, event)) continue
      const document = eventDocument(event, facts.skew, origin.derives)
      packer.addEvent(eventLines(indexFor(sourceId, document.id, nowMs), document, call), `event ${index}`)
      if (packer.bytes - pausedAtBytes > STEP_BYTES) {
        pausedAtBytes = packer.bytes
        yield
      }
    }
    for (const [what, lines] of stateEntries(indices, payload, facts)) packer.addState(lines, what)
    return packer
  }

  function* steps(
    payload: TrackPayload,
    nowMs: number,
    rules = TRUSTING,
    origin = NOTHING,
  ): ReturnType<Composer['steps']> {
    const faults = semanticFaults(payload)
    if (faults.length > 0) return { kind: 'faulty', faults }
    const subject = subjectOf(payload, rules)
    const warnings = warningsOf(payload, subject)
    const packer = yield* pack(payload, subject, origin, nowMs)
    if (packer.tooLarge) return { kind: 'too_large', detail: packer.tooLarge }
    const { bytes } = packer
    const events = payload.events?.length ?? 0
    const parts = packer.parts()
    const notStored = events - parts.reduce((sum, part) => sum + part.events, 0)
    return { kind: 'composed', composed: { parts, bytes, events, notStored, warnings, ...subject } }
  }

  return {
    steps,
    compose: (payload, nowMs, rules, origin) => {
      const all = steps(payload, nowMs, rules, origin)
      let step = all.next()
      while (!step.done) step = all.next()
      return step.value
    },
  }
}

/** Tracardi's documents write both names for a call; only a real false counts. */
export function isKept({ options }: Pick<TrackPayload, 'options'>, event: EventPayload): boolean {
  return options?.['saveEvents'] !== false && options?.['saveEvent'] !== false && event.options?.['saveEvent'] !== false
}

/** What its events and its states say of a call. */
interface CallFacts extends Subject {
  readonly nowMs: number
  readonly skew: Skew | undefined
  /** Of the profile, in other systems. */
  readonly ids: readonly string[] | undefined
  readonly utm: Json | undefined
  readonly derived: Derived
}

function factsOf(payload: TrackPayload, subject: Subject, { derives, agent }: Origin, nowMs: number): CallFacts {
  const skew = skewOf(payload.sentAt, nowMs)
  const derived = derives ? derivedOf(payload, agent) : {}
  return { ...subject, nowMs, skew, ids: idsOf(payload), utm: campaignOf(payload), derived }
}

function textOfCall(
  payload: TrackPayload,
  { nowMs, skew, profileId, sessionId, ids, utm, derived }: CallFacts,
  { ip, headers, derives }: Origin,
): CallText {
  const request = filled(payload.request)
  const start =
    derives && sessionId !== null ? sessionStart(givenTimes(payload.session, skew), sessionId, nowMs) : undefined
  return callText({
    ingest: new Date(nowMs).toISOString(),
    source: { id: payload.source.id.trim() },
    ...(sessionId === null ? {} : { session: { id: sessionId, ...optional('start', start) } }),
    ...(profileId === null ? {} : { profile: { id: profileId, ...optional('ids', ids) } }),
    ...optional('ip', ip),
    ...optional('utm', utm),
    ...derived,
    ...optional('request', headers === undefined ? request : { ...request, headers }),
  })
}

function eventDocument(
  { id, type, time, properties, context, options, tags }: EventPayload,
  skew: Skew | undefined,
  derives: boolean,
): EventDocument {
  const name = type.trim()
  const given = { insert: momentOf(time?.insert), create: momentOf(time?.create), update: momentOf(time?.update) }
  const times = correctedTimes(given, skew)
  return {
    id: id?.trim() || uuidV7(),
    type: typeNameOf(name),
    name,
    insert: times.insert,
    create: times.create,
    update: times.update,
    original: times.original,
    properties: filled(properties),
    context: filled(context),
    config: filled(options),
    hit: derives ? hitOf(context as Json | Verbatim | null | undefined) : undefined,
    tags: tags && tags.length > 0 ? { values: tags, count: tags.length } : undefined,
  }
}

/** The type of an event as it is stored, from the name that the client gave it. */
export function typeNameOf(name: string): string {
  return name.toLowerCase().replaceAll(/\s+/g, '-')
}

/** The known texts of `context.utm`, which Tracardi's index has as fields. Whatever else is in it stays in the context. */
function campaignOf({ context }: TrackPayload): Json | undefined {
  const utm = context?.['utm'] as Json | null | undefined
  if (typeof utm !== 'object' || utm === null) return undefined
  const fields = UTM_FIELDS.filter((name) => isStorableText(utm[name]))
  return fields.length === 0 ? undefined : Object.fromEntries(fields.map((name) => [name, utm[name]]))
}

/** 10^14 ms is the year 5138. Three of them have 15 digits, as many as a worker accepts. */
const MOMENTS = 1e14

/**
 * Of the states of a session the one with the highest version stays, in any order. That is the earliest one with a
 * campaign, otherwise the earliest one with any data, otherwise the earliest one (docs/adr/0020).
 */
function sessionVersion({ context, properties, session }: TrackPayload, { nowMs, utm }: CallFacts): number {
  const hasData = filled(context) ?? filled(properties) ?? session?.metadata
  const rank = utm ? 2 : hasData ? 1 : 0
  return rank * MOMENTS + (MOMENTS - 1 - nowMs)
}

/** What a session began with, and the latest state of a profile, whose version is the time of arrival. */
function* stateEntries(indices: Indices, payload: TrackPayload, facts: CallFacts): Generator<[string, string]> {
  const { nowMs, skew, profileId, sessionId, ids, utm, derived } = facts
  if (profileId === null || sessionId === null) return
  const update = new Date(nowMs).toISOString()
  const source = { id: payload.source.id.trim() }
  if (payload.options?.['saveSession'] !== false) {
    const state = {
      metadata: { time: { ...givenTimes(payload.session, skew), update } },
      source,
      id: sessionId,
      profile: { id: profileId },
      ...optional('utm', utm),
      ...derived,
      ...optional('context', filled(payload.context)),
      ...optional('properties', filled(payload.properties)),
    }
    yield ['the session', stateLines(indices.session, state, sessionVersion(payload, facts))]
  }
  if (payload.options?.['saveProfile'] !== false) {
    const state = {
      metadata: { time: { ...givenTimes(payload.profile, skew), update } },
      source,
      id: profileId,
      ...optional('ids', ids),
      session: { id: sessionId },
    }
    yield ['the profile', stateLines(indices.profile, state, nowMs)]
  }
}

function idsOf({ profile }: TrackPayload): readonly string[] | undefined {
  const ids = (profile?.ids ?? []).map((id) => id.trim()).filter(Boolean)
  return ids.length === 0 ? undefined : ids
}

/** The times of an imported session or profile. */
function givenTimes(
  given: TrackPayload['session'] | TrackPayload['profile'],
  skew: Skew | undefined,
): Pick<CorrectedTimes, 'insert' | 'create' | 'original'> {
  const { insert, create } = given?.metadata?.time ?? {}
  return correctedTimes({ ...optional('insert', momentOf(insert)), ...optional('create', momentOf(create)) }, skew)
}

function momentOf(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : isoOf(value)
}

function filled(value: Json | null | undefined): Json | undefined {
  return value && (value instanceof Verbatim || Object.keys(value).length > 0) ? value : undefined
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V })
}
