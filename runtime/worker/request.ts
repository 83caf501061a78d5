import { backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { ReusedMemory } from '../reused-memory.ts'
import type { FaultyResult, ItemResult, SendBulk } from '../search/bulk.ts'
import { classifyRequest } from '../search/classify.ts'
import { LinesRefused } from '../search/judge.ts'
import type { AdaptiveConcurrency } from './concurrency.ts'
import type { WorkerMetrics } from './metrics.ts'
import { copyLines, type Run, singleOperations } from './operations.ts'

export const RETRY = { baseMs: 200, maxMs: 30_000 }

export interface RequestOptions {
  readonly sendBulk: SendBulk
  readonly concurrency: AdaptiveConcurrency
  readonly metrics: WorkerMetrics
  readonly log: Logger
  /** Rejects when the worker gives up, because the time for shutting down is over. */
  readonly sleep: (ms: number) => Promise<void>
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number
}

/** Sends operations to Elasticsearch until it answers, however long it is down. */
export class BulkRequest {
  readonly #options: RequestOptions
  readonly #memory = new ReusedMemory()

  constructor(options: RequestOptions) {
    this.#options = options
  }

  /**
   * @returns a result for each operation, in their order. A request that is refused as a whole is sent in halves.
   * @throws what `sleep` throws.
   */
  async send(runs: readonly Run[]): Promise<readonly ItemResult[]> {
    const operations = runs.reduce((sum, { count }) => sum + count, 0)
    const answer = await this.#untilAnswered(runs, operations)
    if (answer !== 'split') return answer
    if (operations === 1) return [MISCOUNTED]
    const singles = runs.flatMap(singleOperations)
    const middle = Math.ceil(singles.length / 2)
    return [...(await this.send(singles.slice(0, middle))), ...(await this.send(singles.slice(middle)))]
  }

  async #untilAnswered(runs: readonly Run[], operations: number): Promise<BulkOutcome> {
    const { sleep, random } = this.#options
    const body = this.#joined(runs)
    let attempt = 0
    let answer = await this.#attempt(body, operations, attempt)
    while (answer === undefined) {
      await sleep(backoffMs(attempt, RETRY, random()))
      attempt += 1
      answer = await this.#attempt(body, operations, attempt)
    }
    return answer
  }

  async #attempt(body: Buffer, operations: number, attempt: number): Promise<BulkOutcome | undefined> {
    const { metrics, nowMs } = this.#options
    const startedAtMs = nowMs()
    const answer = await this.#ask(body, operations, attempt)
    metrics.bulkTook((nowMs() - startedAtMs) / 1000)
    return answer
  }

  /** Answers `undefined` when the request failed, and the same must be sent again. */
  async #ask(body: Buffer, operations: number, attempt: number): Promise<BulkOutcome | undefined> {
    try {
      const results = await this.#options.sendBulk(body)
      // Elasticsearch answers when it has read the body. After a failure nobody knows whether it still does.
      if (attempt === 0) this.#memory.giveBack(body)
      return this.#checked(results, operations)
    } catch (error) {
      if (error instanceof LinesRefused) return this.#refused(error, operations)
      this.#failed(error, attempt, operations)
      return undefined
    }
  }

  #joined(runs: readonly Run[]): Buffer {
    const body = this.#memory.take(runs.reduce((sum, { bytes }) => sum + bytes, 0))
    copyLines(runs, body)
    return body
  }

  #checked(results: readonly ItemResult[], operations: number): BulkOutcome {
    const { concurrency } = this.#options
    if (results.length !== operations) return 'split'
    if (results.some(({ outcome }) => outcome === 'throttled')) concurrency.throttled()
    else concurrency.succeeded()
    return results
  }

  #refused(error: LinesRefused, operations: number): BulkOutcome {
    const { result } = error
    this.#options.metrics.retried('request_refused', operations, '', messageOf(error))
    return result === undefined ? 'split' : [result]
  }

  #failed(error: unknown, attempt: number, operations: number): void {
    const { metrics, concurrency, log } = this.#options
    const outcome = classifyRequest(error)
    if (outcome === 'throttled') concurrency.throttled()
    metrics.retried(`request_${outcome}`, operations, '', messageOf(error))
    // The first failure and each doubling, or an outage would fill the log.
    if (Number.isInteger(Math.log2(attempt + 1)))
      log.warn({ reason: messageOf(error), attempt, operations }, 'bulk failed, will be retried')
  }
}

/** Results in the order of the operations, or that the request as a whole was refused and must be sent in halves. */
type BulkOutcome = readonly ItemResult[] | 'split'

/** For an operation alone in its bulk, whose answer has not exactly one result. */
const MISCOUNTED: FaultyResult = {
  outcome: 'retry',
  status: 200,
  fault: {
    type: 'results_missing',
    reason: 'the answer to a bulk has more or fewer results than the bulk has operations',
  },
}
