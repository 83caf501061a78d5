import { AppError } from '../errors.ts'
import { pairs, readStateAction } from '../search/documents.ts'
import type { GuardResult, LinePosition } from '../search/line-guard.ts'
import { type Routing, shardOf } from '../search/shard-of.ts'
import type { InFlightMessage, OwnedOperations } from './settlement.ts'

/** The lines of a message. They stay in memory as long as a run refers to them. */
export interface Payload {
  readonly bytes: Buffer
  /** Number of its runs that wait in the pool. */
  waiting: number
}

/** The operations of one message for one lane. Their documents are never parsed, and copied only into a bulk. */
export interface Run {
  readonly payload: Payload
  /** The positions of its lines in the payload, in bytes: start and end of each stretch. Flat, because tens of thousands wait. */
  readonly spans: readonly number[]
  readonly bytes: number
  readonly count: number
  readonly kind: 'create' | 'index'
  /** Several messages when it is the latest state of many. */
  readonly owners: readonly OwnedOperations[]
  /** When its first operation began to wait, or was first refused, in milliseconds of a monotonic clock. */
  readonly sinceMs: number
}

/** The state of a session or profile. Only the latest of each document is worth a write. */
export interface StateRun extends Run {
  readonly key: string
  readonly version: number
}

/** A run and the lane that it belongs to. */
export interface RoutedRun {
  readonly index: string
  /** `undefined` while the shards of the index are not known. */
  readonly shard: number | undefined
  readonly run: Run | StateRun
}

/** Answers how an index spreads its documents; `undefined` when that is not known yet. */
export type RoutingOf = (index: string) => Routing | undefined

export interface IntakeOptions {
  readonly lines: { readonly eventLines: Buffer; readonly stateLines: Buffer }
  readonly found: Extract<GuardResult, { events: unknown }>
  readonly routingOf: RoutingOf
  /** Positions to be stored; all when it is `undefined`. */
  readonly open: ReadonlySet<number> | undefined
  readonly nowMs: number
}

/** Cuts a message into runs: its events of one lane are one run, each state is a run of its own. */
export function routedRuns(message: InFlightMessage, options: IntakeOptions): readonly RoutedRun[] {
  return eventRuns(message, options).concat(stateRuns(message, options))
}

/** The events of a lane, while they are being collected. */
interface Collected {
  readonly index: string
  readonly shard: number | undefined
  readonly spans: number[]
  readonly positions: number[]
  bytes: number
}

function eventRuns(message: InFlightMessage, options: IntakeOptions): readonly RoutedRun[] {
  const { lines, found, routingOf, open, nowMs } = options
  const payload: Payload = { bytes: lines.eventLines, waiting: 0 }
  const lanes: Collected[] = []
  const byIndex = new Map<string, Map<number | undefined, Collected>>()
  const laneOf = (event: LinePosition): Collected => {
    const { index } = event
    const shard = shardIn(event, payload.bytes, routingOf)
    const byShard = byIndex.get(index) ?? new Map<number | undefined, Collected>()
    const known = byShard.get(shard)
    if (known) return known
    const lane: Collected = { index, shard, spans: [], positions: [], bytes: 0 }
    byIndex.set(index, byShard.set(shard, lane))
    lanes.push(lane)
    return lane
  }
  found.events.forEach((event, position) => {
    if (open === undefined || open.has(position)) collect(laneOf(event), event, position)
  })
  return lanes.map(({ index, shard, spans, positions, bytes }) => {
    // Copies have no spare room. Runs wait long enough for the garbage collector to move them.
    const owners = [{ message, positions: positions.slice() }]
    const count = positions.length
    return {
      index,
      shard,
      run: { payload, spans: spans.slice(), bytes, count, kind: 'create', owners, sinceMs: nowMs },
    }
  })
}

function collect(lane: Collected, { start, end }: LinePosition, position: number): void {
  const { spans, positions } = lane
  if (spans.at(-1) === start) spans[spans.length - 1] = end
  else spans.push(start, end)
  positions.push(position)
  lane.bytes += end - start
}

function stateRuns(message: InFlightMessage, options: IntakeOptions): readonly RoutedRun[] {
  const { lines, found, routingOf, open, nowMs } = options
  return found.states.flatMap((state, number): RoutedRun[] => {
    const position = found.events.length + number
    if (open !== undefined && !open.has(position)) return []
    const shard = shardIn(state, lines.stateLines, routingOf)
    // A copy: a state waits longer than the events that came with it, and must not keep them in memory.
    const bytes = Buffer.from(lines.stateLines.subarray(state.start, state.end))
    const action = bytes.toString('utf8', 0, bytes.indexOf('\n'))
    const owners = [{ message, positions: [position] }]
    const run: StateRun = {
      ...readStateAction(action),
      payload: { bytes, waiting: 0 },
      spans: [0, bytes.length],
      bytes: bytes.length,
      count: 1,
      kind: 'index',
      owners,
      sinceMs: nowMs,
    }
    return [{ index: state.index, shard, run }]
  })
}

function shardIn({ index, idStart, idEnd }: LinePosition, lines: Buffer, routingOf: RoutingOf): number | undefined {
  const routing = routingOf(index)
  if (routing === undefined) return undefined
  return routing.shards === 1 ? 0 : shardOf(routing, lines, idStart, idEnd)
}

/**
 * Copies the lines of runs into a buffer of their size, one after the other.
 *
 * @throws AppError `lines_freed` when the payload of a run is gone. The buffer must not be sent then: it holds earlier content.
 */
export function copyLines(runs: readonly Run[], into: Buffer): void {
  let offset = 0
  for (const { payload, spans } of runs)
    for (let at = 0; at < spans.length; at += 2) offset += payload.bytes.copy(into, offset, spans[at], spans[at + 1])
  if (offset !== into.length)
    throw new AppError(
      'lines_freed',
      `the payload of an operation was freed before it was stored: ${offset} of ${into.length} bytes are left`,
    )
}

/** A copy of the lines of a run. */
export function linesOf(run: Run): Buffer {
  const lines = Buffer.allocUnsafe(run.bytes)
  copyLines([run], lines)
  return lines
}

/** A copy of the run in memory of its own, so that the rest of its message can be freed. */
export function compact(run: Run, sinceMs: number): Run {
  return { ...run, payload: { bytes: linesOf(run), waiting: 0 }, spans: [0, run.bytes], sinceMs }
}

/** The operations of a run one by one. */
export function singleOperations(run: Run): readonly Run[] {
  if (run.count === 1) return [run]
  const { kind, sinceMs } = run
  const [{ message, positions }] = run.owners as readonly [OwnedOperations]
  return [...pairs(linesOf(run))].map((lines, number) => {
    const owners = [{ message, positions: [positions[number] as number] }]
    const payload = { bytes: lines, waiting: 0 }
    return { payload, spans: [0, lines.length], bytes: lines.length, count: 1, kind, owners, sinceMs }
  })
}
