import { backoffMs } from '../backoff.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { type DeathCertificate, encodeDeadOperation } from '../queue/dead-letter.ts'
import type { OutgoingMessage } from '../queue/port.ts'
import type { FaultyResult, ItemResult, SendBulk } from '../search/bulk.ts'
import { classifyRequest, type RequestOutcome } from '../search/classify.ts'
import type { Batch } from './batch.ts'
import type { AdaptiveConcurrency } from './concurrency.ts'
import type { WorkerMetrics } from './metrics.ts'
import { eventOperations, type Operation, stateOperations, type Taken } from './operations.ts'

const RETRY = { baseMs: 200, maxMs: 30_000 }
/** Rounds after which single operations that still cannot be stored go back to Pulsar, to hold up nobody else. */
const MAX_ROUNDS = 6

export interface IndexerDependencies {
  readonly sendBulk: SendBulk
  /** Publishes to the dead-letter topic, and resolves on the receipt. */
  readonly sendDeadLetter: (message: OutgoingMessage) => Promise<void>
  readonly acknowledge: (taken: Taken) => Promise<void>
  /** Gives a message back, to be delivered again later. */
  readonly release: (taken: Taken) => void
  readonly concurrency: AdaptiveConcurrency
  readonly metrics: WorkerMetrics
  readonly log: Logger
  /** Waits; throws when the worker gives up, because the time for shutting down is over. */
  readonly sleep: (ms: number) => Promise<void>
  readonly random: () => number
}

/**
 * Stores batches. A message is acknowledged when each of its operations is stored or dead-lettered, and not before;
 * what can succeed later is sent again, alone. While nothing can be stored the batch waits for as long as it takes; when
 * only some of it cannot (an index that is set read-only), its messages go back to Pulsar and come again later.
 */
export class Indexer {
  readonly #to: IndexerDependencies

  constructor(dependencies: IndexerDependencies) {
    this.#to = dependencies
  }

  /** Resolves when every message of the batch is acknowledged or given back; rejects only when `sleep` gives up. */
  async store(batch: Batch): Promise<void> {
    const { messages } = batch
    const states = stateOperations(messages)
    const lines = Buffer.concat([
      ...messages.map((taken) => taken.envelope.eventLines),
      ...states.map((operation) => operation.lines),
    ])
    const results = await this.#attempt(lines, batch.events + states.length, 0)
    if (results !== 'split' && results.every((result) => result.outcome === 'stored')) {
      this.#to.metrics.done('stored', batch.events)
      await Promise.all(messages.map((taken) => this.#finish(taken)))
      return
    }
    const operations = [...eventOperations(messages), ...states]
    const open = new Map<Taken, number>(messages.map((taken) => [taken, 0]))
    for (const owner of operations.flatMap((operation) => operation.owners)) {
      open.set(owner, (open.get(owner) as number) + 1)
    }
    await Promise.all(messages.filter((taken) => open.get(taken) === 0).map((taken) => this.#finish(taken)))
    await this.#storeOperations(operations, open, results)
  }

  /** Goes on from the answer to `operations` until none is left: sends again what may succeed, alone, or halves. */
  async #storeOperations(operations: readonly Operation[], open: Map<Taken, number>, answer: Answer): Promise<void> {
    let pending = operations
    let results = answer
    for (let attempt = 1; pending.length > 0; attempt += 1) {
      if (results === 'split') {
        if (pending.length > 1) return this.#storeHalves(pending, open)
        results = [REFUSED_ALONE]
      }
      const faulty = results.find((result) => result.outcome !== 'stored')
      pending = await this.#settle(pending, results, open)
      if (pending.length > 0) {
        if (attempt >= MAX_ROUNDS) return this.#giveBack(pending, faulty)
        await this.#wait(attempt)
        results = await this.#send(pending, attempt)
      }
    }
  }

  #giveBack(operations: readonly Operation[], first: ItemResult | undefined): void {
    const messages = new Set(operations.flatMap((operation) => operation.owners))
    for (const taken of messages) this.#to.release(taken)
    const facts = { operations: operations.length, messages: messages.size, first }
    this.#to.log.warn(facts, 'Elasticsearch keeps refusing operations for now: given back, to be delivered again')
  }

  async #storeHalves(operations: readonly Operation[], open: Map<Taken, number>): Promise<void> {
    const middle = Math.ceil(operations.length / 2)
    for (const half of [operations.slice(0, middle), operations.slice(middle)]) {
      await this.#storeOperations(half, open, await this.#send(half, 0))
    }
  }

  #send(operations: readonly Operation[], attempt: number): Promise<Answer> {
    return this.#attempt(Buffer.concat(operations.map((operation) => operation.lines)), operations.length, attempt)
  }

  /** Sends lines until Elasticsearch answers, or says that the request itself is at fault. */
  async #attempt(lines: Buffer, operations: number, previous: number): Promise<Answer> {
    const { sendBulk, metrics, concurrency } = this.#to
    for (let attempt = previous; ; attempt += 1) {
      const startedAt = performance.now()
      try {
        const results = await sendBulk(lines)
        // Lines that are not the operations they are said to be: halves find the one.
        if (results.length !== operations) return 'split'
        if (results.some((result) => result.outcome === 'throttled')) concurrency.throttled()
        else concurrency.succeeded()
        return results
      } catch (error) {
        if (this.#failed(error, attempt, operations) === 'split') return 'split'
      } finally {
        metrics.bulkTook((performance.now() - startedAt) / 1000)
      }
      await this.#wait(attempt)
    }
  }

  #failed(error: unknown, attempt: number, operations: number): RequestOutcome {
    const { metrics, concurrency, log } = this.#to
    const outcome = classifyRequest(error)
    if (outcome === 'throttled') concurrency.throttled()
    metrics.retried(`request_${outcome}`, operations)
    // The first time and then at each doubling, or an outage would fill the log.
    if (Number.isInteger(Math.log2(attempt + 1)))
      log.warn({ reason: messageOf(error), attempt, operations }, 'bulk failed, trying again')
    return outcome
  }

  /** Counts off what is done, gives what is refused to the dead letters, and answers what is to be sent again. */
  async #settle(
    operations: readonly Operation[],
    results: readonly ItemResult[],
    open: Map<Taken, number>,
  ): Promise<readonly Operation[]> {
    const again: Operation[] = []
    const rejected: FaultyResult[] = []
    const settled = operations.map(async (operation, index) => {
      const result = results[index] as ItemResult
      if (result.outcome === 'retry' || result.outcome === 'throttled') {
        this.#to.metrics.retried(result.fault.type, 1)
        again.push(operation)
        return
      }
      if (result.outcome === 'rejected') {
        rejected.push(result)
        await this.#bury(operation, result)
      } else if (operation.kind === 'create')
        this.#to.metrics.done(result.outcome === 'stored' ? 'stored' : 'duplicate', 1)
      await this.#countOff(operation, open)
    })
    await Promise.all(settled)
    if (rejected.length > 0) {
      this.#to.log.warn(
        { operations: rejected.length, first: rejected[0] },
        'Elasticsearch refused operations: dead-lettered',
      )
    }
    return again
  }

  async #countOff(operation: Operation, open: Map<Taken, number>): Promise<void> {
    for (const taken of operation.owners) {
      const left = (open.get(taken) as number) - 1
      open.set(taken, left)
      if (left === 0) await this.#finish(taken)
    }
  }

  /** Resolves when the dead letter has its receipt: only then is the operation done with. */
  async #bury(operation: Operation, result: FaultyResult): Promise<void> {
    const { metrics } = this.#to
    const { owners, kind, lines } = operation
    const { delivery, envelope } = owners[0] as Taken
    const { type: fault, reason } = result.fault
    const certificate: DeathCertificate = {
      fault,
      reason,
      status: result.status,
      messageId: delivery.id,
      failedAt: new Date().toISOString(),
    }
    const empty = Buffer.alloc(0)
    const letter = encodeDeadOperation(
      kind === 'create'
        ? { events: 1, eventLines: lines, states: 0, stateLines: empty, receivedAtMs: envelope.receivedAtMs }
        : { events: 0, eventLines: empty, states: 1, stateLines: lines, receivedAtMs: envelope.receivedAtMs },
      certificate,
    )
    for (let attempt = 0; !(await this.#published(letter, attempt)); attempt += 1) await this.#wait(attempt)
    metrics.deadLettered(fault)
    if (kind === 'create') metrics.done('dead_lettered', 1)
  }

  async #published(letter: OutgoingMessage, attempt: number): Promise<boolean> {
    try {
      await this.#to.sendDeadLetter(letter)
      return true
    } catch (error) {
      this.#to.log.warn({ reason: messageOf(error), attempt }, 'dead letter not published, trying again')
      return false
    }
  }

  async #finish(taken: Taken): Promise<void> {
    try {
      await this.#to.acknowledge(taken)
    } catch (error) {
      // It will be delivered again, and each of its events is then a duplicate.
      this.#to.log.warn({ message_id: taken.delivery.id, reason: messageOf(error) }, 'acknowledgement failed')
    }
    this.#to.metrics.messageStored(taken.envelope.receivedAtMs)
  }

  #wait(attempt: number): Promise<void> {
    return this.#to.sleep(backoffMs(attempt, RETRY, this.#to.random()))
  }
}

/** Results in the order of the operations, or that the request itself was at fault and must be sent in parts. */
type Answer = readonly ItemResult[] | 'split'

/** The result of an operation that made the request fail although it was alone in it. */
const REFUSED_ALONE = {
  outcome: 'rejected',
  status: 400,
  fault: {
    type: 'bulk_request_refused',
    reason: 'Elasticsearch refuses the request even with this operation alone in it',
  },
} as const satisfies FaultyResult

/** What `sleep` throws when the worker gives up. */
export class GaveUp extends AppError {
  constructor() {
    super('search_unavailable', 'the time for shutting down is over; what is not stored will be delivered again')
    this.name = 'GaveUp'
  }
}
