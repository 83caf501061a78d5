import type { Lane } from './lane.ts'
import type { Run } from './operations.ts'

/** Why a bulk was sent: operators tune size, bytes and timeout by watching how these are spread. */
export type FlushReason = 'size' | 'bytes' | 'timeout' | 'drain'

/** The operations of one lane in a bulk. */
export interface BulkPart {
  readonly lane: Lane
  readonly runs: readonly Run[]
}

export interface Bulk {
  readonly parts: readonly BulkPart[]
  readonly reason: FlushReason | 'retry'
  readonly operations: number
  /** Whether it is of one lane, outside of the slots. */
  readonly isApart: boolean
  readonly sentAtMs: number
}

/**
 * A bulk in flight for longer than this, in milliseconds, is overdue. Elasticsearch answers within 2 s for an unassigned shard, and
 * never for a frozen node.
 */
const OVERDUE_MS = 5000

interface State {
  isOverdue: boolean
  /** It hangs while others are answered, so it takes no slot. */
  isDetached: boolean
}

/** The bulks in flight. */
export class BulksInFlight {
  readonly #bulks = new Map<Bulk, State>()
  #answeredSentAtMs = Number.NEGATIVE_INFINITY

  get count(): number {
    return this.#bulks.size
  }

  get slotsTaken(): number {
    return this.#count((bulk, { isDetached }) => !bulk.isApart && !isDetached)
  }

  get apartTaken(): number {
    return this.#count((bulk, { isOverdue }) => bulk.isApart && !isOverdue)
  }

  /** Bulks that are overdue in slots. */
  get overdueCount(): number {
    return this.#count(isOverdueInSlot)
  }

  /** Lanes of the bulks that are overdue in slots. */
  overdueLanes(): ReadonlySet<Lane> {
    const bulks = [...this.#bulks].filter(([bulk, state]) => isOverdueInSlot(bulk, state))
    return new Set(bulks.flatMap(([{ parts }]) => parts.map(({ lane }) => lane)))
  }

  begin(bulk: Bulk): void {
    this.#bulks.set(bulk, { isOverdue: false, isDetached: false })
    for (const { lane } of bulk.parts) {
      lane.inFlight += 1
      if (bulk.isApart) lane.isProbed = true
    }
  }

  end(bulk: Bulk): void {
    const isDetached = this.#bulks.get(bulk)?.isDetached
    this.#bulks.delete(bulk)
    for (const { lane } of bulk.parts) {
      lane.inFlight -= 1
      if (isDetached) lane.hanging -= 1
      if (bulk.isApart) lane.isProbed = false
    }
  }

  answered(bulk: Bulk): void {
    this.#answeredSentAtMs = Math.max(this.#answeredSentAtMs, bulk.sentAtMs)
    this.end(bulk)
  }

  /** Frees the slots of overdue bulks when a later bulk was answered. @returns these bulks. */
  detachHanging(nowMs: number): readonly Bulk[] {
    const detached: Bulk[] = []
    for (const [bulk, state] of this.#bulks) {
      state.isOverdue ||= nowMs - bulk.sentAtMs >= OVERDUE_MS
      if (!state.isOverdue || state.isDetached || bulk.isApart || this.#answeredSentAtMs <= bulk.sentAtMs) continue
      state.isDetached = true
      for (const { lane } of bulk.parts) lane.hanging += 1
      detached.push(bulk)
    }
    return detached
  }

  /** When the next bulk becomes overdue, in milliseconds; infinite when none does. */
  overdueAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY
    for (const [{ sentAtMs }, { isOverdue }] of this.#bulks)
      if (!isOverdue) atMs = Math.min(atMs, sentAtMs + OVERDUE_MS)
    return atMs
  }

  #count(holds: (bulk: Bulk, state: State) => boolean): number {
    let count = 0
    for (const [bulk, state] of this.#bulks) if (holds(bulk, state)) count += 1
    return count
  }
}

function isOverdueInSlot({ isApart }: Bulk, { isOverdue, isDetached }: State): boolean {
  return !isApart && isOverdue && !isDetached
}
