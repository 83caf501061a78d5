import type { Config } from '../config.ts'

export type Partitioning = Config['eventPartitioning']

/** `2026-11-22`, `2026-11`, `2026-q4` or `2026`: the period of a moment, always in UTC, always sorting by time. */
export function periodOf(timeMs: number, partitioning: Partitioning): string {
  const day = new Date(timeMs).toISOString().slice(0, 10)
  const year = day.slice(0, 4)
  switch (partitioning) {
    case 'day':
      return day
    case 'month':
      return day.slice(0, 7)
    case 'quarter':
      return `${year}-q${Math.ceil(Number(day.slice(5, 7)) / 3)}`
    case 'year':
      return year
  }
}

const DAY_MS = 86_400_000

/**
 * Names the index of a moment. Nearly all events are of the same day as the one before, and a day is in one period, so the
 * last name is kept: it is part of the halved cost of composing an event (bench/README.md, "Found by profiling").
 *
 * @param event the alias of the event indices.
 */
export function indexNamer(event: string, partitioning: Partitioning): (timeMs: number) => string {
  let lastDay = Number.NaN
  let lastIndex = ''
  return (timeMs) => {
    const day = Math.floor(timeMs / DAY_MS)
    if (day !== lastDay) {
      lastDay = day
      lastIndex = `${event}-${periodOf(timeMs, partitioning)}`
    }
    return lastIndex
  }
}

const PERIOD = /^(\d{4})(?:-(?:q([1-4])|(\d{2})(?:-(\d{2}))?))?$/

/** When the period of an index name ends, in milliseconds; `undefined` if it is not the name of one of our periods. */
export function periodEndMs(index: string, eventAlias: string): number | undefined {
  return boundsMs(index, eventAlias)?.[1]
}

/** When it begins, likewise. */
export function periodStartMs(index: string, eventAlias: string): number | undefined {
  return boundsMs(index, eventAlias)?.[0]
}

function boundsMs(index: string, eventAlias: string): readonly [startMs: number, endMs: number] | undefined {
  const match = index.startsWith(`${eventAlias}-`) ? PERIOD.exec(index.slice(eventAlias.length + 1)) : null
  if (!match) return undefined
  const [year, quarter, month, day] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)))
  const of = (months: number, days = 1) => Date.UTC(year as number, months, days)
  if (month !== undefined)
    return day === undefined ? [of(month - 1), of(month)] : [of(month - 1, day), of(month - 1, day + 1)]
  if (quarter !== undefined) return [of(quarter * 3 - 3), of(quarter * 3)]
  return [of(0), of(12)]
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** The time inside a UUIDv7, in milliseconds since the epoch; `undefined` for any other id. */
export function timeInId(id: string): number | undefined {
  return UUID_V7.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined
}

/**
 * The moment that chooses the index of an event. It must be the same for every repetition of the event, or the event
 * would be stored twice: the time inside a UUIDv7 id repeats with the id, so it is taken where it is plausible.
 */
export function partitionTimeMs(id: string, nowMs: number, windowMs: number): number {
  const timeMs = timeInId(id)
  return timeMs !== undefined && Math.abs(timeMs - nowMs) <= windowMs ? timeMs : nowMs
}
