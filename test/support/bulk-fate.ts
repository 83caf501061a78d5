import { errors } from '@elastic/elasticsearch'
import type { ItemResult, SendBulk } from '../../runtime/search/bulk.ts'
import { classifyRequest, statusOf } from '../../runtime/search/classify.ts'
import { LinesRefused } from '../../runtime/search/judge.ts'
import type { BulkAnswer } from './bulk-answers.ts'

export interface Fate {
  readonly done: BulkAnswer['done']
  readonly status: number
  readonly type: string
}

const DONE = {
  stored: 'stored',
  duplicate: 'duplicate',
  superseded: 'superseded',
  rejected: 'dead letter',
  retry: 'waits',
  throttled: 'waits, fewer bulks',
} as const

/** What becomes of the last of some operations, and the answer that decides it. */
export async function fateOf(send: SendBulk, lines: string): Promise<Fate> {
  try {
    return fateOfResult((await send(Buffer.from(lines))).at(-1) as ItemResult)
  } catch (error) {
    if (error instanceof LinesRefused && error.result !== undefined) {
      const { done } = fateOfResult(error.result)
      return { done, status: statusOf(error.cause), type: typeOf(error.cause) }
    }
    return { done: DONE[classifyRequest(error)], status: statusOf(error), type: typeOf(error) }
  }
}

function fateOfResult(result: ItemResult): Fate {
  if (result.outcome === 'stored') return { done: 'stored', status: 201, type: '' }
  if (result.outcome === 'erased') throw new Error('no profile is erased here')
  return { done: DONE[result.outcome], status: result.status, type: result.fault.type }
}

function typeOf(error: unknown): string {
  const body = error instanceof errors.ResponseError ? (error.body as { error?: { type?: string } }) : undefined
  return body?.error?.type ?? ''
}
