import type { KeptLedgers } from '../queue/admin-stats.ts'
import { entriesBetween, type KeptPart } from '../queue/kept.ts'
import type { Reader, ReadMessage } from '../queue/port.ts'
import { comparePositions, type Position } from '../queue/position.ts'

/** So long without a message, and it is asked whether there are any left. */
const IDLE_MS = 5000

export interface KeptReaderDependencies {
  readonly part: KeptPart
  readonly reader: Reader
  readonly keptLedgers: (partition: string) => Promise<KeptLedgers>
  readonly now: () => number
}

/** Reads what one partition keeps, from the first to the last message of a range, and counts what was deleted before it came there. */
export class KeptReader {
  readonly #to: KeptReaderDependencies
  readonly #waiting: ReadMessage[] = []
  #reached: Position | undefined
  #entries = 0
  #atEnd = false
  #lastArrivalMs: number
  /** When the message that was taken last was published; `undefined` before the first. */
  takenPublishedAtMs: number | undefined

  constructor(dependencies: KeptReaderDependencies) {
    this.#to = dependencies
    this.#lastArrivalMs = dependencies.now()
  }

  get partition(): string {
    return this.#to.part.partition
  }

  /** The next message, where it has arrived. */
  get head(): ReadMessage | undefined {
    return this.#waiting[0]
  }

  /** Whether no message is left. */
  get isFinished(): boolean {
    return this.#atEnd && this.#waiting.length === 0
  }

  /** Messages of the range that were deleted before they could be read. Known at the end. */
  get deleted(): number {
    return this.#atEnd ? Math.max(0, this.#to.part.entries - this.#entries) : 0
  }

  take(): ReadMessage | undefined {
    const reading = this.#waiting.shift()
    if (reading) this.takenPublishedAtMs = reading.publishedAtMs
    return reading
  }

  /** Waits a short time for messages when none has arrived. */
  async fetch(): Promise<void> {
    if (this.#atEnd || this.#waiting.length > 0) return
    const readings = await this.#to.reader.receive()
    for (const reading of readings) this.#arrived(reading)
    if (readings.length > 0) this.#lastArrivalMs = this.#to.now()
    else if (this.#to.now() - this.#lastArrivalMs >= IDLE_MS) await this.#look()
    if (this.#atEnd) await this.#to.reader.close()
  }

  close(): Promise<void> {
    return this.#atEnd ? Promise.resolve() : this.#to.reader.close()
  }

  #arrived(reading: ReadMessage): void {
    const order = comparePositions(reading.position, this.#to.part.last)
    if (!this.#atEnd && order <= 0) {
      if (!this.#reached || comparePositions(reading.position, this.#reached) > 0) this.#entries += 1
      this.#reached = reading.position
      this.#waiting.push(reading)
    }
    this.#atEnd ||= order > 0 || (order === 0 && !reading.position.isInsideEntry)
  }

  /** What is left may have been deleted, and nothing comes any more. */
  async #look(): Promise<void> {
    const { part, keptLedgers } = this.#to
    this.#lastArrivalMs = this.#to.now()
    const { ledgers } = await keptLedgers(part.partition)
    const next = this.#reached ? { ...this.#reached, entry: this.#reached.entry + 1 } : part.first
    this.#atEnd = entriesBetween(ledgers, next, part.last) === 0
  }
}
