import type { FaultyResult } from '../search/bulk.ts'
import type { Run, StateRun } from './operations.ts'

export interface Size {
  operations: number
  bytes: number
}

/** Why a lane is closed. */
export interface LaneTrouble {
  readonly index: string
  /** `undefined` while the shards of the index are not known. */
  readonly shard: number | undefined
  /** Type of the fault, as Elasticsearch names it. */
  readonly fault: string
  readonly reason: string
}

/**
 * The operations that wait for one shard of one index. The lane is closed while the shard refuses every write. Its operations
 * then wait in `retries`, and no other lane waits with them.
 */
export class Lane {
  readonly index: string
  readonly shard: number | undefined
  /** Whether its operations are states of sessions or profiles. */
  readonly isOfStates: boolean
  /** Whether the shards of its index are known. A lane from before that is then shared like any other. */
  isKnown: boolean
  readonly size: Size = { operations: 0, bytes: 0 }
  /** When its oldest operation must be sent, in milliseconds. */
  dueAtMs = Number.POSITIVE_INFINITY
  /** Refused operations, and those that came while the lane was closed. Not part of its size. */
  retries: Run[] = []
  /** When `retries` may be sent, in milliseconds. */
  retryAtMs = Number.NEGATIVE_INFINITY
  /** Refusals in a row. */
  attempts = 0
  /** Set while the lane is closed. */
  trouble: LaneTrouble | undefined
  /** When it was refused last, in milliseconds. */
  refusedAtMs = Number.NEGATIVE_INFINITY
  /** Bulks in flight with operations of it. */
  inFlight = 0
  /** Those of them that hang while others are answered. The lane may be the cause, so it shares no bulk meanwhile. */
  hanging = 0
  /** Whether a bulk of this lane alone is in flight outside of the slots. There is at most one. */
  isProbed = false
  #runs: Run[] = []
  #states = new Map<string, StateRun>()

  constructor(index: string, shard: number | undefined, isOfStates: boolean) {
    this.index = index
    this.shard = shard
    this.isOfStates = isOfStates
    this.isKnown = shard !== undefined
  }

  /** Whether it shares no bulk and no slot with others. */
  get isApart(): boolean {
    return this.trouble !== undefined || !this.isKnown
  }

  get isIdle(): boolean {
    return this.size.operations === 0 && this.retries.length === 0 && this.inFlight === 0
  }

  /** @returns the run that a later state of the same document replaces, if any. */
  add(run: Run | StateRun): Run | undefined {
    this.#count(run, 1)
    if (!('key' in run)) {
      this.#runs.push(run)
      return undefined
    }
    const known = this.#states.get(run.key)
    const [latest, older] = known && known.version > run.version ? [known, run] : [run, known]
    // Both messages wait until their state, or a later one, is stored.
    const owners = [...(known?.owners ?? []), ...run.owners]
    this.#states.set(run.key, { ...latest, owners, sinceMs: known?.sinceMs ?? run.sinceMs })
    if (older) this.#count(older, -1)
    return older
  }

  /** Takes whole runs, oldest first, up to `room`; at least one. */
  take(room: Size): readonly Run[] {
    const waiting = [...this.#runs, ...this.#states.values()]
    const taken = fitting(waiting, room)
    for (const run of taken) this.#count(run, -1)
    this.#runs = this.#runs.slice(taken.length)
    for (const run of taken) if ('key' in run) this.#states.delete((run as StateRun).key)
    return taken
  }

  /** When the oldest waiting operation came, in milliseconds; infinite when none waits. */
  get sinceMs(): number {
    const [first = this.#states.values().next().value] = this.#runs
    return first?.sinceMs ?? Number.POSITIVE_INFINITY
  }

  takeRetries(room: Size): readonly Run[] {
    const taken = fitting(this.retries, room)
    this.retries = this.retries.slice(taken.length)
    return taken
  }

  open(nowMs: number): void {
    this.trouble = undefined
    this.attempts = 0
    this.retryAtMs = nowMs
  }

  close({ fault }: FaultyResult, nowMs: number): void {
    this.trouble = { index: this.index, shard: this.shard, fault: fault.type, reason: fault.reason }
    this.refusedAtMs = nowMs
  }

  #count(run: Run, sign: 1 | -1): void {
    this.size.operations += sign * run.count
    this.size.bytes += sign * run.bytes
  }
}

function fitting(runs: readonly Run[], room: Size): readonly Run[] {
  let operations = 0
  let bytes = 0
  const over = runs.findIndex((run, index) => {
    operations += run.count
    bytes += run.bytes
    return index > 0 && (operations > room.operations || bytes > room.bytes)
  })
  return over < 0 ? runs : runs.slice(0, over)
}
