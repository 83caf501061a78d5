import { decode, encode } from '../../runtime/queue/message.ts'
import type { Delivery } from '../../runtime/queue/port.ts'
import { callText, eventLines, stateLines } from '../../runtime/search/documents.ts'
import { Claim, type Taken } from '../../runtime/worker/operations.ts'

const INDEX = 'tracardi-event-2026-11'
const CALL = callText({ ingest: '2026-11-22T10:00:00.000Z', source: { id: 'my-source' } })

export function eventOf(id: string): string {
  return eventLines(INDEX, { id, type: 'page-view', name: 'page-view' }, CALL)
}

export function sessionOf(id: string, version: number): string {
  const metadata = { time: { update: new Date(version).toISOString() } }
  return stateLines('tracardi-session', { id, metadata, source: { id: 'my-source' } }, version)
}

/** A delivery of events with these ids, and of these session states. */
export function deliveryOf(id: string, events: readonly string[], states: readonly string[] = []): Delivery {
  const message = encode({
    events: events.length,
    eventLines: Buffer.from(events.map(eventOf).join('')),
    states: states.length,
    stateLines: Buffer.from(states.join('')),
    receivedAtMs: 1_795_341_600_000,
  })
  return { id, ...message, publishedAtMs: 1_795_341_600_001 }
}

export function takenOf(id: string, events: readonly string[], states: readonly string[] = []): Taken {
  const delivery = deliveryOf(id, events, states)
  const envelope = decode(delivery)
  return { claim: new Claim(delivery.id, envelope.receivedAtMs), envelope }
}
