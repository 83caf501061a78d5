import { isRawJSON } from '../exact-json.ts'
import { Verbatim } from '../search/documents.ts'
import { FLATTENED_DEPTH } from '../search/templates.ts'

/**
 * The longest path of keys, in characters. With a value of 1,024 indexed characters it stays under the 32,766 bytes that
 * Lucene treats as one term, even with 4 bytes for each character.
 */
export const MAX_PATH_CHARACTERS = 4096
/** StreamReadConstraints.getMaxNumberLength of Elasticsearch is 1,000. */
const MAX_NUMBER_CHARACTERS = 1000

/**
 * What Elasticsearch would refuse of free-form data, found before it is accepted: nesting, long paths, the character
 * that separates path and value in its index, numbers without end.
 *
 * @returns the fault in words, or `undefined` when there is none.
 */
export function structureFault(value: unknown): string | undefined {
  if (value instanceof Verbatim) return undefined
  return typeof value === 'object' && value !== null ? objectFault(value, 1, 0) : undefined
}

function objectFault(value: object, depth: number, pathCharacters: number): string | undefined {
  if (isRawJSON(value)) {
    const { length } = value.rawJSON
    return length > MAX_NUMBER_CHARACTERS
      ? `a number has ${length} characters, the maximum is ${MAX_NUMBER_CHARACTERS}`
      : undefined
  }
  if (depth > FLATTENED_DEPTH) return `it is nested deeper than ${FLATTENED_DEPTH} levels`
  return Array.isArray(value) ? arrayFault(value, depth, pathCharacters) : memberFault(value, depth, pathCharacters)
}

function arrayFault(items: readonly unknown[], depth: number, pathCharacters: number): string | undefined {
  for (const item of items) {
    const fault = typeof item === 'object' && item !== null && objectFault(item, depth + 1, pathCharacters)
    if (fault) return fault
  }
  return undefined
}

function memberFault(members: object, depth: number, pathCharacters: number): string | undefined {
  // Data that was JSON inherits no key, and its keys need not be listed first.
  for (const key in members) {
    const path = pathCharacters + key.length + 1
    if (path > MAX_PATH_CHARACTERS) return `a path of keys is longer than ${MAX_PATH_CHARACTERS} characters`
    if (key.includes('\0')) return 'a key contains the character U+0000'
    const member = (members as Record<string, unknown>)[key]
    const fault = typeof member === 'object' && member !== null && objectFault(member, depth + 1, path)
    if (fault) return fault
  }
  return undefined
}
