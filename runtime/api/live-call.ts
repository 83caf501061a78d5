import { Verbatim } from '../search/documents.ts'
import { type Composed, isKept, typeNameOf } from './compose.ts'
import type { LiveCall } from './live-watch.ts'
import type { EventPayload, TrackPayload } from './schema.ts'

/** What those who watch may see of a call. */
export function liveCallOf(payload: TrackPayload, composed: Composed, atMs: number): LiveCall {
  const { parts, notStored, sessionId: session, profileId: profile } = composed
  const [first, ...more] = parts
  const unstored = notStored === 0 ? [] : (payload.events ?? []).filter((event) => !isKept(payload, event))
  return {
    ...{ atMs, source: payload.source.id.trim(), session, profile },
    lines: more.length === 0 ? (first?.eventLines ?? []) : parts.flatMap(({ eventLines }) => eventLines),
    unstored: unstored.map((event) => () => unstoredLine(event, atMs)),
  }
}

/** In the form of `eventLines`, without an action. Numbers that JavaScript cannot hold are rounded: it is only looked at. */
function unstoredLine({ id, type, properties, context, tags }: EventPayload, atMs: number): string {
  const name = type.trim()
  const metadata = { time: { insert: new Date(atMs).toISOString() } }
  const head = { id: id?.trim() ?? '', type: typeNameOf(name), name, metadata }
  return `\n${JSON.stringify({ ...head, properties, context, tags }, (_key, value) => (value instanceof Verbatim ? JSON.parse(value.text) : value))}\n`
}
