import { backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { type DeadLetterMetadata, encodeDeadOperation } from '../queue/dead-letter.ts'
import type { OutgoingMessage } from '../queue/port.ts'
import type { FaultyResult, ItemResult } from '../search/bulk.ts'
import type { Conflict, FindConflicts } from '../search/conflicts.ts'
import { sourceIdOf } from '../search/documents.ts'
import type { Bulk } from './in-flight.ts'
import type { WorkerMetrics } from './metrics.ts'
import { compact, linesOf, type Run, singleOperations } from './operations.ts'
import type { PartOutcome } from './pool.ts'
import { RETRY } from './request.ts'
import type { OwnedOperations, Settlement } from './settlement.ts'

export interface OutcomesOptions {
  readonly settlement: Settlement
  readonly findConflicts: FindConflicts
  /** Publishes to the dead-letter topic, and resolves on the receipt. */
  readonly sendDeadLetter: (message: OutgoingMessage) => Promise<void>
  readonly metrics: WorkerMetrics
  readonly log: Logger
  /** Rejects when the worker gives up, because the time for shutting down is over. */
  readonly sleep: (ms: number) => Promise<void>
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number
}

const CLEAN: PartOutcome = { retries: [], fault: undefined, hasProgress: true }

/** Acts on the results of a bulk: counts them, publishes dead letters, and settles what is done. */
export class Outcomes {
  readonly #options: OutcomesOptions

  constructor(options: OutcomesOptions) {
    this.#options = options
  }

  /**
   * @param results of each operation of the bulk, in their order.
   * @throws what `sleep` throws, while a dead letter cannot be published.
   */
  async apply(bulk: Bulk, results: readonly ItemResult[]): Promise<readonly PartOutcome[]> {
    let next = 0
    const parts = bulk.parts.map(({ lane: { index }, runs }) => {
      const count = runs.reduce((sum, run) => sum + run.count, 0)
      const answers = results.slice(next, next + count)
      next += count
      return answers.every(isWritten) ? { runs } : { index, operations: answered(runs, answers) }
    })
    const faulty = parts.flatMap(({ operations }) => operations ?? [])
    await this.#countDuplicates(faulty)
    this.#logRejected(faulty)
    return Promise.all(
      parts.map(({ runs, index, operations }) =>
        operations ? this.#applyPart(operations, index, bulk) : this.#applyWritten(runs),
      ),
    )
  }

  async #applyWritten(runs: readonly Run[]): Promise<PartOutcome> {
    await this.#stored(runs)
    return CLEAN
  }

  async #applyPart(operations: readonly Answered[], index: string, { reason, sentAtMs }: Bulk): Promise<PartOutcome> {
    const retries: Run[] = []
    let fault: FaultyResult | undefined
    await Promise.all(
      operations.map(async ({ run, result }) => {
        if (result.outcome === 'stored') return this.#stored([run])
        if (result.outcome === 'retry' || result.outcome === 'throttled') {
          this.#options.metrics.retried(result.fault.type, 1, index, result.fault.reason)
          fault ??= result
          retries.push(compact(run, reason === 'retry' ? run.sinceMs : sentAtMs))
          return
        }
        if (result.outcome === 'rejected') await this.#deadLetter(run, result)
        if (result.outcome === 'erased') this.#countErased(run)
        await this.#settle([run])
      }),
    )
    return { retries, fault, hasProgress: retries.length < operations.length }
  }

  #stored(runs: readonly Run[]): Promise<void> {
    let events = 0
    for (const { kind, count } of runs) if (kind === 'create') events += count
    this.#options.metrics.processed('stored', events)
    return this.#settle(runs)
  }

  async #settle(runs: readonly Run[]): Promise<void> {
    const acknowledging: Promise<void>[] = []
    for (const { owners } of runs) {
      for (const owned of owners) {
        const acknowledged = this.#options.settlement.settle(owned)
        if (acknowledged) acknowledging.push(acknowledged)
      }
    }
    await Promise.all(acknowledging)
  }

  /** Distinguishes repeated events from other events with the same id. */
  async #countDuplicates(operations: readonly Answered[]): Promise<void> {
    const duplicates = operations.filter(({ result }) => result.outcome === 'duplicate').map(({ run }) => linesOf(run))
    if (duplicates.length === 0) return
    const { findConflicts, metrics, log } = this.#options
    let conflicts: readonly Conflict[] = []
    try {
      conflicts = await findConflicts(duplicates)
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'duplicates could not be compared with what is stored')
    }
    if (conflicts.length > 0) {
      const facts = { events: conflicts.length, first: conflicts[0] }
      log.warn(facts, 'events have the ids of other events of their source: they are not stored')
    }
    metrics.processed('conflict', conflicts.length)
    metrics.processed('duplicate', duplicates.length - conflicts.length)
    const sourcesOfConflicts = conflicts.map(({ source }) => source)
    metrics.processedOf('conflict', sourcesOfConflicts)
    metrics.processedOf('duplicate', without(duplicates.map(sourceIdOf), sourcesOfConflicts))
  }

  #countErased(run: Run): void {
    if (run.kind !== 'create') return
    this.#options.metrics.processed('erased', 1)
    this.#options.metrics.processedOf('erased', [sourceIdOf(linesOf(run))])
  }

  #logRejected(operations: readonly Answered[]): void {
    const rejected = operations.filter(({ result }) => result.outcome === 'rejected')
    if (rejected.length === 0) return
    this.#options.log.warn(
      { operations: rejected.length, first: rejected[0]?.result },
      'dead-lettering refused operations',
    )
  }

  /** Resolves when the dead letter has its receipt: only then is the operation settled. */
  async #deadLetter(run: Run, { status, fault: { type: fault, reason } }: FaultyResult): Promise<void> {
    const { metrics, sleep, random, wallMs } = this.#options
    const [{ message }] = run.owners as readonly [OwnedOperations]
    const failedAt = new Date(wallMs()).toISOString()
    const metadata: DeadLetterMetadata = { fault, reason, status, messageId: message.id.toString(), failedAt }
    const letter = encodeDeadOperation(envelopeOf(run), metadata)
    for (let attempt = 0; !(await this.#published(letter, attempt)); attempt += 1)
      await sleep(backoffMs(attempt, RETRY, random()))
    metrics.deadLettered(fault, reason)
    if (run.kind !== 'create') return
    metrics.processed('dead_lettered', 1)
    metrics.processedOf('dead_lettered', [sourceIdOf(linesOf(run))])
  }

  async #published(letter: OutgoingMessage, attempt: number): Promise<boolean> {
    try {
      await this.#options.sendDeadLetter(letter)
      return true
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error), attempt }, 'dead letter not published, will be retried')
      return false
    }
  }
}

/** The items without those of the other list, each as often as it is in that list. */
function without(items: readonly string[], removed: readonly string[]): readonly string[] {
  const left = [...removed]
  return items.filter((item) => {
    const at = left.indexOf(item)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

interface Answered {
  readonly run: Run
  readonly result: ItemResult
}

/** Whether Elasticsearch has the operation, or a later state. Runs of such operations need not be taken apart. */
function isWritten({ outcome }: ItemResult): boolean {
  return outcome === 'stored' || outcome === 'superseded'
}

function answered(runs: readonly Run[], results: readonly ItemResult[]): readonly Answered[] {
  return runs.flatMap(singleOperations).map((run, index) => ({ run, result: results[index] as ItemResult }))
}

/** A message of this operation alone. */
function envelopeOf(run: Run) {
  const [{ message }] = run.owners as readonly [OwnedOperations]
  const { receivedAtMs } = message
  const [lines, none] = [linesOf(run), Buffer.alloc(0)]
  return run.kind === 'create'
    ? { events: 1, eventLines: lines, states: 0, stateLines: none, receivedAtMs }
    : { events: 0, eventLines: none, states: 1, stateLines: lines, receivedAtMs }
}
