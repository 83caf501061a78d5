import { errors } from '@elastic/elasticsearch'

/**
 * The outcome of one operation of a bulk. `stored`, `duplicate` and `superseded` are final. `throttled` and `retry`
 * are sent again, alone. `rejected` becomes a dead letter once `judge.ts` has found that the document is at fault. `erased` was
 * never sent: its profile is erased.
 */
export type ItemOutcome = 'stored' | 'duplicate' | 'superseded' | 'erased' | 'throttled' | 'retry' | 'rejected'

export interface ItemFault {
  readonly type: string
  readonly reason: string
}

/** Statuses that speak of the server or of a shard, whatever the document. */
const PASSING = new Set([408, 502, 503, 504])

/**
 * Uses the status only. `rejected` means that this operation was refused: faults of the cluster, of an index or of the
 * set-up have the same statuses as faults of a document, so a trial must distinguish the two.
 */
export function classifyItem(operation: 'create' | 'index', status: number): Exclude<ItemOutcome, 'erased'> {
  if (status >= 200 && status < 300) return 'stored'
  if (status === 409) return operation === 'create' ? 'duplicate' : 'superseded'
  if (status === 429) return 'throttled'
  return PASSING.has(status) ? 'retry' : 'rejected'
}

/** What to do when the whole request failed. It may cost time to send it again, and loses nothing. */
export type RequestOutcome = 'throttled' | 'retry'

export function classifyRequest(error: unknown): RequestOutcome {
  return statusOf(error) === 429 ? 'throttled' : 'retry'
}

/** Whether the server, or a proxy before it, refuses the request itself: its lines may be the reason, or anything else. */
export function isRefusedRequest(error: unknown): boolean {
  const status = statusOf(error)
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}

/** The HTTP status with which a request failed; 0 when there was no answer. */
export function statusOf(error: unknown): number {
  return error instanceof errors.ResponseError ? (error.statusCode ?? 0) : 0
}
