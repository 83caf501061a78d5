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

/**
 * The message for the queue. Properties: `v` version, `n` events, `s` states, `b` bytes of the event lines, after which
 * the state lines begin, `t` time of receipt in milliseconds.
 */
export function encode(envelope: Envelope): OutgoingMessage {
  const { events, eventLines, states, stateLines, receivedAtMs } = envelope
  return {
    payload: states === 0 ? eventLines : Buffer.concat([eventLines, stateLines]),
    properties: {
      v: VERSION,
      n: String(events),
      s: String(states),
      b: String(eventLines.length),
      t: String(receivedAtMs),
    },
  }
}

/** Whether this code can read the message; a newer worker may read one that this one cannot. */
export function isReadable(properties: Properties): boolean {
  return properties['v'] === VERSION
}

/**
 * @throws AppError `message_malformed` when the properties do not fit the payload.
 */
export function decode(message: OutgoingMessage): Envelope {
  const { payload, properties } = message
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

function count(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}
