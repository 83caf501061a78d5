import type { Config } from '../config.ts'
import { indicesOf } from './indices.ts'

/** Lines that are to be sent, and the number of operations that they are said to be. */
export interface GuardedLines {
  readonly events: number
  readonly eventLines: Buffer
  readonly states: number
  readonly stateLines: Buffer
}

/** Is told the indices of lines that may be sent: each at least when it is another than that of the lines before. */
export type SeeIndex = (index: string) => void

/** Answers why lines may not be sent; `undefined` when they may. */
export type LineGuard = (lines: GuardedLines) => string | undefined

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
const NOWHERE = -1
const NO_HEAD = Buffer.alloc(0)

/** Where the document begins that follows the action at this place; `NOWHERE` for any other line. */
type AfterAction = (lines: Buffer, at: number) => number

/**
 * Lets through only what `documents.ts` writes: pairs of an action and a document, for the indices of this configuration
 * and with these two actions. Whoever may publish could else write and delete whatever the worker may. Documents are not
 * read: Elasticsearch judges them one by one.
 */
export function lineGuard(config: Pick<Config, 'indexPrefix'>, seeIndex: SeeIndex = () => undefined): LineGuard {
  const { event, session, profile } = indicesOf(config)
  const eventAction = new RegExp(`^(\\{"create":\\{"_index":"(${event}-${PERIOD})","_id":")${TEXT}"\\}\\}$`, 's')
  const stateAction = new RegExp(`^\\{"index":\\{"_index":"(${session}|${profile})","_id":"${TEXT}${STATE_END}$`, 's')
  // Nearly all events have the index of the one before: their actions begin alike, and the rest is an id.
  let lastHead: Buffer = NO_HEAD
  let found: string[] = []

  const afterEventAction: AfterAction = (lines, at) => {
    if (lastHead.length > 0 && beginsWith(lines, at, lastHead)) {
      const end = endOfId(lines, at + lastHead.length)
      return beginsWith(lines, end, ACTION_END) ? end + ACTION_END.length : NOWHERE
    }
    const end = lines.indexOf(NEWLINE, at)
    const [, head, index] = eventAction.exec(lines.toString('latin1', at, end)) ?? []
    if (head === undefined || index === undefined) return NOWHERE
    found.push(index)
    lastHead = Buffer.from(head, 'latin1')
    return end + 1
  }
  const afterStateAction: AfterAction = (lines, at) => {
    const end = lines.indexOf(NEWLINE, at)
    const index = stateAction.exec(lines.toString('latin1', at, end))?.[1]
    if (index === undefined) return NOWHERE
    if (index !== found.at(-1)) found.push(index)
    return end + 1
  }

  return ({ events, eventLines, states, stateLines }) => {
    found = []
    const fault =
      faultOf('event', eventLines, events, afterEventAction) ?? faultOf('state', stateLines, states, afterStateAction)
    // What is not sent makes no index, so the next message tells its index again.
    if (fault !== undefined) lastHead = NO_HEAD
    else for (const index of found) seeIndex(index)
    return fault
  }
}

function faultOf(what: string, lines: Buffer, expected: number, afterAction: AfterAction): string | undefined {
  let count = 0
  for (let at = 0; at < lines.length; count += 1) {
    const start = afterAction(lines, at)
    if (start === NOWHERE) return `line ${2 * count + 1} of its ${what} lines is no action that the API writes`
    const end = lines.indexOf(NEWLINE, start)
    if (end === NOWHERE || lines[start] !== OPEN_OBJECT || lines[end - 1] !== CLOSE_OBJECT) {
      return `line ${2 * count + 2} of its ${what} lines is no document`
    }
    at = end + 1
  }
  return count === expected ? undefined : `it has ${count} ${what}s and says that it has ${expected}`
}

/** Byte by byte, because for so few of them a call of a native method takes longer. */
function beginsWith(lines: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index += 1) if (lines[at + index] !== expected[index]) return false
  return true
}

/** The place of the quote that ends the id. */
function endOfId(lines: Buffer, start: number): number {
  let end = start
  while (end < lines.length && lines[end] !== QUOTE) end += lines[end] === BACKSLASH ? 2 : 1
  return end
}
