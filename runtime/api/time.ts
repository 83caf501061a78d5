const FORM = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/
const ZONE = /(?:Z|[+-]\d\d:?\d\d)$/
const MONTH_AND_DAY = [
  '(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])',
  '(?:0[13-9]|1[0-2])-(?:29|30)',
  '(?:0[13578]|1[02])-31',
].join('|')
/**
 * A moment as `toISOString` writes it, and clients do nearly always; the 29th of February needs a calendar. It saves parsing and
 * writing the moment again: 0.05 µs instead of 0.85 (Node 24, 1,000 moments). A test compares it with `Date`.
 */
const CANONICAL = new RegExp(`^(?!0000)\\d{4}-(?:${MONTH_AND_DAY})T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z$`)
const DATE_LENGTH = '2026-11-22'.length
/** Every month has at least this many days. */
const SURE_DAYS = 28
/** A number of at most this size is seconds, a larger one milliseconds: the rule of Tracardi, whose models are pydantic's. */
const MAX_SECONDS = 20_000_000_000
/** A number as text. Fewer digits could be a year, or a date without separators. */
const NUMBER = /^\d{9,15}(?:\.\d{1,9})?$/
/** From year 1 to year 9999: what every reader of the documents understands. */
export const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z')
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * A moment as clients write it: ISO 8601, `2026-11-22 13:45:00`, or a number: seconds since the epoch up to 20,000,000,000 (the year
 * 2603), milliseconds beyond, and the same before the epoch. Without a zone it is UTC. What is finer than a millisecond is cut.
 *
 * @returns milliseconds since the epoch, or `undefined` when it is no moment between the years 1 and 9999.
 */
export function parseMoment(value: string | number): number | undefined {
  const timeMs = typeof value === 'number' ? parseNumber(value) : parseText(value.trim())
  return timeMs >= EARLIEST_MS && timeMs <= LATEST_MS ? Math.trunc(timeMs) : undefined
}

/** Whether `parseMoment` would understand it. */
export function isMoment(value: string | number): boolean {
  return isCanonical(value) || parseMoment(value) !== undefined
}

/** The moment as it is stored, ISO 8601 in UTC; `undefined` when it is none. */
export function isoOf(value: string | number): string | undefined {
  if (isCanonical(value)) return value
  const timeMs = parseMoment(value)
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString()
}

function isCanonical(value: string | number): value is string {
  return typeof value === 'string' && CANONICAL.test(value)
}

function parseNumber(value: number): number {
  // By microseconds, because 1.001 s would be 1000.9999999999999 ms.
  return Math.abs(value) > MAX_SECONDS ? value : Math.round(value * 1e6) / 1000
}

function parseText(text: string): number {
  if (NUMBER.test(text)) return parseNumber(Number(text))
  if (!FORM.test(text)) return Number.NaN
  const day = Number(text.slice(8, DATE_LENGTH))
  // Date.parse takes 30 February for 2 March.
  if (day > SURE_DAYS && day > daysOf(Number(text.slice(0, 4)), Number(text.slice(5, 7)))) return Number.NaN
  // A date alone is UTC by the standard, a date with a time and no zone would be local time.
  if (text.length === DATE_LENGTH) return Date.parse(text)
  const iso = text[DATE_LENGTH] === 'T' ? text : text.replace(' ', 'T')
  return Date.parse(iso.endsWith('Z') || ZONE.test(iso.slice(DATE_LENGTH)) ? iso : `${iso}Z`)
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
