import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveEvent, LiveEventsAnswer, RefusalsAnswer } from '../api/live-answers.ts'
import { AppError, messageOf } from '../errors.ts'
import { counted, number, size } from '../telemetry/format.js'
import type { OperatorApi } from './operator.ts'
import { print, printable } from './output.ts'

export interface TailFlags {
  readonly source?: string
  readonly session?: string
  readonly type?: string
  readonly payload?: boolean
  readonly json?: boolean
}

export interface TailSurroundings {
  /** Prints a line of the output. */
  readonly print: (line: string) => void
  /** Reports to the person something that is no output. */
  readonly note: (text: string) => void
  /** Waits for this many milliseconds, or until the command is to end. */
  readonly pause: (ms: number) => Promise<void>
  readonly isEnding: () => boolean
}

type Refusal = RefusalsAnswer['refusals'][number]

/** Twice a second, so that an event is shown within a second of its call. */
const EVERY_MS = 500
/** Rounds after which it reports how much was omitted. */
const REPORTED_EVERY = 10

/**
 * Prints the events that arrive, and the calls that are refused, until it is to end.
 *
 * @throws AppError `command_invalid` when an API does not answer at the start, or shows no events.
 */
export async function tail(
  apis: readonly OperatorApi[],
  flags: TailFlags,
  { print, note, pause, isEnding }: TailSurroundings,
): Promise<void> {
  const sources = apis.map((api) => new TailSource(api, flags))
  const begun = await Promise.all(sources.map((source) => source.begin()))
  note(`Shows the events that arrive at ${begun.join(', ')}. Ctrl-C ends it.`)
  const reported = { seen: 0, shown: 0 }
  for (let round = 1; !isEnding(); round += 1) {
    await pause(EVERY_MS)
    const heard = await Promise.all(sources.map((source) => source.hear()))
    for (const line of heard.flatMap(({ notes }) => notes)) note(line)
    const lines = heard.flatMap((one) => one.lines).sort((a, b) => a.at.localeCompare(b.at))
    for (const { text } of lines) print(text)
    for (const { seen, shown } of heard) {
      reported.seen += seen
      reported.shown += shown
    }
    if (round % REPORTED_EVERY > 0 && !isEnding()) continue
    if (reported.shown < reported.seen) note(omittedText(reported))
    Object.assign(reported, { seen: 0, shown: 0 })
  }
}

/** The same on a terminal or into a pipe, until SIGINT, SIGTERM or the end of the reader. */
export async function runTail(apis: readonly OperatorApi[], flags: TailFlags): Promise<void> {
  const ending = new AbortController()
  const end = () => ending.abort()
  process.once('SIGINT', end).once('SIGTERM', end)
  // `tail | head` ends with its reader.
  process.stdout.on('error', end)
  try {
    await tail(apis, flags, {
      print,
      note: (text) => process.stderr.write(`${text}\n`),
      pause: (ms) => sleep(ms, undefined, { signal: ending.signal }).catch(() => undefined),
      isEnding: () => ending.signal.aborted,
    })
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
  }
}

interface Heard {
  readonly lines: readonly { readonly at: string; readonly text: string }[]
  readonly notes: readonly string[]
  readonly seen: number
  readonly shown: number
}

const NOTHING: Heard = { lines: [], notes: [], seen: 0, shown: 0 }

/** What one API process shows. */
class TailSource {
  readonly #api: OperatorApi
  readonly #flags: TailFlags
  readonly #counts = new Map<number, number>()
  #events = ''
  #refusals = ''
  #isAway = false

  constructor(api: OperatorApi, flags: TailFlags) {
    this.#api = api
    this.#flags = flags
  }

  async begin(): Promise<string> {
    const { isOn, process, cursor } = await this.#askEvents(undefined)
    if (!isOn) {
      throw new AppError(
        'command_invalid',
        `${this.#api.url} shows no events, because API_LIVE_EVENTS is off there; set it to "on" and restart the API`,
      )
    }
    this.#events = cursor
    const { cursor: refusals, refusals: groups } = await this.#askRefusals(undefined)
    this.#refusals = refusals
    for (const { number: group, count } of groups) this.#counts.set(group, count)
    return `${this.#api.url} (${process})`
  }

  /** Events and refused calls since the last time. */
  async hear(): Promise<Heard> {
    try {
      const events = await this.#askEvents(this.#events)
      const refusals = await this.#askRefusals(this.#refusals)
      const notes = this.#isAway ? [`${this.#api.url} answers again.`] : []
      this.#isAway = false
      this.#events = events.cursor
      this.#refusals = refusals.cursor
      return this.#heard(events, refusals, notes)
    } catch (error) {
      const notes = this.#isAway ? [] : [`${messageOf(error)}. Asking again …`]
      this.#isAway = true
      return { ...NOTHING, notes }
    }
  }

  #heard(events: LiveEventsAnswer, refusals: RefusalsAnswer, notes: string[]): Heard {
    if (events.isRestarted) notes.push(`${this.#api.url} was restarted: events that arrived meanwhile are not shown.`)
    if (refusals.isRestarted) this.#counts.clear()
    const { json = false } = this.#flags
    const refused = refusals.refusals.filter(({ source }) => this.#wants(source))
    return {
      notes,
      seen: events.seen,
      shown: events.events.length,
      lines: [
        ...events.events.map((event) => ({
          at: event.receivedAt,
          text: json ? eventJson(event) : eventText(event),
        })),
        ...refused.map((group) => ({
          at: group.lastAt,
          text: json ? refusalJson(group, this.#more(group)) : refusalText(group, this.#more(group)),
        })),
      ],
    }
  }

  /** A refused call has no session or type that anybody has read. */
  #wants(source: string): boolean {
    const { source: wanted, session, type } = this.#flags
    return session === undefined && type === undefined && (wanted === undefined || wanted === source)
  }

  /** Calls since the last time. */
  #more({ number: group, count }: Refusal): number {
    const more = count - (this.#counts.get(group) ?? 0)
    this.#counts.set(group, count)
    return more
  }

  async #askEvents(after: string | undefined): Promise<LiveEventsAnswer> {
    const { source, session, type, payload } = this.#flags
    const query = queryOf({ after, source, session, type, payload: payload ? 'true' : undefined })
    return (await this.#api.get(`/console/events?${query}`)) as LiveEventsAnswer
  }

  async #askRefusals(after: string | undefined): Promise<RefusalsAnswer> {
    return (await this.#api.get(`/console/refusals?${queryOf({ after })}`)) as RefusalsAnswer
  }
}

function queryOf(given: Readonly<Record<string, string | undefined>>): URLSearchParams {
  return new URLSearchParams(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function omittedText({ seen, shown }: { readonly seen: number; readonly shown: number }): string {
  const share = shown === 0 ? 'None' : `1 of ${number(seen / shown)}`
  return `${share} shown: ${counted(seen, 'event')} arrived within 5 s, ${number(shown)} are above. A filter shows more of them.`
}

function eventText(event: LiveEvent): string {
  const { receivedAt, source, type, session, id, characters, isStored, payload, isCut } = event
  const facts = [receivedAt, source, type, session ?? 'no session', id || 'no id', size(characters)]
  if (!isStored) facts.push('not to be stored')
  const line = facts.map(printable).join('  ')
  return payload === undefined ? line : `${line}\n  ${printable(payload)}${isCut ? ' … (cut)' : ''}`
}

function refusalText({ lastAt, status, source, origin, route, client, reason }: Refusal, more: number): string {
  const times = more === 1 ? '' : `  (${counted(more, 'call')})`
  const facts = [lastAt, `REFUSED ${status || 'before any route'}`, source || 'no source', origin || 'no origin', route]
  return `${[...facts, client, reason].map(printable).join('  ')}${times}`
}

/** A document keeps its numbers, which JavaScript might round; one that is cut is a text. */
function eventJson({ payload, isCut, ...event }: LiveEvent): string {
  const head = JSON.stringify({ kind: 'event', ...event })
  if (payload === undefined) return head
  return `${head.slice(0, -1)},"payload":${isCut ? JSON.stringify(payload) : payload},"isCut":${isCut}}`
}

function refusalJson(group: Refusal, calls: number): string {
  return JSON.stringify({ kind: 'refused', ...group, calls })
}
