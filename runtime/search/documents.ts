import { createHash } from 'node:crypto'

/**
 * The lines that go into `_bulk`: an action and a document. They are written once, at the edge, and reach Elasticsearch
 * unparsed. Every value of the client is stored as the client sent it; nothing of it can choose an index or an action.
 */

export type Json = Readonly<Record<string, unknown>>

/** An object with members as the text that `JSON.stringify` would make of it, without what Elasticsearch refuses. */
export class Verbatim {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What the events of one call have in common. */
export interface CallDocument {
  /** When the call was taken, as ISO 8601 in UTC. */
  readonly ingest: string
  readonly source: { readonly id: string }
  readonly session?: { readonly id: string; readonly start?: string }
  /** `ids` are those in other systems. */
  readonly profile?: { readonly id: string; readonly ids?: readonly string[] }
  /** The address of the client, as much of it as its source wants to have stored. */
  readonly ip?: string
  readonly utm?: Json
  readonly device?: Json
  readonly os?: Json
  readonly app?: Json
  readonly request?: Json
}

/** The same as text, written once for all events of the call. */
export interface CallText {
  /** Ends the `_id` of each event. */
  readonly sourceSuffix: string
  readonly ingest: string
  /** What follows the times of an event, in one piece. */
  readonly afterTimes: string
  readonly request: string
}

/** What an event has of its own. Moments are ISO 8601 in UTC, as `toISOString` writes them. */
export interface EventDocument {
  readonly id: string
  readonly type: string
  readonly name: string
  /** @default the time of arrival */
  readonly insert?: string | undefined
  readonly create?: string | undefined
  readonly update?: string | undefined
  /** The times as the client said them, where its clock is wrong. */
  readonly original?: object | undefined
  readonly properties?: Json | undefined
  readonly context?: Json | undefined
  readonly config?: Json | undefined
  /** The page. */
  readonly hit?: Json | undefined
  readonly tags?: { readonly values: readonly string[]; readonly count: number } | undefined
}

/** What a session began with, or the latest state of a profile. */
export interface StateDocument {
  readonly id: string
  readonly ids?: readonly string[]
  readonly metadata: {
    readonly time: {
      readonly update: string
      readonly insert?: string | undefined
      readonly create?: string | undefined
      readonly original?: object | undefined
    }
  }
  readonly source: { readonly id: string }
  readonly session?: { readonly id: string }
  readonly profile?: { readonly id: string }
  readonly utm?: Json
  readonly device?: Json
  readonly os?: Json
  readonly app?: Json
  readonly context?: Json
  readonly properties?: Json
}

/** A separator and 66 bits of a hash. Sources are few and named by operators, so no two of them share it. */
const SUFFIX_HASH_CHARACTERS = 11
/** An id of 512 bytes, with every byte escaped, and its quotes. */
const MAX_SOURCE_BYTES = 512 * 6 + 2
export const SOURCE_SUFFIX_BYTES = 1 + SUFFIX_HASH_CHARACTERS

/**
 * What makes an event id one of its source: `_id` is the id and this. So no source can claim the id of an event of another
 * source. It has a fixed length, so no two pairs of source and id have the same `_id`; and it is at the end, so that ids
 * which begin with their time stay in time order.
 */
export function sourceSuffix(sourceId: string): string {
  const known = suffixes.get(sourceId)
  if (known !== undefined) return known
  const suffix = `~${createHash('sha256').update(sourceId).digest('base64url').slice(0, SUFFIX_HASH_CHARACTERS)}`
  suffixes.set(sourceId, suffix)
  return suffix
}

const SOURCE = Buffer.from(',"source":{"id":')

/** The source in the lines of an event; empty when there is none. It is before everything in which a client names members. */
export function sourceIdOf(lines: Buffer): string {
  const at = lines.indexOf(SOURCE)
  const rest = at < 0 ? '' : lines.toString('utf8', at + SOURCE.length, at + SOURCE.length + MAX_SOURCE_BYTES)
  const [id = '""'] = /^"(?:[^"\\]|\\.)*"/.exec(rest) ?? []
  return JSON.parse(id) as string
}

/** The id that the client gave, or that was made for it, from the `_id` of its document. */
export function eventIdOf(documentId: string): string {
  return documentId.slice(0, -SOURCE_SUFFIX_BYTES)
}

/** Of sources that were authorized: as many as operators have named. */
const suffixes = new Map<string, string>()

export function callText(call: CallDocument): CallText {
  const { ingest, source, session, profile, ip, utm, device, os, app, request } = call
  const address = ip === undefined ? '' : `,"ip":${JSON.stringify(ip)}`
  const subject = `"source":${JSON.stringify(source)}${member('session', session)}${member('profile', profile)}${member('utm', utm)}${member('device', device)}${member('os', os)}${member('app', app)}`
  const afterTimes = `}${address}},${subject}`
  return { ingest, afterTimes, request: member('request', request), sourceSuffix: sourceSuffix(source.id) }
}

/**
 * `create` fails with 409 when the id exists already, so a repetition stores nothing more. Written piece by piece, not as one
 * object, because this is the work that the API does most: with the other steps of composing, 9.6 to 9.8 µs an event became 4.4
 * to 4.9 (bench/README.md, "Found by profiling"). A test compares it with `JSON.stringify` of the object.
 */
export function eventLines(index: string, event: EventDocument, call: CallText): string {
  const id = JSON.stringify(event.id)
  const { ingest } = call
  const time = `"insert":"${event.insert ?? ingest}","ingest":"${ingest}"${moment('create', event.create)}${moment('update', event.update)}${member('original', event.original)}`
  const head = `"id":${id},"type":${JSON.stringify(event.type)},"name":${JSON.stringify(event.name)},"metadata":{"time":{${time}${call.afterTimes}`
  const data = `${member('properties', event.properties)}${member('context', event.context)}${member('config', event.config)}`
  return `${createAction(index, `${id.slice(0, -1)}${call.sourceSuffix}"`)}{${head}${data}${call.request}${member('hit', event.hit)}${member('tags', event.tags)}}\n`
}

/** The line before an event, from its id as JSON. */
export function createAction(index: string, idJson: string): string {
  return `{"create":{"_index":"${index}","_id":${idJson}}}\n`
}

function moment(key: string, iso: string | undefined): string {
  return iso === undefined ? '' : `,"${key}":"${iso}"`
}

function member(key: string, value: object | undefined): string {
  if (value === undefined) return ''
  return `,"${key}":${value instanceof Verbatim ? value.text : JSON.stringify(value)}`
}

const VERSION = ',"version":'

/** With `external_gte` an older version never replaces a newer one, in any order of arrival. */
export function stateLines(index: string, document: StateDocument, version: number): string {
  const target = `{"index":{"_index":"${index}","_id":${JSON.stringify(document.id)}`
  return `${target}${VERSION}${version},"version_type":"external_gte"}}\n${JSON.stringify(document)}\n`
}

/** What the action line of a state says: which document it is for, and its version. */
export function readStateAction(line: string): { readonly key: string; readonly version: number } {
  const end = line.lastIndexOf(VERSION)
  return { key: line.slice(0, end), version: Number.parseInt(line.slice(end + VERSION.length), 10) }
}

const NEWLINE = 0x0a

/** Cuts lines into operations of two lines each. An incomplete pair at the end is an operation too, for its fault to show. */
export function* pairs(lines: Buffer): Generator<Buffer> {
  let start = 0
  while (start < lines.length) {
    const action = lines.indexOf(NEWLINE, start)
    const document = action < 0 ? -1 : lines.indexOf(NEWLINE, action + 1)
    const end = document < 0 ? lines.length : document + 1
    yield lines.subarray(start, end)
    start = end
  }
}
