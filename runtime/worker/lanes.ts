import { Lane, type Size } from './lane.ts'
import { compact, type RoutedRun, type Run } from './operations.ts'

/** All lanes, and the totals of their waiting operations. */
export class Lanes {
  readonly #lanes = new Set<Lane>()
  /** By index, and in it by shard. */
  readonly #byIndex = new Map<string, Map<number | undefined, Lane>>()
  /** Lanes with retries or of unknown shards. Usually there are none. */
  readonly #apart = new Set<Lane>()
  readonly #unknown = new Set<Lane>()
  readonly #timeoutMs: number
  /** Lanes of events. */
  ofEvents = 0
  /** Operations that wait for a retry or for a closed lane. */
  retrying = 0
  /** Events that wait. */
  readonly events: Size = { operations: 0, bytes: 0 }
  /** States that wait. */
  readonly states: Size = { operations: 0, bytes: 0 }
  /** Memory that waiting operations hold, in bytes, retries included. A payload is held until its last operation has left. */
  payloadBytes = 0
  /** When the first lane is due, in milliseconds; infinite when nothing waits. */
  dueAtMs = Number.POSITIVE_INFINITY

  /** @param timeoutMs maximum wait of an operation for its bulk. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  get count(): number {
    return this.#lanes.size
  }

  all(): Iterable<Lane> {
    return this.#lanes
  }

  /** Lanes that may need a bulk outside of the slots. */
  apart(): Iterable<Lane> {
    return this.#apart
  }

  add({ index, shard, run }: RoutedRun, nowMs: number): void {
    const lane = this.#laneOf(index, shard, 'key' in run)
    if (lane.trouble) {
      this.#setAside(lane, [run], nowMs)
      return
    }
    if (shard !== undefined) this.#know(index)
    this.#keep(run)
    const { operations, bytes } = lane.size
    const replaced = lane.add(run)
    if (replaced) this.#drop(replaced)
    this.#count(lane, operations, bytes)
    if (operations > 0) return
    lane.dueAtMs = nowMs + this.#timeoutMs
    this.dueAtMs = Math.min(this.dueAtMs, lane.dueAtMs)
  }

  take(lane: Lane, room: Size): readonly Run[] {
    const { operations, bytes } = lane.size
    const runs = lane.take(room)
    for (const run of runs) this.#drop(run)
    this.#count(lane, operations, bytes)
    lane.dueAtMs = lane.sinceMs + this.#timeoutMs
    return runs
  }

  takeRetries(lane: Lane, room: Size): readonly Run[] {
    const runs = lane.takeRetries(room)
    this.#dropRetries(runs)
    return runs
  }

  /** Puts operations in front of the retries that already wait. */
  retryLater(lane: Lane, runs: readonly Run[]): void {
    for (const run of runs) this.#keep(run)
    lane.retries.unshift(...runs)
    this.retrying += countIn(runs)
    this.#apart.add(lane)
  }

  /** Removes the expired retries and returns them. */
  takeExpired(lane: Lane, isExpired: (run: Run, index: number) => boolean): readonly Run[] {
    const expired = lane.retries.filter(isExpired)
    if (expired.length > 0) {
      const gone = new Set(expired)
      lane.retries = lane.retries.filter((run) => !gone.has(run))
      this.#dropRetries(expired)
    }
    return expired
  }

  /** Moves everything that waits in a lane that has closed to its retries. */
  setAside(lane: Lane, nowMs: number): void {
    if (lane.size.operations > 0) this.#setAside(lane, this.take(lane, { ...lane.size }), nowMs)
  }

  #setAside(lane: Lane, runs: readonly Run[], nowMs: number): void {
    const compacted = runs.map((run) => compact(run, nowMs))
    for (const run of compacted) this.#keep(run)
    lane.retries.push(...compacted)
    this.retrying += countIn(compacted)
    this.#apart.add(lane)
  }

  /** Makes waiting states due at this time at the latest. */
  hastenStates(dueAtMs: number): void {
    for (const lane of this.#lanes.values())
      if (lane.isOfStates && lane.size.operations > 0) lane.dueAtMs = Math.min(lane.dueAtMs, dueAtMs)
  }

  /** Finds the next due time and removes idle lanes. Call it after a bulk was cut or answered. */
  review(nowMs: number, rememberTroubleMs: number): void {
    this.dueAtMs = Number.POSITIVE_INFINITY
    for (const lane of this.#lanes) {
      this.dueAtMs = Math.min(this.dueAtMs, lane.dueAtMs)
      if (lane.retries.length === 0 && lane.isKnown) this.#apart.delete(lane)
      if (!lane.isIdle || (lane.trouble && nowMs - lane.refusedAtMs < rememberTroubleMs)) continue
      this.#lanes.delete(lane)
      if (!lane.isOfStates) this.ofEvents -= 1
      const others = this.#byIndex.get(lane.index)
      others?.delete(lane.shard)
      if (others?.size === 0) this.#byIndex.delete(lane.index)
      this.#apart.delete(lane)
      this.#unknown.delete(lane)
    }
  }

  #laneOf(index: string, shard: number | undefined, isOfStates: boolean): Lane {
    const lanes = this.#byIndex.get(index) ?? new Map<number | undefined, Lane>()
    const known = lanes.get(shard)
    if (known) return known
    const lane = new Lane(index, shard, isOfStates)
    this.#lanes.add(lane)
    if (!isOfStates) this.ofEvents += 1
    this.#byIndex.set(index, lanes.set(shard, lane))
    if (shard === undefined) {
      this.#apart.add(lane)
      this.#unknown.add(lane)
    }
    return lane
  }

  /** Lets the lane from before the shards of the index were known share bulks. */
  #know(index: string): void {
    for (const lane of this.#unknown) {
      if (lane.index !== index) continue
      lane.isKnown = true
      this.#unknown.delete(lane)
    }
  }

  /** @param operations what the lane had before, as `bytes`. */
  #count({ size, isOfStates }: Lane, operations: number, bytes: number): void {
    const total = isOfStates ? this.states : this.events
    total.operations += size.operations - operations
    total.bytes += size.bytes - bytes
  }

  #dropRetries(runs: readonly Run[]): void {
    this.retrying -= countIn(runs)
    for (const run of runs) this.#drop(run)
  }

  #keep({ payload }: Run): void {
    if (payload.waiting === 0) this.payloadBytes += payload.bytes.length
    payload.waiting += 1
  }

  #drop({ payload }: Run): void {
    payload.waiting -= 1
    if (payload.waiting === 0) this.payloadBytes -= payload.bytes.length
  }
}

function countIn(runs: readonly Run[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0)
}
