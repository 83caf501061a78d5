import { Verbatim } from '../search/documents.ts'
import { FLATTENED_DEPTH } from '../search/templates.ts'
import { MAX_PATH_CHARACTERS } from './structure.ts'

/**
 * Bodies that are written exactly as `JSON.stringify` writes them, which is what clients in JavaScript send. The free-form data of
 * their events can be stored as its own bytes: it need not be parsed and written again.
 */
export interface CanonicalCall {
  readonly exceeded: undefined
  /** Counted as `scanJson` counts them. */
  readonly values: number
  /** The text at `source.id` of the outermost object, where it is written without escapes. */
  readonly sourceId: string | undefined
  /** The bytes of `properties` and `context` of all events, where they are objects with members: start and end of each, in their order. */
  readonly data: readonly number[]
}

/**
 * Reads a body byte by byte.
 *
 * @param body must be valid UTF-8.
 * @returns `undefined` for a body that is written in another way, is no call, or has data that Elasticsearch could refuse. That
 *   says nothing about what is wrong, or whether anything is.
 */
export function readCanonicalCall(body: Buffer, maxValues: number): CanonicalCall | undefined {
  keyCount = 0
  const reader = new Reader(body)
  const isCanonical = body[0] === OPEN_OBJECT && reader.value(0, CALL, 0) === body.length
  return isCanonical && reader.values <= maxValues ? reader : undefined
}

/** The call without its free-form data is parsed; the data become `Verbatim`. @param text of the body */
export function parseCanonicalCall(body: Buffer, text: string, { data }: CanonicalCall): unknown {
  const isAscii = text.length === body.length
  const slice = (start: number, end: number) => (isAscii ? text.slice(start, end) : body.toString('utf8', start, end))
  const pieces: string[] = []
  let from = 0
  for (let index = 0; index < data.length; index += 2) {
    pieces.push(slice(from, data[index] as number), String(index))
    from = data[index + 1] as number
  }
  pieces.push(slice(from, body.length))
  const call = JSON.parse(pieces.join('')) as { events?: readonly unknown[] | null }
  for (const event of call.events ?? []) {
    const members = (event ?? {}) as Record<string, unknown>
    for (const key of ['properties', 'context']) {
      const index = members[key]
      // The reader takes no number there, so this is one of those above.
      if (typeof index === 'number')
        members[key] = new Verbatim(slice(data[index] as number, data[index + 1] as number))
    }
  }
  return call
}

// Constants of this file, as in `json-scan.ts`: imported ones make the reader 8 % slower.
const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const LOWER_E = 0x65
const LOWER_N = 0x6e
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** What a reader answers instead of an end. */
const OTHERWISE = -1
/** A number of at most this many digits, including the point, is exact. */
const SAFE_CHARACTERS = 15
/** The depths of the call, of one event in it, and of its data. */
const CALL = 1
const EVENT = 3
const DATA = EVENT + 1
const MAX_DEPTH = EVENT + FLATTENED_DEPTH
/** The keys of an object are compared one by one. */
const MAX_KEYS = 64

/** 1 for each byte that needs no escape in a string. */
const ITSELF = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH),
)
/** What may follow a backslash; `JSON.stringify` writes `\u` for few others. */
const ESCAPED = Buffer.from('"\\bfnrt')
const [SOURCE, ID, EVENTS, PROPERTIES, CONTEXT] = ['source', 'id', 'events', 'properties', 'context'].map((key) =>
  Buffer.from(JSON.stringify(key)),
) as [Buffer, Buffer, Buffer, Buffer, Buffer]
const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word))

/** Hashes of the keys of all objects that are open. One body is read at a time. */
const keys = new Int32Array(MAX_DEPTH * MAX_KEYS)
let keyCount = 0

/** Each method reads what begins at a position, and answers where it ends, or `OTHERWISE`. */
class Reader implements CanonicalCall {
  readonly exceeded = undefined
  values = 1
  sourceId: string | undefined
  readonly data: number[] = []
  readonly #body: Buffer
  #isInSource = false
  #isInEvents = false

  constructor(body: Buffer) {
    this.#body = body
  }

  value(at: number, depth: number, path: number): number {
    const first = this.#body[at]
    if (first === QUOTE) return this.#string(at)
    if (first === OPEN_OBJECT) return this.#object(at, depth, path)
    if (first === OPEN_LIST) return this.#list(at, depth, path)
    if (first === MINUS || isDigit(first)) return this.#number(at)
    const word = WORDS.find((bytes) => this.#isAt(bytes, at))
    return word === undefined ? OTHERWISE : at + word.length
  }

  #object(at: number, depth: number, path: number): number {
    const body = this.#body
    const keysBefore = keyCount
    this.values += 1
    if (depth > MAX_DEPTH) return OTHERWISE
    let end = at + 1
    if (body[end] === CLOSE_OBJECT) return end + 1
    for (;;) {
      end = this.#member(end, keysBefore, depth, path)
      if (end === OTHERWISE) return OTHERWISE
      if (body[end] !== COMMA) break
      this.values += 1
      end += 1
    }
    keyCount = keysBefore
    return body[end] === CLOSE_OBJECT ? end + 1 : OTHERWISE
  }

  #member(at: number, keysBefore: number, depth: number, path: number): number {
    const keyEnd = this.#key(at, keysBefore)
    if (keyEnd === OTHERWISE || this.#body[keyEnd] !== COLON) return OTHERWISE
    if (depth < DATA) return this.#outerValue(at, keyEnd + 1, depth)
    const longer = path + keyEnd - at
    return longer > MAX_PATH_CHARACTERS ? OTHERWISE : this.value(keyEnd + 1, depth + 1, longer)
  }

  /** A value above the free-form data, with its key. */
  #outerValue(keyAt: number, at: number, depth: number): number {
    const isOfCall = depth === CALL
    if (isOfCall) {
      this.#isInSource = this.#isAt(SOURCE, keyAt)
      this.#isInEvents = this.#isAt(EVENTS, keyAt)
    }
    if (isOfCall && this.#isInEvents && this.#body[at] !== OPEN_LIST) return OTHERWISE
    const end = this.value(at, depth + 1, 0)
    if (end === OTHERWISE) return OTHERWISE
    if (depth === CALL + 1 && this.#isInSource && this.#isAt(ID, keyAt)) this.sourceId = this.#plainString(at, end)
    const isData = depth === EVENT && this.#isInEvents && (this.#isAt(PROPERTIES, keyAt) || this.#isAt(CONTEXT, keyAt))
    return isData ? this.#data(at, end) : end
  }

  #data(at: number, end: number): number {
    const first = this.#body[at]
    if (first === OPEN_OBJECT && this.#body[at + 1] !== CLOSE_OBJECT) this.data.push(at, end)
    return first === OPEN_OBJECT || first === LOWER_N ? end : OTHERWISE
  }

  #list(at: number, depth: number, path: number): number {
    const body = this.#body
    this.values += 1
    if (depth > MAX_DEPTH) return OTHERWISE
    let end = at + 1
    if (body[end] === CLOSE_LIST) return end + 1
    for (;;) {
      end = this.value(end, depth + 1, path)
      if (end === OTHERWISE) return OTHERWISE
      if (body[end] !== COMMA) break
      this.values += 1
      end += 1
    }
    return body[end] === CLOSE_LIST ? end + 1 : OTHERWISE
  }

  /** A key that its object has not had yet. One that begins with a digit may be an index, which is ordered differently. */
  #key(at: number, keysBefore: number): number {
    const body = this.#body
    if (body[at] !== QUOTE || isDigit(body[at + 1]) || keyCount - keysBefore >= MAX_KEYS) return OTHERWISE
    let hash = 0
    let end = at + 1
    for (let byte = body[end] as number; ITSELF[byte] === 1; byte = body[end] as number) {
      hash = (Math.imul(hash, 31) + byte) | 0
      end += 1
    }
    if (body[end] !== QUOTE) return OTHERWISE
    for (let index = keysBefore; index < keyCount; index += 1) if (keys[index] === hash) return OTHERWISE
    keys[keyCount] = hash
    keyCount += 1
    return end + 1
  }

  #string(at: number): number {
    const body = this.#body
    let end = at + 1
    for (;;) {
      while (ITSELF[body[end] as number] === 1) end += 1
      if (body[end] === QUOTE) return end + 1
      if (body[end] !== BACKSLASH || !ESCAPED.includes(body[end + 1] as number)) return OTHERWISE
      end += 2
    }
  }

  #number(at: number): number {
    const body = this.#body
    let end = this.#digits(at)
    const isWhole = body[end] !== POINT
    if (!isWhole) end = this.#digits(end + 1)
    // Nearly all numbers: a double keeps the digits that were written, if they are few and neither begin nor end with a zero.
    const isPlain = isDigitButZero(body[at]) && (isWhole || isDigitButZero(body[end - 1]))
    if (end - at <= SAFE_CHARACTERS && !isNumeric(body[end]) && (isPlain || end - at === 1)) return end
    while (isNumeric(body[end])) end += 1
    const text = this.#text(at, end)
    return String(Number(text)) === text ? end : OTHERWISE
  }

  #digits(at: number): number {
    let end = at
    while (isDigit(this.#body[end])) end += 1
    return end
  }

  #plainString(at: number, end: number): string | undefined {
    if (this.#body[at] !== QUOTE) return undefined
    const text = this.#text(at + 1, end - 1)
    return text.includes('\\') ? undefined : text
  }

  #isAt(bytes: Buffer, at: number): boolean {
    for (let index = 0; index < bytes.length; index += 1) if (this.#body[at + index] !== bytes[index]) return false
    return true
  }

  #text(at: number, end: number): string {
    return this.#body.toString('utf8', at, end)
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

function isDigitButZero(byte: number | undefined): boolean {
  return byte !== ZERO && isDigit(byte)
}

function isNumeric(byte: number | undefined): boolean {
  return isDigit(byte) || byte === MINUS || byte === PLUS || byte === POINT || byte === LOWER_E
}
