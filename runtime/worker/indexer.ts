import { backoffMs } from '../backoff.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { LogLimit } from '../log-limit.ts'
import { type DeathCertificate, encodeDeadOperation } from '../queue/dead-letter.ts'
import type { OutgoingMessage } from '../queue/port.ts'
import { ReusedMemory } from '../reused-memory.ts'
import type { FaultyResult, ItemResult, SendBulk } from '../search/bulk.ts'
import { classifyRequest } from '../search/classify.ts'
import type { Conflict, FindConflicts } from '../search/conflicts.ts'
import { LinesRefused } from '../search/judge.ts'
import type { AdaptiveConcurrency } from './concurrency.ts'
import type { WorkerMetrics } from './metrics.ts'
import { type Claim, eventOperations, type Operation, type Taken } from './operations.ts'

const RETRY = { baseMs: 200, maxMs: 30_000 }
/** Rounds after which operations that still cannot be stored go back to Pulsar, although nothing else can be stored either. */
const MAX_ROUNDS = 6
/** How long operations that cannot be stored may take the place of others that can, in milliseconds. */
const LONGEST_HOLD_MS = 2000
/** One message in this time says that operations go back, or an index that takes nothing would fill the log. */
const LOG_EVERY_MS = 10_000

export interface IndexerDependencies {
  readonly sendBulk: SendBulk
  readonly findConflicts: FindConflicts
  /** Publishes to the dead-letter topic, and resolves on the receipt. */
  readonly sendDeadLetter: (message: OutgoingMessage) => Promise<void>
  readonly acknowledge: (claim: Claim) => Promise<void>
  /** Gives a message back, to be delivered again later. */
  readonly release: (claim: Claim) => void
  readonly concurrency: AdaptiveConcurrency
  readonly metrics: WorkerMetrics
  readonly log: Logger
  /** Waits; throws when the worker gives up, because the time for shutting down is over. */
  readonly sleep: (ms: number) => Promise<void>
  readonly random: () => number
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number
}

/**
 * Stores bulks. A message is acknowledged when each of its operations is stored or dead-lettered, and not before, be it in
 * several bulks; what can succeed later is sent again, alone. While Elasticsearch is away the bulk waits for as long as it takes. When
 * only some operations cannot be stored (an index is set read-only, a shard is away), their messages go back to Pulsar soon and come again later.
 */
export class Indexer {
  readonly #to: IndexerDependencies
  readonly #memory = new ReusedMemory()
  /** When an operation was stored last. */
  #storedAtMs = Number.NEGATIVE_INFINITY
  readonly #lines: LogLimit

  constructor(dependencies: IndexerDependencies) {
    this.#to = dependencies
    this.#lines = new LogLimit(dependencies.now, LOG_EVERY_MS)
  }

  /**
   * Stores the events of the messages, and the states, in one bulk. Resolves when each is stored, dead-lettered or given
   * back, and every message of which nothing else is open is acknowledged; rejects only when `sleep` gives up.
   */
  async store(messages: readonly Taken[], states: readonly Operation[]): Promise<void> {
    const lines = [...messages.map((taken) => taken.envelope.eventLines), ...states.map((operation) => operation.lines)]
    const events = messages.reduce((sum, { envelope }) => sum + envelope.events, 0)
    const startedAtMs = this.#to.now()
    const results = await this.#attempt(lines, events + states.length, 0)
    if (results !== 'split' && results.every((result) => result.outcome === 'stored')) {
      this.#storedAtMs = this.#to.now()
      this.#to.metrics.done('stored', events)
      const claims = [...messages.map(({ claim }) => claim), ...states.flatMap(({ owners }) => owners)]
      await Promise.all(claims.map((claim) => this.#countOff(claim)))
      return
    }
    const operations = messages.map((taken) => {
      const ofEvents = eventOperations(taken)
      taken.claim.open += ofEvents.length
      return ofEvents
    })
    // From here on each event counts for itself.
    await Promise.all(messages.map(({ claim }) => this.#countOff(claim)))
    await this.#storeOperations([...operations.flat(), ...states], results, startedAtMs)
  }

  /** Goes on from the answer to `operations` until none is left: sends again what may succeed, alone, or halves. */
  async #storeOperations(operations: readonly Operation[], answer: Answer, startedAtMs: number): Promise<void> {
    let pending = operations
    let results = answer
    for (let attempt = 1; pending.length > 0; attempt += 1) {
      if (results === 'split') {
        if (pending.length > 1) return this.#storeHalves(pending)
        results = [UNCOUNTED]
      }
      const faulty = results.find((result) => result.outcome !== 'stored')
      pending = await this.#settle(pending, results)
      if (pending.length > 0) {
        if (attempt >= MAX_ROUNDS || this.#holdsUpOthers(startedAtMs)) return this.#giveBack(pending, faulty)
        await this.#wait(attempt)
        results = await this.#send(pending, attempt)
      }
    }
  }

  /** Elasticsearch stores other operations, so it is not away, and those wait for the slot. */
  #holdsUpOthers(startedAtMs: number): boolean {
    return this.#storedAtMs >= startedAtMs && this.#to.now() - startedAtMs >= LONGEST_HOLD_MS
  }

  #giveBack(operations: readonly Operation[], first: ItemResult | undefined): void {
    const claims = new Set(operations.flatMap(({ owners }) => owners).filter(({ isGivenBack }) => !isGivenBack))
    for (const claim of claims) {
      claim.isGivenBack = true
      this.#to.release(claim)
    }
    if (this.#lines.count('given back') === undefined) return
    const facts = { operations: operations.length, messages: claims.size, first }
    this.#to.log.warn(facts, 'Elasticsearch keeps refusing operations for now: given back, to be delivered again')
  }

  async #storeHalves(operations: readonly Operation[]): Promise<void> {
    const middle = Math.ceil(operations.length / 2)
    for (const half of [operations.slice(0, middle), operations.slice(middle)]) {
      const startedAtMs = this.#to.now()
      await this.#storeOperations(half, await this.#send(half, 0), startedAtMs)
    }
  }

  #send(operations: readonly Operation[], attempt: number): Promise<Answer> {
    const lines = operations.map((operation) => operation.lines)
    return this.#attempt(lines, operations.length, attempt)
  }

  /** Sends lines until Elasticsearch answers, or says that the request itself is at fault. */
  async #attempt(lines: readonly Buffer[], operations: number, previous: number): Promise<Answer> {
    const { sendBulk, metrics, concurrency } = this.#to
    const body = this.#joined(lines)
    for (let attempt = previous; ; attempt += 1) {
      const startedAt = performance.now()
      try {
        const results = await sendBulk(body)
        // Elasticsearch answers each operation when it has read all of them. After a failure this is not known.
        if (attempt === previous) this.#memory.giveBack(body)
        // Lines that are not the operations they are said to be: halves find the one.
        if (results.length !== operations) return 'split'
        if (results.some((result) => result.outcome === 'throttled')) concurrency.throttled()
        else concurrency.succeeded()
        return results
      } catch (error) {
        if (error instanceof LinesRefused) return this.#refused(error, operations)
        this.#failed(error, attempt, operations)
      } finally {
        metrics.bulkTook((performance.now() - startedAt) / 1000)
      }
      await this.#wait(attempt)
    }
  }

  #joined(lines: readonly Buffer[]): Buffer {
    const body = this.#memory.take(lines.reduce((sum, { length }) => sum + length, 0))
    let offset = 0
    for (const one of lines) offset += one.copy(body, offset)
    return body
  }

  #refused({ result }: LinesRefused, operations: number): Answer {
    this.#to.metrics.retried('request_refused', operations)
    return result === undefined ? 'split' : [result]
  }

  #failed(error: unknown, attempt: number, operations: number): void {
    const { metrics, concurrency, log } = this.#to
    const outcome = classifyRequest(error)
    if (outcome === 'throttled') concurrency.throttled()
    metrics.retried(`request_${outcome}`, operations)
    // The first time and then at each doubling, or an outage would fill the log.
    if (Number.isInteger(Math.log2(attempt + 1)))
      log.warn({ reason: messageOf(error), attempt, operations }, 'bulk failed, trying again')
  }

  /** Counts off what is done, gives what is refused to the dead letters, and answers what is to be sent again. */
  async #settle(operations: readonly Operation[], results: readonly ItemResult[]): Promise<readonly Operation[]> {
    const again: Operation[] = []
    const rejected: FaultyResult[] = []
    const duplicates = operations.filter((_, index) => results[index]?.outcome === 'duplicate')
    await this.#countDuplicates(duplicates)
    if (results.some((result) => result.outcome === 'stored')) this.#storedAtMs = this.#to.now()
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
      } else if (operation.kind === 'create' && result.outcome === 'stored') this.#to.metrics.done('stored', 1)
      await Promise.all(operation.owners.map((claim) => this.#countOff(claim)))
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

  /** Tells apart events that came again and other events that have their ids. */
  async #countDuplicates(duplicates: readonly Operation[]): Promise<void> {
    if (duplicates.length === 0) return
    const { findConflicts, metrics, log } = this.#to
    let conflicts: readonly Conflict[] = []
    try {
      conflicts = await findConflicts(duplicates.map(({ lines }) => lines))
    } catch (error) {
      log.warn({ reason: messageOf(error), events: duplicates.length }, 'duplicates could not be compared')
    }
    metrics.done('duplicate', duplicates.length - conflicts.length)
    if (conflicts.length === 0) return
    metrics.done('conflict', conflicts.length)
    log.warn(
      { events: conflicts.length, first: conflicts[0] },
      'event ids are in use for other events: the first ones stay',
    )
  }

  async #countOff(claim: Claim): Promise<void> {
    claim.open -= 1
    if (claim.open > 0) return
    try {
      await this.#to.acknowledge(claim)
    } catch (error) {
      // It will be delivered again, and each of its events is then a duplicate.
      this.#to.log.warn({ message_id: claim.id.toString(), reason: messageOf(error) }, 'acknowledgement failed')
    }
    this.#to.metrics.messageStored(claim.receivedAtMs)
  }

  /** Resolves when the dead letter has its receipt: only then is the operation done with. */
  async #bury(operation: Operation, result: FaultyResult): Promise<void> {
    const { metrics } = this.#to
    const { owners, kind, lines } = operation
    const { id, receivedAtMs } = owners[0] as Claim
    const { type: fault, reason } = result.fault
    const certificate: DeathCertificate = {
      fault,
      reason,
      status: result.status,
      messageId: id.toString(),
      failedAt: new Date().toISOString(),
    }
    const empty = Buffer.alloc(0)
    const letter = encodeDeadOperation(
      kind === 'create'
        ? { events: 1, eventLines: lines, states: 0, stateLines: empty, receivedAtMs }
        : { events: 0, eventLines: empty, states: 1, stateLines: lines, receivedAtMs },
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

  #wait(attempt: number): Promise<void> {
    return this.#to.sleep(backoffMs(attempt, RETRY, this.#to.random()))
  }
}

/** Results in the order of the operations, or that the request itself was at fault and must be sent in parts. */
type Answer = readonly ItemResult[] | 'split'

/** For an operation alone in its bulk, whose answer has not exactly one result. */
const UNCOUNTED = {
  outcome: 'retry',
  status: 200,
  fault: {
    type: 'results_missing',
    reason: 'the answer to a bulk has more or fewer results than the bulk has operations',
  },
} as const satisfies FaultyResult

/** What `sleep` throws when the worker gives up. */
export class GaveUp extends AppError {
  constructor() {
    super('search_unavailable', 'the time for shutting down is over; what is not stored will be delivered again')
    this.name = 'GaveUp'
  }
}
