import { EARLIEST_MS, parseMoment } from './time.ts'

/** A smaller difference may be the time that the call was on its way. */
export const MIN_SKEW_MS = 60_000

/** How a call is wrong about the time; `undefined` where its clock is right, or nothing is known of it. */
export interface Skew {
  /** Is added to the times of the call. */
  readonly ms: number
  readonly receivedAtMs: number
  /** ISO 8601, by the clock of the client. */
  readonly sentAt: string
}

/** @param sentAt a moment, as the schema describes them. */
export function skewOf(sentAt: string | number | null | undefined, receivedAtMs: number): Skew | undefined {
  if (sentAt === null || sentAt === undefined || sentAt === '') return undefined
  const sentAtMs = parseMoment(sentAt)
  if (sentAtMs === undefined) return undefined
  const ms = receivedAtMs - sentAtMs
  return Math.abs(ms) > MIN_SKEW_MS ? { ms, receivedAtMs, sentAt: new Date(sentAtMs).toISOString() } : undefined
}

/**
 * The moment by the clock of the API, ISO 8601. Nothing that is sent happens after its arrival, so a clock that changed before the
 * sending gives the time of arrival at most. A moment that the correction would bring before the year 1 stays.
 */
function corrected(skew: Skew, iso: string): string {
  const correctedMs = Math.min(Date.parse(iso) + skew.ms, skew.receivedAtMs)
  return correctedMs < EARLIEST_MS ? iso : new Date(correctedMs).toISOString()
}

/** Times of an event, session or profile, ISO 8601. */
export interface Times {
  readonly insert?: string | undefined
  readonly create?: string | undefined
  readonly update?: string | undefined
}

/** What the client said, where that was corrected. */
export type OriginalTimes = Times & { readonly sent: string }

/** Times by the clock of the API, with what the client said of them. */
export interface CorrectedTimes extends Times {
  readonly original?: OriginalTimes | undefined
}

const NAMES = ['insert', 'create', 'update'] as const

export function correctedTimes(times: Times, skew: Skew | undefined): CorrectedTimes {
  if (skew === undefined) return times
  const given = NAMES.flatMap((name): [string, string][] => (times[name] === undefined ? [] : [[name, times[name]]]))
  if (given.length === 0) return times
  const original = { ...Object.fromEntries(given), sent: skew.sentAt }
  return { ...Object.fromEntries(given.map(([name, iso]) => [name, corrected(skew, iso)])), original }
}
