import type { Config } from '../config.ts'
import { endOfString } from '../json-scan.ts'
import { indicesOf } from './indices.ts'

/** Lines that are to be sent, and the number of operations that they are said to be. */
export interface GuardedLines {
  readonly events: number
  readonly eventLines: Buffer
  readonly states: number
  readonly stateLines: Buffer
}

/** Answers why lines may not be sent; `undefined` when they may. */
export type LineGuard = (lines: GuardedLines) => string | undefined

const ACTION_END = '"}}\n'
/** Every form that EVENT_PARTITIONING has. */
const PERIOD = String.raw`\d{4}(?:-(?:\d\d(?:-\d\d)?|q[1-4]))?`
const STATE_END = /","version":\d{1,15},"version_type":"external_gte"\}\}\n/y

/**
 * Lets through only what `documents.ts` writes: pairs of an action and a document, for the indices of this configuration
 * and with these two actions. Whoever may publish could else write and delete whatever the worker may. Documents are not
 * read: Elasticsearch judges them one by one.
 */
export function lineGuard(config: Pick<Config, 'indexPrefix'>): LineGuard {
  const { event, session, profile } = indicesOf(config)
  const eventHead = new RegExp(`\\{"create":\\{"_index":"${event}-${PERIOD}","_id":"`, 'y')
  const stateHead = new RegExp(`\\{"index":\\{"_index":"(?:${session}|${profile})","_id":"`, 'y')
  // Nearly all events have the index of the one before.
  let lastHead = ''

  const afterEventAction = (text: string, at: number): number => {
    if (lastHead === '' || !text.startsWith(lastHead, at)) {
      const end = matchedUntil(eventHead, text, at)
      if (end === NOWHERE) return NOWHERE
      lastHead = text.slice(at, end)
    }
    const end = endOfString(text, at + lastHead.length - 1)
    return text.startsWith(ACTION_END, end) ? end + ACTION_END.length : NOWHERE
  }
  const afterStateAction = (text: string, at: number): number => {
    const idStart = matchedUntil(stateHead, text, at)
    return idStart === NOWHERE ? NOWHERE : matchedUntil(STATE_END, text, endOfString(text, idStart - 1))
  }

  return ({ events, eventLines, states, stateLines }) =>
    faultOf('event', eventLines, events, afterEventAction) ?? faultOf('state', stateLines, states, afterStateAction)
}

const NOWHERE = -1

/** @param afterAction where the document begins that follows the action at this place; `NOWHERE` for any other line. */
function faultOf(
  what: string,
  lines: Buffer,
  expected: number,
  afterAction: (text: string, at: number) => number,
): string | undefined {
  // A character is a byte: nothing of what is looked for is longer, and nothing is decoded.
  const text = lines.toString('latin1')
  let count = 0
  for (let at = 0; at < text.length; count += 1) {
    const start = afterAction(text, at)
    if (start === NOWHERE) return `line ${2 * count + 1} of its ${what} lines is no action that the API writes`
    const end = text.indexOf('\n', start)
    if (end === NOWHERE || text[start] !== '{' || text[end - 1] !== '}') {
      return `line ${2 * count + 2} of its ${what} lines is no document`
    }
    at = end + 1
  }
  return count === expected ? undefined : `it has ${count} ${what}s and says that it has ${expected}`
}

function matchedUntil(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : NOWHERE
}
