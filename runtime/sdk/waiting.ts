/** An event that is not stored yet. */
export interface Entry {
  readonly id: string
  /** The part of the call that says whose it is, as JSON: events with the same one share a call. */
  readonly visitor: string
  /** The event as the call carries it. */
  readonly json: string
  readonly bytes: number
  /** When it was registered, in ms since 1970. */
  readonly createdMs: number
}

export interface WaitingLimits {
  readonly bulkEvents: number
  readonly bulkBytes: number
  readonly bulkMs: number
}

interface Bulk<E> {
  entries: E[]
  bytes: number
  dueMs: number
}

/** The events that wait for their call: a bulk for each visitor, in the order of their first events. */
export class Waiting<E extends Entry> {
  readonly #limits: WaitingLimits
  readonly #bulks = new Map<string, Bulk<E>>()
  readonly #full = new Set<string>()

  constructor(limits: WaitingLimits) {
    this.#limits = limits
  }

  add(entry: E, nowMs: number): void {
    const { visitor } = entry
    const bulk = this.#bulks.get(visitor) ?? { entries: [], bytes: 0, dueMs: nowMs + this.#limits.bulkMs }
    bulk.entries.push(entry)
    bulk.bytes += entry.bytes
    this.#bulks.set(visitor, bulk)
    if (bulk.entries.length >= this.#limits.bulkEvents || bulk.bytes >= this.#limits.bulkBytes) this.#full.add(visitor)
  }

  /**
   * The events of the next call, in their order.
   *
   * @param now whether bulks are taken that are neither full nor due.
   * @returns nothing when no call is due.
   */
  take(nowMs: number, now: boolean): readonly E[] {
    const [full] = this.#full
    const [first] = this.#bulks
    const visitor = full ?? first?.[0] ?? ''
    const bulk = this.#bulks.get(visitor)
    if (!bulk || (full === undefined && !now && bulk.dueMs > nowMs)) return []
    const taken = bulk.entries.splice(0, this.#countOf(bulk.entries))
    this.#bulks.delete(visitor)
    this.#full.delete(visitor)
    // The rest goes behind the others: a visitor with many events must not stop them.
    for (const entry of bulk.entries) this.add(entry, nowMs - this.#limits.bulkMs)
    return taken
  }

  /** How long until a call is due; `undefined` when nothing waits. */
  dueInMs(nowMs: number): number | undefined {
    const [first] = this.#bulks.values()
    if (this.#full.size > 0) return 0
    return first && Math.max(0, first.dueMs - nowMs)
  }

  #countOf(entries: readonly E[]): number {
    const { bulkEvents, bulkBytes } = this.#limits
    let bytes = 0
    let count = 0
    for (const entry of entries) {
      // The comma between two events counts, too.
      bytes += entry.bytes + 1
      if (count === bulkEvents || (count > 0 && bytes > bulkBytes)) break
      count += 1
    }
    return count
  }

  /** Everything that waits, taken. */
  takeAll(): readonly E[] {
    const all = [...this.#bulks.values()].flatMap(({ entries }) => entries)
    this.#bulks.clear()
    this.#full.clear()
    return all
  }
}
