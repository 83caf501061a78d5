import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'

/** Lines of a message, and the number of operations that it says they are. */
export interface GuardedLines {
  readonly events: number
  readonly eventLines: Buffer
  readonly states: number
  readonly stateLines: Buffer
}

/** The position of an operation in its lines, in bytes. */
export interface LinePosition {
  readonly index: string
  /** The `_id` as written in JSON, without its quotes. */
  readonly idStart: number
  readonly idEnd: number
  readonly start: number
  readonly end: number
}

export type GuardResult =
  | { readonly fault: string }
  | { readonly fault?: never; readonly events: readonly LinePosition[]; readonly states: readonly LinePosition[] }

/** Finds the operations of a message, or says why its lines must not be sent. */
export type LineGuard = (lines: GuardedLines) => GuardResult

/** Every form that EVENT_PARTITIONING has. */
const PERIOD = String.raw`\d{4}(?:-(?:\d\d(?:-\d\d)?|q[1-4]))?`
/** The inside of a JSON string. */
const TEXT = String.raw`(?:[^"\\]|\\.)*`
const STATE_END = String.raw`","version":\d{1,15},"version_type":"external_gte"\}\}`

const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const ACTION_END = Buffer.from('"}}\n')

/** An operation that is being read: its action, and where its document begins until `end` is known. */
interface Reading {
  readonly index: string
  readonly idStart: number
  readonly idEnd: number
  readonly start: number
  end: number
}

/** Reads the action at this place; `undefined` for any line that the API does not write. `end` is where its document begins. */
type ReadAction = (lines: Buffer, at: number) => Reading | undefined

/**
 * Allows only what `documents.ts` writes: pairs of an action and a document, for the indices of this configuration
 * and with these two actions. Otherwise anyone who may publish could write and delete whatever the worker may. Documents are not
 * read: Elasticsearch checks them one by one.
 */
export function lineGuard(config: Pick<Config, 'indexPrefix'>): LineGuard {
  const readEvent = eventActionReader(config)
  const readState = stateActionReader(config)
  return ({ events, eventLines, states, stateLines }) => {
    const foundEvents = positionsOf('event', eventLines, events, readEvent)
    if (typeof foundEvents === 'string') return { fault: foundEvents }
    const foundStates = positionsOf('state', stateLines, states, readState)
    if (typeof foundStates === 'string') return { fault: foundStates }
    return { events: foundEvents, states: foundStates }
  }
}

function eventActionReader(config: Pick<Config, 'indexPrefix'>): ReadAction {
  const { event, canary } = indicesOf(config)
  const pattern = new RegExp(
    `^(\\{"create":\\{"_index":"(${event}-${PERIOD}|${canary})","_id":")(${TEXT})"\\}\\}$`,
    's',
  )
  // Nearly all events have the index of the one before: their actions begin alike, and the rest is an id.
  let lastHead = Buffer.alloc(0)
  let lastIndex = ''
  return (lines, at) => {
    if (lastHead.length === 0 || !beginsWith(lines, at, lastHead)) {
      const [, head, index] = pattern.exec(lineAt(lines, at)) ?? []
      if (head === undefined || index === undefined) return undefined
      lastHead = Buffer.from(head, 'latin1')
      lastIndex = index
    }
    const idStart = at + lastHead.length
    const idEnd = endOfText(lines, idStart)
    return beginsWith(lines, idEnd, ACTION_END)
      ? { index: lastIndex, idStart, idEnd, start: at, end: idEnd + ACTION_END.length }
      : undefined
  }
}

function stateActionReader(config: Pick<Config, 'indexPrefix'>): ReadAction {
  const { session, profile } = indicesOf(config)
  const pattern = new RegExp(`^(\\{"index":\\{"_index":"(${session}|${profile})","_id":")(${TEXT})${STATE_END}$`, 's')
  return (lines, at) => {
    const line = lineAt(lines, at)
    const [, head, index, id] = pattern.exec(line) ?? []
    if (head === undefined || index === undefined || id === undefined) return undefined
    const idStart = at + head.length
    return { index, idStart, idEnd: idStart + id.length, start: at, end: at + line.length + 1 }
  }
}

/** Answers what is wrong as a text. */
function positionsOf(
  what: string,
  lines: Buffer,
  expected: number,
  readAction: ReadAction,
): readonly LinePosition[] | string {
  const found: LinePosition[] = []
  for (let start = 0; start < lines.length; ) {
    const action = readAction(lines, start)
    if (action === undefined) return `line ${2 * found.length + 1} of its ${what} lines is not an action of the API`
    const documentStart = action.end
    const newline = lines.indexOf(NEWLINE, documentStart)
    if (newline < 0 || lines[documentStart] !== OPEN_OBJECT || lines[newline - 1] !== CLOSE_OBJECT) {
      return `line ${2 * found.length + 2} of its ${what} lines is not a document`
    }
    action.end = newline + 1
    found.push(action)
    start = action.end
  }
  return found.length === expected ? found : `it has ${found.length} ${what}s but declares ${expected}`
}

/** One character for each byte, so that positions in it are positions in the lines. */
function lineAt(lines: Buffer, at: number): string {
  const end = lines.indexOf(NEWLINE, at)
  return lines.toString('latin1', at, end < 0 ? lines.length : end)
}

/** Byte by byte, because for so few of them a call of a native method takes longer. */
function beginsWith(lines: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index += 1) if (lines[at + index] !== expected[index]) return false
  return true
}

/** The place of the quote that ends a JSON string. */
function endOfText(lines: Buffer, start: number): number {
  let end = start
  while (end < lines.length && lines[end] !== QUOTE) end += lines[end] === BACKSLASH ? 2 : 1
  return end
}
