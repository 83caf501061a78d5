import { AppError } from '../errors.ts'
import type { OutgoingMessage, Properties } from './port.ts'

/** The version of the message format that this code writes and reads. */
const VERSION = '1'

/**
 * What one message carries, written so that a worker never parses a document: lines that are ready for `_bulk`.
 * An event takes two lines, the `create` action and the document; so does the state of a session or profile (`index`).
 */
export interface Envelope {
  /** Number of events. */
  readonly events: number
  /** The lines of the events, each ended by a newline. */
  readonly eventLines: Buffer
  /** Number of session and profile states. */
  readonly states: number
  /** Their lines; `stateLines` may be empty. */
  readonly stateLines: Buffer
  /** When the API took the oldest event in it, in milliseconds since the epoch. */
  readonly receivedAtMs: number
}

/** Bytes, or one or more texts. They are never joined, because that would copy them again. */
type Lines = Buffer | string | readonly string[]

/** What goes into a message: an envelope, or lines that are still text. */
export interface Content {
  readonly events: number
  readonly eventLines: Lines
  readonly states: number
  readonly stateLines: Lines
  readonly receivedAtMs: number
}

/**
 * The message for the queue, of one or more contents: all events first, then all states. Properties: `v` version, `n`
 * events, `s` states, `b` bytes of the event lines, after which the state lines begin, `t` time of the earliest receipt in
 * milliseconds.
 */
export function encode(...contents: readonly Content[]): OutgoingMessage {
  return encodeInto(Buffer.allocUnsafe, contents)
}

/** @param allocate returns this many bytes, which then belong to the message. */
export function encodeInto(allocate: (bytes: number) => Buffer, contents: readonly Content[]): OutgoingMessage {
  const eventBytes = sum(contents, ({ eventLines }) => bytesOf(eventLines))
  const stateBytes = sum(contents, ({ stateLines }) => bytesOf(stateLines))
  // One buffer, written once: what is allocated outside of the heap makes the collector run.
  const payload = allocate(eventBytes + stateBytes)
  let offset = 0
  for (const { eventLines } of contents) offset += writeLines(eventLines, payload, offset)
  for (const { stateLines } of contents) offset += writeLines(stateLines, payload, offset)
  return {
    payload,
    properties: {
      v: VERSION,
      n: String(sum(contents, ({ events }) => events)),
      s: String(sum(contents, ({ states }) => states)),
      b: String(eventBytes),
      t: String(Math.min(...contents.map(({ receivedAtMs }) => receivedAtMs))),
    },
  }
}

/** @returns the number of bytes written. */
export function writeLines(lines: Lines, into: Buffer, offset: number): number {
  if (typeof lines === 'string') return into.write(lines, offset)
  if (Buffer.isBuffer(lines)) return lines.copy(into, offset)
  let end = offset
  for (const text of lines) end += into.write(text, end)
  return end - offset
}

function bytesOf(lines: Lines): number {
  if (typeof lines === 'string' || Buffer.isBuffer(lines)) return Buffer.byteLength(lines)
  return lines.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0)
}

function sum(contents: readonly Content[], of: (content: Content) => number): number {
  return contents.reduce((total, content) => total + of(content), 0)
}

/** Whether a newer worker can read the message. One without a version was never written by an API. */
export function isOfNewerVersion(properties: Properties): boolean {
  const version = count(properties['v'])
  return version > Number(VERSION)
}

/**
 * @throws AppError `message_malformed` when the properties do not fit the payload, or no API has written the message.
 */
export function decode(message: OutgoingMessage): Envelope {
  const { payload, properties } = message
  if (properties['v'] !== VERSION) {
    throw new AppError('message_malformed', `the version of the message is unknown: ${JSON.stringify(properties)}`)
  }
  const [events, states, bytes, receivedAtMs] = ['n', 's', 'b', 't'].map((key) => count(properties[key])) as [
    number,
    number,
    number,
    number,
  ]
  const fits = bytes <= payload.length && (payload.length === 0 || payload[payload.length - 1] === 0x0a)
  if (Number.isNaN(events + states + bytes + receivedAtMs) || !fits) {
    const seen = JSON.stringify(properties)
    throw new AppError('message_malformed', `the properties ${seen} do not fit a payload of ${payload.length} bytes`)
  }
  return {
    events,
    eventLines: payload.subarray(0, bytes),
    states,
    stateLines: payload.subarray(bytes),
    receivedAtMs,
  }
}

/** Events in a message by its properties; `undefined` if these do not say. */
export function eventsIn(properties: Properties): number | undefined {
  const events = count(properties['n'])
  return Number.isNaN(events) ? undefined : events
}

function count(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}
