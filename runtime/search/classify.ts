import { errors } from '@elastic/elasticsearch'

/**
 * What becomes of one operation of a bulk. `stored`, `duplicate` and `superseded` are done with; `throttled` and `retry`
 * are sent again, alone; `rejected` will never be taken and goes to the dead letters.
 */
export type ItemOutcome = 'stored' | 'duplicate' | 'superseded' | 'throttled' | 'retry' | 'rejected'

export interface ItemFault {
  readonly type: string
  readonly reason: string
}

/**
 * Faults of the cluster or of its configuration that Elasticsearch reports like faults of the document. The document is
 * good, so it waits until an operator has put it right: an index set read-only, the shard limit of the cluster
 * (`validation_exception`), a missing index where automatic creation is off, credentials without the right.
 */
const NOT_THE_DOCUMENT = new Set([
  'cluster_block_exception',
  'validation_exception',
  'index_not_found_exception',
  'security_exception',
  'index_closed_exception',
  'invalid_alias_name_exception',
])

/** The same, where only the reason tells: IngestService of Elasticsearch, for the default pipeline of an index. */
const MISSING_PIPELINE = /^pipeline with id \[.*\] does not exist$/s

export function classifyItem(operation: 'create' | 'index', status: number, fault: ItemFault): ItemOutcome {
  if (status >= 200 && status < 300) return 'stored'
  if (status === 409) return operation === 'create' ? 'duplicate' : 'superseded'
  if (status === 429) return 'throttled'
  if (status >= 500 || status === 408) return 'retry'
  const noPipeline = fault.type === 'illegal_argument_exception' && MISSING_PIPELINE.test(fault.reason)
  return NOT_THE_DOCUMENT.has(fault.type) || noPipeline ? 'retry' : 'rejected'
}

/**
 * What to do when the whole request failed. `split`: a single operation may be at fault, so send halves. Everything
 * unknown is tried again: it may cost time, and loses nothing.
 */
export type RequestOutcome = 'throttled' | 'retry' | 'split'

export function classifyRequest(error: unknown): RequestOutcome {
  if (!(error instanceof errors.ResponseError)) return 'retry'
  if (error.statusCode === 429) return 'throttled'
  // More than http.max_content_length, or a proxy's limit.
  if (error.statusCode === 413) return 'split'
  // One malformed line fails the whole request. Only Elasticsearch itself judges lines; a proxy's 400 says nothing of them.
  const ofElasticsearch = (error.body as { error?: { type?: string } } | undefined)?.error?.type !== undefined
  return error.statusCode === 400 && ofElasticsearch ? 'split' : 'retry'
}
