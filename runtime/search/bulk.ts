import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { classifyItem, type ItemFault, type ItemOutcome } from './classify.ts'

export interface FaultyResult {
  readonly outcome: Exclude<ItemOutcome, 'stored'>
  readonly status: number
  readonly fault: ItemFault
}

export type ItemResult = { readonly outcome: 'stored' } | FaultyResult

/** Sends prepared lines and answers the result of each operation, in their order. */
export type SendBulk = (lines: Buffer) => Promise<readonly ItemResult[]>

interface BulkAnswer {
  readonly errors: boolean
  readonly items?: readonly { readonly create?: BulkItem; readonly index?: BulkItem }[]
}

interface BulkItem {
  readonly status: number
  readonly error?: {
    readonly type?: string
    readonly reason?: string
    readonly caused_by?: { readonly reason?: string }
  }
}

/** Only what is needed of the answer: the rest would cost more to read than to write. The status keeps the positions. */
const FILTER = 'errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason'

const STORED: ItemResult = Object.freeze({ outcome: 'stored' })

/** Maximum wait of Elasticsearch for an unavailable shard, in milliseconds: all other operations of the bulk wait with it. */
const LONGEST_SHARD_WAIT_MS = 2000

/**
 * How long a bulk may wait inside Elasticsearch (its `timeout`, 1 minute by default) for a primary shard, a new index or the end
 * of a block, in milliseconds. Well below the time that the request has, or the client gives up before it reads what became of each operation.
 */
export function shardWaitMs({ elasticQueryTimeoutSeconds }: Pick<Config, 'elasticQueryTimeoutSeconds'>): number {
  return Math.min(LONGEST_SHARD_WAIT_MS, Math.floor((elasticQueryTimeoutSeconds * 1000) / 3))
}

/** @param waitMs see `shardWaitMs`. */
export function bulkSender(client: Client, waitMs: number): SendBulk {
  const querystring = { filter_path: FILTER, timeout: `${waitMs}ms` }
  return async (lines) => {
    const answer = (await client.transport.request(
      {
        method: 'POST',
        path: '/_bulk',
        querystring,
        // A Buffer is sent as it is; the type knows only text and streams.
        bulkBody: lines as unknown as string,
      },
      // The memory of the lines is used again after the answer, when nothing may be sending it any more.
      { maxRetries: 0 },
    )) as BulkAnswer
    if (!Array.isArray(answer.items)) {
      throw new AppError(
        'search_unavailable',
        'the server that answered the bulk is not Elasticsearch: its answer has no items',
      )
    }
    return answer.errors ? answer.items.map(resultOf) : answer.items.map(() => STORED)
  }
}

function resultOf(item: NonNullable<BulkAnswer['items']>[number]): ItemResult {
  const operation = item.create ? 'create' : 'index'
  const { status, error } = (item.create ?? item.index) as BulkItem
  const outcome = classifyItem(operation, status)
  if (outcome === 'stored') return STORED
  const reason = [error?.reason, error?.caused_by?.reason].filter(Boolean).join(': ')
  return { outcome, status, fault: { type: error?.type ?? 'unknown', reason } }
}
