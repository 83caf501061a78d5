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

/** Consecutive operations for one lane. Their documents are never parsed, and copied only into a bulk. */
export interface Run {
  readonly payload: Payload
  /** Where its lines begin and end in the payload, in bytes. */
  readonly start: number
  readonly end: number
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

/** Cuts a message into runs: consecutive events of one lane are one run, each state is a run of its own. */
export function routedRuns(message: InFlightMessage, options: IntakeOptions): readonly RoutedRun[] {
  return eventRuns(message, options).concat(stateRuns(message, options))
}

function eventRuns(message: InFlightMessage, options: IntakeOptions): readonly RoutedRun[] {
  const { lines, found, routingOf, open, nowMs } = options
  const runs: RoutedRun[] = []
  const payload: Payload = { bytes: lines.eventLines, waiting: 0 }
  const { events } = found
  const shards = events.map((event) => shardIn(event, payload.bytes, routingOf))
  for (let first = 0; first < events.length; ) {
    const { index, start } = events[first] as LinePosition
    const shard = shards[first]
    let next = first + 1
    if (open !== undefined && !open.has(first)) {
      first = next
      continue
    }
    while (next < events.length && shards[next] === shard && events[next]?.index === index && (open?.has(next) ?? true))
      next += 1
    const count = next - first
    const { end } = events[next - 1] as LinePosition
    const owners = [{ message, first, count }]
    runs.push({ index, shard, run: { payload, start, end, count, kind: 'create', owners, sinceMs: nowMs } })
    first = next
  }
  return runs
}

function stateRuns(message: InFlightMessage, options: IntakeOptions): readonly RoutedRun[] {
  const { lines, found, routingOf, open, nowMs } = options
  return found.states.flatMap((state, number): RoutedRun[] => {
    const first = found.events.length + number
    if (open !== undefined && !open.has(first)) return []
    const shard = shardIn(state, lines.stateLines, routingOf)
    // A copy: a state waits longer than the events that came with it, and must not keep them in memory.
    const bytes = Buffer.from(lines.stateLines.subarray(state.start, state.end))
    const action = bytes.toString('utf8', 0, bytes.indexOf('\n'))
    const owners = [{ message, first, count: 1 }]
    const run: StateRun = {
      ...readStateAction(action),
      payload: { bytes, waiting: 0 },
      start: 0,
      end: bytes.length,
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

export function linesOf({ payload, start, end }: Run): Buffer {
  return payload.bytes.subarray(start, end)
}

/** A copy of the run in memory of its own, so that the rest of its message can be freed. */
export function compact(run: Run, sinceMs: number): Run {
  const bytes = Buffer.from(linesOf(run))
  return { ...run, payload: { bytes, waiting: 0 }, start: 0, end: bytes.length, sinceMs }
}

/** The operations of a run one by one. */
export function singleOperations(run: Run): readonly Run[] {
  if (run.count === 1) return [run]
  const { kind, sinceMs } = run
  const [{ message, first }] = run.owners as readonly [OwnedOperations]
  return [...pairs(linesOf(run))].map((bytes, number) => {
    const owners = [{ message, first: first + number, count: 1 }]
    return { payload: { bytes, waiting: 0 }, start: 0, end: bytes.length, count: 1, kind, owners, sinceMs }
  })
}
