/** An answer of the API, as its clients see it. */
export interface Response<Data = unknown> {
  readonly status: number
  readonly retryAfter: string | null
  /** `undefined` when it is not JSON, and so not from the API. */
  readonly data: Data | undefined
}

export type Outcome =
  /** Every event of the call is durable. */
  | { readonly kind: 'stored' }
  /** The call will never be taken as it is. */
  | { readonly kind: 'refused' }
  /** The events may or may not be stored: they are sent again with the same ids, after this many milliseconds. */
  | { readonly kind: 'again'; readonly afterMs: number }

/** A wrong header must not stop a client for days. */
const MAX_RETRY_AFTER_MS = 3600 * 1000

/** The call has a fault or is too large: what it carries is sought and dropped, for it would keep all others waiting. */
const REFUSALS: readonly number[] = [400, 413, 415, 422]

/** @param response `undefined` when none came. */
export function outcomeOf(response: Response | undefined, nowMs: number): Outcome {
  if (response === undefined) return { kind: 'again', afterMs: 0 }
  const { status, data, retryAfter } = response
  // The log-in page of a hotel's network answers 200 as well, but not in JSON.
  if (status < 300 && data !== undefined) return { kind: 'stored' }
  if (REFUSALS.includes(status)) return { kind: 'refused' }
  return { kind: 'again', afterMs: retryAfterMs(retryAfter, nowMs) }
}

/** `Retry-After` in both of its forms: seconds, or a date. */
function retryAfterMs(header: string | null, nowMs: number): number {
  // 0 for none.
  const seconds = Number(header)
  const waitMs = seconds >= 0 ? seconds * 1000 : Date.parse(`${header}`) - nowMs
  return Math.min(Math.max(waitMs || 0, 0), MAX_RETRY_AFTER_MS)
}
