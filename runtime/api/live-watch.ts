import { KEPT_CHARACTERS, SHOWN_PER_SECOND } from './live-answers.ts'

/** Which events somebody wants to see. */
export interface LiveFilter {
  readonly source?: string | undefined
  readonly session?: string | undefined
  /** As it is stored: in lower case, spaces as `-`. */
  readonly type?: string | undefined
}

/** What is known of a call that was answered 200. */
export interface LiveCall {
  /** Milliseconds since the epoch, when it was taken. */
  readonly atMs: number
  readonly source: string
  readonly session: string | null
  readonly profile: string | null
  /** Of each event the lines that are stored. */
  readonly lines: readonly string[]
  /** The same of events that are not to be stored; written when one of them is looked at. */
  readonly unstored: readonly (() => string)[]
}

/** One event of the sample. */
export interface LiveEntry extends Pick<LiveCall, 'atMs' | 'source' | 'session' | 'profile'> {
  /** Names it as long as it is in the sample. */
  readonly key: string
  /** Counted from 1, in its watch. */
  readonly number: number
  readonly isStored: boolean
  /** An action and a document; only its beginning where it is longer than `KEPT_CHARACTERS`. */
  readonly lines: string
  /** All of it, in characters. */
  readonly characters: number
}

/** The sample since a position in it. Each event that arrived is in one of the counts. */
export interface LivePage {
  /** The position for the next question. */
  readonly cursor: string
  /** Whether the position is unknown, so that nothing is known of the time in between. */
  readonly isRestarted: boolean
  /** Events that arrived and fit the filter. */
  readonly seen: number
  readonly entries: readonly LiveEntry[]
  /** Events that were omitted because too many arrived. */
  readonly sampledOut: number
  /** Events that were in the sample and left it before anybody asked. */
  readonly overwritten: number
}

/** Maximum number of events in one watch. */
const KEPT_ENTRIES = 2000
/** Maximum of their text, in characters of up to 2 bytes: 2 to 4 MiB. */
const KEPT_TEXT = 2 * 1024 * 1024
const SECOND_MS = 1000

type Picked = Pick<LiveEntry, 'isStored' | 'lines' | 'characters'>

/** What of a call a watch will keep, once the call is answered 200. */
export interface Choice {
  readonly seen: number
  readonly picked: readonly Picked[]
}

/** A bounded sample of the events that fit one filter. Nothing waits for who looks at it. */
export class LiveWatch {
  readonly filter: LiveFilter
  readonly #id: string
  readonly #typeText: string | undefined
  /** The oldest first. */
  #entries: LiveEntry[] = []
  #characters = 0
  #recorded = 0
  #seen = 0
  #offered = 0
  #stride = 1
  #second = { startMs: 0, offered: 0, picked: 0 }

  constructor(filter: LiveFilter, id: string) {
    this.filter = filter
    this.#id = id
    this.#typeText = filter.type === undefined ? undefined : `${TYPE}${JSON.stringify(filter.type)},`
  }

  /** @param nowMs a monotonic clock. */
  pick(call: LiveCall, nowMs: number): Choice | undefined {
    const { source, session } = this.filter
    if ((source ?? call.source) !== call.source || (session ?? call.session) !== call.session) return undefined
    this.#turnSecond(nowMs)
    const stored = this.#typeText === undefined ? call.lines : call.lines.filter((lines) => this.#isOfType(lines))
    const picked = this.#choose(stored.length).map((index) => keptOf(stored[index] as string, true))
    const unstored = this.#unstoredOf(call)
    picked.push(...this.#choose(unstored.length).map((index) => keptOf((unstored[index] as () => string)(), false)))
    const seen = stored.length + unstored.length
    return seen === 0 ? undefined : { seen, picked }
  }

  #unstoredOf({ unstored }: LiveCall): LiveCall['unstored'] {
    return this.#typeText === undefined ? unstored : unstored.filter((linesOf) => this.#isOfType(linesOf()))
  }

  #isOfType(lines: string): boolean {
    return lines.startsWith(this.#typeText as string, lines.indexOf(TYPE))
  }

  /** Every n-th event, where n follows from the second before; in any second, not more than are shown. */
  #choose(count: number): readonly number[] {
    const chosen: number[] = []
    const first = (this.#stride - (this.#offered % this.#stride)) % this.#stride
    for (let index = first; index < count && this.#second.picked < SHOWN_PER_SECOND; index += this.#stride) {
      chosen.push(index)
      this.#second.picked += 1
    }
    this.#offered += count
    this.#second.offered += count
    return chosen
  }

  #turnSecond(nowMs: number): void {
    const elapsedMs = nowMs - this.#second.startMs
    if (elapsedMs < SECOND_MS) return
    // After a second without events, all are shown again.
    const perSecond = elapsedMs < 2 * SECOND_MS ? (this.#second.offered * SECOND_MS) / elapsedMs : 0
    this.#stride = Math.max(1, Math.ceil(perSecond / SHOWN_PER_SECOND))
    this.#second = { startMs: nowMs, offered: 0, picked: 0 }
  }

  add({ atMs, source, session, profile }: Omit<LiveCall, 'lines' | 'unstored'>, { seen, picked }: Choice): void {
    this.#seen += seen
    for (const one of picked) {
      this.#recorded += 1
      const number = this.#recorded
      this.#entries.push({ key: `${this.#id}.${number}`, number, atMs, source, session, profile, ...one })
      this.#characters += one.lines.length
    }
    let removed = 0
    for (; this.#entries.length - removed > KEPT_ENTRIES || this.#characters > KEPT_TEXT; removed += 1) {
      this.#characters -= (this.#entries[removed] as LiveEntry).lines.length
    }
    if (removed > 0) this.#entries = this.#entries.slice(removed)
  }

  /** @param after a position in the sample. @default now */
  page(after: string | undefined): LivePage {
    const cursor = `${this.#id}.${this.#recorded}.${this.#seen}`
    const position = after === undefined ? undefined : positionOf(after, this.#id)
    if (position === undefined) {
      return { cursor, isRestarted: after !== undefined, seen: 0, entries: [], sampledOut: 0, overwritten: 0 }
    }
    const entries = this.#entries.filter(({ number }) => number > position.recorded)
    const seen = this.#seen - position.seen
    const recorded = this.#recorded - position.recorded
    const overwritten = recorded - entries.length
    return { cursor, isRestarted: false, seen, entries, sampledOut: seen - recorded, overwritten }
  }

  /** One event, while it is in the sample. */
  entry(key: string): LiveEntry | undefined {
    return this.#entries.find((one) => one.key === key)
  }
}

/** Nothing that a client names can contain it before the type: a quotation mark of its own is escaped. */
const TYPE = '","type":'

function positionOf(cursor: string, id: string): { recorded: number; seen: number } | undefined {
  const [, of, recorded, seen] = /^(\w+)\.(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? []
  return of === id ? { recorded: Number(recorded), seen: Number(seen) } : undefined
}

function keptOf(lines: string, isStored: boolean): Picked {
  const characters = lines.length
  // A slice alone would keep the whole text in memory.
  const kept = characters > KEPT_CHARACTERS ? Buffer.from(lines.slice(0, KEPT_CHARACTERS)).toString() : lines
  return { isStored, lines: kept, characters }
}
