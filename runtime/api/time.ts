const FORM = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/
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

function parseText(text: string): number {
  const match = FORM.exec(text)
  if (!match) return Number.NaN
  const [year, month, day] = match.slice(1, 4).map(Number) as [number, number, number]
  // Date.parse takes 30 February for 2 March.
  if (day > daysOf(year, month)) return Number.NaN
  const iso = text.replace(' ', 'T')
  // A date alone is UTC by the standard, a date with a time and no zone would be local time.
  return Date.parse(match[4] === undefined && iso.includes('T') ? `${iso}Z` : iso)
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
