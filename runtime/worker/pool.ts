import { backoffMs } from '../backoff.ts'
import type { Config } from '../config.ts'
import type { FaultyResult } from '../search/bulk.ts'
import { type Bulk, type BulkPart, BulksInFlight, type FlushReason } from './in-flight.ts'
import type { Lane, LaneTrouble, Size } from './lane.ts'
import { Lanes } from './lanes.ts'
import type { RoutedRun, Run } from './operations.ts'

/** Backoff of a lane. It is short, because a retry takes no slot and an operator waits for it. */
const RETRY = { baseMs: 200, maxMs: 5000 }
/** How long a refused operation waits before its message is returned, in milliseconds, while others are stored. */
const HOLD_MS = 2000
/** The same while nothing is stored at all. */
const LONG_HOLD_MS = 15_000
/** Maximum time that a state waits for later ones after a bulk was sent, in milliseconds. Its message stays unacknowledged meanwhile. */
const STATES_WAIT_MS = 1000
/** How long a closed lane without operations is remembered, in milliseconds. */
const REMEMBER_TROUBLE_MS = 20_000

export interface PoolLimits {
  /** Flush threshold: a bulk is due with this many operations. */
  readonly events: number
  /** Flush threshold in bytes. Only a bulk of a single, larger run exceeds it. */
  readonly bytes: number
  /** Maximum operations in a bulk that grew while no slot was free; at least `events`. */
  readonly maxEvents: number
  /** Maximum wait of an operation for its bulk, in milliseconds. */
  readonly timeoutMs: number
  /** The pool is full when waiting messages hold this much memory, in bytes. */
  readonly capacityBytes: number
}

/** How many bulks of maximum size may wait in memory. */
const WAITING_BULKS = 4

/** @param timeoutMs see `PoolLimits`. */
export function poolLimits(
  { bulkSize, bulkMaxBytes, bulkMaxEvents }: Pick<Config, 'bulkSize' | 'bulkMaxBytes' | 'bulkMaxEvents'>,
  timeoutMs: number,
): PoolLimits {
  return {
    events: bulkSize,
    bytes: bulkMaxBytes,
    maxEvents: Math.max(bulkSize, bulkMaxEvents),
    timeoutMs,
    capacityBytes: WAITING_BULKS * bulkMaxBytes,
  }
}

export interface Slots {
  /** Bulks that may be in flight now. */
  readonly limit: number
  /** Maximum bulks in flight outside of the slots. */
  readonly maximum: number
  /** Whether Elasticsearch has throttled recently. Bulks do not grow then. */
  readonly isRestrained: boolean
}

/** What became of a part of a bulk. */
export interface PartOutcome {
  /** Operations that are still to be stored. */
  readonly retries: readonly Run[]
  /** The first result that asks for a retry. */
  readonly fault: FaultyResult | undefined
  /** Whether any operation is settled: the shard works. */
  readonly hasProgress: boolean
}

/**
 * Decides what to send now. Each shard that a bulk touches costs Elasticsearch work, so a bulk takes the fewest lanes that fill it, the
 * fullest first; when little waits, it takes all. Refused operations wait in their lane and are sent alone. Pure: callers pass the time.
 */
export class Pool {
  readonly #limits: PoolLimits
  readonly #random: () => number
  readonly #lanes: Lanes
  readonly #inFlight = new BulksInFlight()
  #storedAtMs = Number.NEGATIVE_INFINITY
  isDraining = false

  /** @param random from 0 (included) to 1 (excluded), for the waits before retries. */
  constructor(limits: PoolLimits, random: () => number) {
    this.#limits = limits
    this.#random = random
    this.#lanes = new Lanes(limits.timeoutMs)
  }

  /** Events that wait for a bulk, without those that are to be retried. */
  get events(): number {
    return this.#lanes.events.operations
  }

  /** Whether the worker must stop receiving. */
  get isFull(): boolean {
    const { maxEvents, capacityBytes } = this.#limits
    // With half of a maximum bulk for each lane on average, the fullest lanes hold a whole one.
    if (this.#waiting >= maxEvents * Math.max(1, this.#lanes.ofEvents / 2)) return true
    return (
      this.#lanes.retrying >= 2 * maxEvents * Math.max(1, this.#lanes.count) ||
      this.#lanes.payloadBytes >= capacityBytes
    )
  }

  /** Whether nothing waits and nothing is in flight; what is to be retried may wait. */
  get isDrained(): boolean {
    return this.#waiting === 0 && this.#inFlight.count === 0
  }

  /** Lanes with operations, or closed ones. */
  get count(): number {
    return this.#lanes.count
  }

  /** Why each closed lane is closed. */
  get troubles(): readonly LaneTrouble[] {
    return [...this.#lanes.all()].flatMap(({ trouble }) => trouble ?? [])
  }

  add(run: RoutedRun, nowMs: number): void {
    this.#lanes.add(run, nowMs)
  }

  /** The next bulk; `undefined` when none is due or none may be sent. It is in flight until `answered` or `abandoned`. */
  next(nowMs: number, slots: Slots): Bulk | undefined {
    const cut = this.#cutForSlot(nowMs, slots) ?? this.#cutApart(nowMs, slots)
    if (cut === undefined) return undefined
    const bulk = { ...cut, sentAtMs: nowMs }
    this.#inFlight.begin(bulk)
    this.#lanes.hastenStates(nowMs + Math.min(STATES_WAIT_MS, this.#limits.timeoutMs))
    this.#lanes.review(nowMs, REMEMBER_TROUBLE_MS)
    return bulk
  }

  /** @param outcomes of its parts, in their order. */
  answered(bulk: Bulk, outcomes: readonly PartOutcome[], nowMs: number): void {
    this.#inFlight.answered(bulk)
    if (outcomes.some(({ hasProgress }) => hasProgress)) this.#storedAtMs = nowMs
    bulk.parts.forEach(({ lane }, index) => {
      this.#settleLane(lane, outcomes[index] as PartOutcome, nowMs)
    })
    this.#lanes.review(nowMs, REMEMBER_TROUBLE_MS)
  }

  /** The worker gives the bulk up. Its messages stay unacknowledged. */
  abandoned(bulk: Bulk): void {
    this.#inFlight.end(bulk)
  }

  /** Frees the slots of bulks that hang, and closes the lane whose bulk hangs alone. */
  detachHanging(nowMs: number): void {
    for (const { parts } of this.#inFlight.detachHanging(nowMs)) {
      const [{ lane }, ...others] = parts as [BulkPart, ...BulkPart[]]
      if (others.length === 0) this.#close(lane, HANGING, nowMs)
    }
  }

  /** Removes and returns the refused operations that have waited too long or exceed the room of their lane. */
  takeExpired(nowMs: number): readonly Run[] {
    const isExpired = (run: Run, index: number) => this.#isExpired(run, index, nowMs)
    return [...this.#lanes.apart()].flatMap((lane) => this.#lanes.takeExpired(lane, isExpired))
  }

  /** When to call again if nothing else happens, in milliseconds; infinite when there is no need. */
  wakeAtMs(nowMs: number): number {
    const times = [this.#lanes.dueAtMs, this.#inFlight.overdueAtMs()]
    for (const { retries, retryAtMs } of this.#lanes.apart()) {
      for (const { sinceMs } of retries.slice(0, 1)) times.push(retryAtMs, sinceMs + HOLD_MS, sinceMs + LONG_HOLD_MS)
    }
    return Math.min(...times.filter((time) => time > nowMs))
  }

  #cutForSlot(nowMs: number, { limit, isRestrained }: Slots): Cut | undefined {
    if (this.#inFlight.slotsTaken >= limit) return
    const reason = this.#reason(nowMs)
    const lanes = reason === undefined ? [] : this.#sharing(nowMs, reason)
    const [first] = lanes
    if (reason === undefined || first === undefined) return
    const together = first.hanging > 0 ? [first] : lanes.filter(({ hanging }) => hanging === 0)
    return { ...this.#cut(together, isRestrained), reason, isApart: false }
  }

  /** One lane alone: a retry, a lane of unknown shards, or, while all slots are overdue, any lane that is not in them. */
  #cutApart(nowMs: number, { limit, maximum }: Slots): Cut | undefined {
    if (this.#inFlight.apartTaken >= maximum) return
    for (const lane of this.#lanes.apart()) {
      if (lane.isProbed) continue
      if (lane.retries.length > 0 && nowMs >= lane.retryAtMs) return this.#cutRetries(lane)
      const reason = lane.isKnown ? undefined : this.#reasonFor(lane.size, lane.dueAtMs, nowMs)
      if (reason) return { ...this.#cut([lane], true), reason, isApart: true }
    }
    if (this.#inFlight.overdueCount < limit) return
    const overdue = this.#inFlight.overdueLanes()
    const reason = this.#reason(nowMs)
    const other = reason && this.#sharing(nowMs, reason).find((lane) => !overdue.has(lane) && !lane.isProbed)
    return other && { ...this.#cut([other], true), reason, isApart: true }
  }

  get #waiting(): number {
    return this.#lanes.events.operations + this.#lanes.states.operations
  }

  /** Why a bulk is due. States are gathered apart from events: they count when they fill one alone. */
  #reason(nowMs: number): FlushReason | undefined {
    const { events, states, dueAtMs } = this.#lanes
    return this.#reasonFor(events, dueAtMs, nowMs) ?? this.#reasonFor(states, dueAtMs, nowMs)
  }

  #reasonFor({ operations, bytes }: Size, dueAtMs: number, nowMs: number): FlushReason | undefined {
    if (operations === 0) return undefined
    if (operations >= this.#limits.events) return 'size'
    if (bytes >= this.#limits.bytes || this.isFull) return 'bytes'
    if (this.isDraining) return 'drain'
    return nowMs >= dueAtMs ? 'timeout' : undefined
  }

  /**
   * Lanes that may share a bulk: first those that are overdue, by age, then the others, by what they hold. States go with bulks that
   * are not full, or once they fill one: of each document only the latest is worth a write.
   */
  #sharing(nowMs: number, reason: FlushReason): readonly Lane[] {
    const takesStates =
      reason === 'timeout' || reason === 'drain' || this.#reasonFor(this.#lanes.states, NEVER, nowMs) !== undefined
    const lanes = [...this.#lanes.all()].filter(
      ({ isApart, isOfStates, size, dueAtMs }) =>
        !isApart && size.operations > 0 && (!isOfStates || takesStates || dueAtMs <= nowMs),
    )
    const rank = ({ dueAtMs }: Lane) => (dueAtMs <= nowMs ? dueAtMs : Number.MAX_SAFE_INTEGER)
    return lanes.sort((a, b) => rank(a) - rank(b) || b.size.operations - a.size.operations)
  }

  #cut(lanes: readonly Lane[], isSmall: boolean): Pick<Cut, 'parts' | 'operations'> {
    const { events, bytes, maxEvents } = this.#limits
    const most = isSmall ? events : maxEvents
    const size: Size = { operations: 0, bytes: 0 }
    const parts: BulkPart[] = []
    for (const lane of lanes) {
      if (size.operations >= events || size.bytes >= bytes) break
      const room = { operations: most - size.operations, bytes: bytes - size.bytes }
      // The first lane may be cut. Others are taken whole, so that no small remainder becomes a part of its own later.
      if (parts.length > 0 && (lane.size.operations > room.operations || lane.size.bytes > room.bytes)) continue
      const before = { ...lane.size }
      parts.push({ lane, runs: this.#lanes.take(lane, room) })
      size.operations += before.operations - lane.size.operations
      size.bytes += before.bytes - lane.size.bytes
    }
    return { parts, operations: size.operations }
  }

  #cutRetries(lane: Lane): Cut {
    const { events, bytes } = this.#limits
    const runs = this.#lanes.takeRetries(lane, { operations: events, bytes })
    const operations = runs.reduce((sum, { count }) => sum + count, 0)
    return { parts: [{ lane, runs }], operations, reason: 'retry', isApart: true }
  }

  #settleLane(lane: Lane, { retries, fault, hasProgress }: PartOutcome, nowMs: number): void {
    if (hasProgress || fault === undefined) lane.open(nowMs)
    if (fault === undefined) return
    this.#lanes.retryLater(lane, retries)
    if (hasProgress || fault.outcome === 'throttled') this.#delayRetries(lane, nowMs)
    else this.#close(lane, fault, nowMs)
  }

  #close(lane: Lane, fault: FaultyResult, nowMs: number): void {
    lane.close(fault, nowMs)
    this.#lanes.setAside(lane, nowMs)
    this.#delayRetries(lane, nowMs)
  }

  #delayRetries(lane: Lane, nowMs: number): void {
    lane.retryAtMs = nowMs + backoffMs(lane.attempts, RETRY, this.#random())
    lane.attempts += 1
  }

  #isExpired({ sinceMs }: Run, index: number, nowMs: number): boolean {
    if (nowMs - sinceMs >= LONG_HOLD_MS) return true
    return this.#storedAtMs >= sinceMs && (nowMs - sinceMs >= HOLD_MS || index >= this.#limits.events)
  }
}

const NEVER = Number.POSITIVE_INFINITY

type Cut = Omit<Bulk, 'sentAtMs'>

const HANGING: FaultyResult = {
  outcome: 'retry',
  status: 0,
  fault: { type: 'bulk_hanging', reason: 'Elasticsearch does not answer a bulk for this shard, but answers others' },
}
