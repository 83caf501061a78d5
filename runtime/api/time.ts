const FORM = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/
const ZONE = /(?:Z|[+-]\d\d:?\d\d)$/
/** What `toISOString` would write again. Hour 24 is the first of the next day. */
const CANONICAL = /^\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d\.\d{3}Z$/
const DATE_LENGTH = '2026-11-22'.length
/** Every month has so many days. */
const SURE_DAYS = 28
/** From year 1 to year 9999: what every reader of the documents understands. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z')
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * A moment as clients write it: ISO 8601, `2026-11-22 13:45:00`, or milliseconds since the epoch. Without a zone it is UTC.
 *
 * @returns milliseconds since the epoch, or `undefined` when it is no moment between the years 1 and 9999.
 */
export function parseMoment(value: string | number): number | undefined {
  const timeMs = typeof value === 'number' ? value : parseText(value.trim())
  return timeMs >= EARLIEST_MS && timeMs <= LATEST_MS ? Math.trunc(timeMs) : undefined
}

/** The moment as it is stored, ISO 8601 in UTC; `undefined` when it is none. */
export function isoOf(value: string | number): string | undefined {
  const timeMs = parseMoment(value)
  if (timeMs === undefined) return undefined
  return typeof value === 'string' && CANONICAL.test(value) ? value : new Date(timeMs).toISOString()
}

function parseText(text: string): number {
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
