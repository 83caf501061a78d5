import { decode, encode } from '../../runtime/queue/message.ts'
import type { Delivery } from '../../runtime/queue/port.ts'
import { callText, eventLines, stateLines } from '../../runtime/search/documents.ts'
import { lineGuard } from '../../runtime/search/line-guard.ts'
import { type RoutedRun, type RoutingOf, routedRuns } from '../../runtime/worker/operations.ts'
import type { Settlement } from '../../runtime/worker/settlement.ts'

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

const guard = lineGuard({ indexPrefix: 'tracardi' })
const ONE_SHARD: RoutingOf = () => ({ shards: 1, routingShards: 1 })

/** The runs of a delivery, as a worker adds them to its pool. */
export function runsOf(
  settlement: Settlement,
  delivery: Delivery,
  { routingOf = ONE_SHARD, nowMs = 0 } = {},
): readonly RoutedRun[] {
  const lines = decode(delivery)
  const found = guard(lines)
  if (found.fault !== undefined) throw new Error(found.fault)
  const open = settlement.openPositions(delivery)
  const operations = open?.size ?? found.events.length + found.states.length
  const message = settlement.begin(delivery, lines.receivedAtMs, operations)
  return routedRuns(message, { lines, found, routingOf, open, nowMs })
}
