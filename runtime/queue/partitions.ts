import { backoffCeilingMs } from '../backoff.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { partitionName } from '../names.ts'
import type { OutgoingMessage, Producer, Transport } from './port.ts'
import type { Reason, Verdict } from './reader.ts'
import type { ReaderWatch, WatchOptions } from './reader-watch.ts'
import { type SupervisedProducer, superviseProducer } from './supervised.ts'

/** When a partition that accepts no messages is tried again: the wait doubles with each failure. */
const RETRY = { baseMs: 2000, maxMs: 60_000 }

interface Lane {
  readonly partition: number
  readonly producer: SupervisedProducer
  /** Messages in a row that had no receipt. */
  failures: number
  tryAtMs: number
}

export interface PartitionState {
  readonly partition: number
  /** Why it is skipped; `undefined` if it accepts messages. */
  readonly reason: Reason | undefined
}

export interface PartitionedOptions {
  readonly topic: string
  readonly sendTimeoutMs: number
  readonly log: Logger
  readonly nowMs: () => number
  /** Watches whether published messages will be read, and reports each verdict. */
  readonly watch: (onVerdict: WatchOptions['onVerdict']) => ReaderWatch
}

/**
 * Publishes to each partition through a producer of its own, in rotation over the healthy ones: those that have a reader and
 * accept messages. A partition that accepts nothing is skipped and tried again later. Added partitions are found.
 */
export class PartitionedProducer implements Producer {
  readonly #transport: Transport
  readonly #options: PartitionedOptions
  readonly #watch: ReaderWatch
  readonly #lanes = new Map<number, Lane>()
  readonly #closing = new Set<Promise<void>>()
  #turn = 0

  constructor(transport: Transport, options: PartitionedOptions) {
    this.#transport = transport
    this.#options = options
    this.#watch = options.watch((verdict) => this.#follow(verdict))
  }

  /**
   * @throws AppError `queue_not_read` when nothing confirms that the message would be read.
   * @throws AppError `queue_unavailable`, `queue_refused` as any producer.
   */
  async send(message: OutgoingMessage): Promise<void> {
    const { open, closed } = this.#watch.verdict()
    if (closed[0]) throw notRead(closed[0])
    const lane = this.#choose(open)
    if (!lane)
      throw new AppError(
        'queue_unavailable',
        `no partition accepts messages: ${this.unavailableReason() ?? 'each is being tried'}`,
      )
    try {
      await lane.producer.send(message)
    } catch (error) {
      this.#failed(lane, error)
      throw error
    }
    this.#succeeded(lane)
    this.#assertRead(lane.partition)
  }

  isConnected(): boolean {
    return this.unavailableReason() === undefined
  }

  /** Why nothing can be published; nothing as long as one partition takes messages. */
  unavailableReason(): string | undefined {
    const { open, closed } = this.#watch.verdict()
    if (closed[0]) return closed[0].text
    const lanes = this.#lanesOf(open)
    if (lanes.some(({ producer }) => producer.isConnected())) return undefined
    return lanes[0]?.producer.unavailableReason() ?? 'not connected yet'
  }

  /** Why no 200 can be promised, for each reason that the servers give. */
  closed(): readonly Reason[] {
    return this.#watch.verdict().closed
  }

  /** The partitions, and why some are skipped. */
  partitions(): readonly PartitionState[] {
    const { open, leftOut } = this.#watch.verdict()
    const states = [
      ...leftOut,
      ...open.map((partition) => ({ partition, reason: this.#laneReason(this.#lanes.get(partition)) })),
    ]
    return states.sort((a, b) => a.partition - b.partition)
  }

  /** Which partitions are skipped while others accept messages, and why the first of them is. */
  leftOut(): string | undefined {
    const left = this.partitions().flatMap(({ reason }) => reason ?? [])
    if (left[0] === undefined) return undefined
    const others = left.length === 1 ? '' : `; ${left.length - 1} more likewise`
    return `${left[0].text}${others}`
  }

  async close(): Promise<void> {
    await this.#watch.close()
    for (const partition of [...this.#lanes.keys()]) this.#drop(partition)
    await Promise.all(this.#closing)
  }

  #follow({ open, closed, leftOut }: Verdict): void {
    // Without an answer nothing is known to have changed.
    if (closed.some(({ code }) => code === 'facts_unknown')) return
    const there = new Set([...open, ...leftOut.map(({ partition }) => partition)])
    // A connection that stayed open to a partition that no longer exists would make the broker create it again.
    for (const partition of [...this.#lanes.keys()]) if (!there.has(partition)) this.#drop(partition)
    for (const partition of open) if (!this.#lanes.has(partition)) this.#lanes.set(partition, this.#laneTo(partition))
  }

  #laneTo(partition: number): Lane {
    const { topic, sendTimeoutMs, log } = this.#options
    const guarded: Pick<Transport, 'openProducer'> = {
      openProducer: async (options, onClosed) => {
        this.#assertRead(partition)
        return this.#transport.openProducer(options, onClosed)
      },
    }
    const producer = superviseProducer(guarded, { topic: partitionName(topic, partition), sendTimeoutMs }, log)
    return { partition, producer, failures: 0, tryAtMs: 0 }
  }

  #drop(partition: number): void {
    const lane = this.#lanes.get(partition)
    this.#lanes.delete(partition)
    if (!lane) return
    const closing = lane.producer.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #lanesOf(partitions: readonly number[]): Lane[] {
    return partitions.flatMap((partition) => this.#lanes.get(partition) ?? [])
  }

  /** In rotation: one that is due for another try, otherwise a healthy one, otherwise any that can be tried. */
  #choose(open: readonly number[]): Lane | undefined {
    this.#turn += 1
    const all = this.#lanesOf(open)
    const from = all.length === 0 ? 0 : this.#turn % all.length
    const lanes = [...all.slice(from), ...all.slice(0, from)]
    const nowMs = this.#options.nowMs()
    return (
      lanes.find(({ failures, tryAtMs, producer }) => failures > 0 && tryAtMs <= nowMs && producer.canTry()) ??
      lanes.find(({ producer }) => producer.isConnected()) ??
      lanes.find(({ producer }) => producer.canTry())
    )
  }

  #assertRead(partition: number): void {
    const { open, closed, leftOut } = this.#watch.verdict()
    if (open.includes(partition)) return
    const gone: Reason = {
      code: 'topic_missing',
      text: `${partitionName(this.#options.topic, partition)} no longer exists: run set-up`,
    }
    throw notRead(closed[0] ?? leftOut.find((one) => one.partition === partition)?.reason ?? gone)
  }

  #failed(lane: Lane, error: unknown): void {
    if (!(error instanceof AppError && error.retryable)) return
    lane.tryAtMs = this.#options.nowMs() + backoffCeilingMs(lane.failures, RETRY)
    lane.failures += 1
    if (lane.failures > 1) return
    this.#options.log.warn(
      { partition: lane.partition, reason: messageOf(error) },
      'a partition accepts no messages: the others are used',
    )
  }

  #succeeded(lane: Lane): void {
    if (lane.failures > 0) this.#options.log.info({ partition: lane.partition }, 'a partition accepts messages again')
    lane.failures = 0
  }

  #laneReason(lane: Lane | undefined): Reason | undefined {
    const reason = lane ? lane.producer.unavailableReason() : 'not connected yet'
    if (reason === undefined) return undefined
    const name = partitionName(this.#options.topic, lane?.partition ?? 0)
    return { code: 'partition_takes_nothing', text: `${name} accepts no messages: ${reason}` }
  }
}

function notRead(reason: Reason): AppError {
  return new AppError('queue_not_read', reason.text, { context: { reason: reason.code } })
}
