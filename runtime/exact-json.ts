import { randomUUID } from 'node:crypto'
import { type Scan, scanJson } from './json-scan.ts'

/**
 * JSON as the client wrote it. JavaScript rounds integers above 2^53 and long decimals, and turns 1e400 into null; such
 * numbers are kept as their text, which `JSON.stringify` writes out unchanged.
 */

// Part of ECMAScript since the proposal `JSON.parse source text access`; not yet in the types of TypeScript.
interface SourceTextJson {
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}
const { rawJSON, isRawJSON } = JSON as unknown as SourceTextJson

export { isRawJSON }

/** Deeper documents would exhaust the stack where numbers are put back. */
const MAX_DEPTH = 1000

/** Prefix of the text that replaces a number while the document is parsed. Nobody outside of the process can guess it. */
const MARK = `number ${randomUUID()} `

/**
 * Parses a text, and keeps the numbers that the scan found inexact. They are parsed as texts and restored after: a
 * reviver would cost time and memory for every value of the document.
 *
 * @param scan of this text.
 * @default a scan is made here
 * @throws SyntaxError when the text is not JSON, or nested deeper than 1,000 levels.
 */
export function parseExactly(text: string, scan = scanJson(text, { values: Infinity, depth: MAX_DEPTH })): unknown {
  if (scan.exceeded !== undefined) throw new SyntaxError('it is nested too deep')
  if (scan.inexact.length === 0) return JSON.parse(text)
  let document: unknown
  try {
    document = JSON.parse(marked(text, scan.inexact))
  } catch (error) {
    // The places in its message are those of the marked text.
    JSON.parse(text)
    throw error
  }
  return restored(document)
}

function marked(text: string, inexact: Scan['inexact']): string {
  const pieces: string[] = []
  let from = 0
  for (let index = 0; index < inexact.length; index += 2) {
    const [start, end] = [inexact[index] as number, inexact[index + 1] as number]
    pieces.push(text.slice(from, start), '"', MARK, text.slice(start, end), '"')
    from = end
  }
  pieces.push(text.slice(from))
  return pieces.join('')
}

/** The value with every marked text in it replaced by its number; objects and lists are changed in place. */
function restored(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? rawJSON(value.slice(MARK.length)) : value
  if (Array.isArray(value)) restoreItems(value)
  else if (typeof value === 'object' && value !== null) restoreMembers(value as Record<string, unknown>)
  return value
}

function restoreItems(items: unknown[]): void {
  for (let index = 0; index < items.length; index += 1) {
    const exact = restored(items[index])
    if (exact !== items[index]) items[index] = exact
  }
}

function restoreMembers(members: Record<string, unknown>): void {
  for (const key in members) {
    const exact = restored(members[key])
    // Assigning to `__proto__` would change the prototype of the object.
    if (exact !== members[key]) Object.defineProperty(members, key, { value: exact, enumerable: true })
  }
}
