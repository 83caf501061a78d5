import { AppError } from '../errors.ts'
import { partitionName } from '../names.ts'
import type { PulsarAdmin } from './admin.ts'
import type { KeptLedgers } from './admin-stats.ts'
import { comparePositions, type Position } from './position.ts'

/**
 * The times of publishing are those of the clocks of the publishers, so messages do not lie exactly in their order. Who looks for a time looks this
 * much further to both sides, for clocks that differ by so much.
 */
export const CLOCK_MARGIN_MS = 5 * 60_000

/** Which messages are asked for, by the time of publishing in milliseconds since the epoch. */
export interface TimeRange {
  /** Inclusive. @default the earliest message that is kept */
  readonly fromMs?: number | undefined
  /** Exclusive. @default the present end of the topic */
  readonly toMs?: number | undefined
}

/** What one partition keeps of a range: there may be other messages in it, none is missing. */
export interface KeptPart {
  readonly partition: string
  readonly first: Position
  readonly last: Position
  /** Entries from the first to the last, each a message that the API has written. */
  readonly entries: number
}

export interface Kept {
  readonly parts: readonly KeptPart[]
  /** From when on every partition keeps all that was published; `undefined` when none keeps anything. */
  readonly sinceMs: number | undefined
}

/**
 * What Pulsar keeps of a topic.
 *
 * @throws AppError `set_up_missing` when there is no such topic.
 */
export async function keptOf(admin: PulsarAdmin, topic: string, range: TimeRange): Promise<Kept> {
  const partitions = await partitionsOf(admin, topic)
  const parts = await Promise.all(partitions.map((partition) => partOf(admin, partition, range)))
  const earliest = await Promise.all(partitions.map((partition) => admin.earliestPublishedAtMs(partition)))
  const times = earliest.filter((time) => time !== undefined)
  return {
    parts: parts.filter(({ entries }) => entries > 0),
    sinceMs: times.length === 0 ? undefined : Math.max(...times),
  }
}

/** The names of its partitions. @throws AppError `set_up_missing` when there is no such topic. */
export async function partitionsOf(admin: PulsarAdmin, topic: string): Promise<readonly string[]> {
  const count = await admin.partitions(topic)
  if (count === undefined) throw new AppError('set_up_missing', `the topic ${topic} does not exist: run set-up`)
  return count === 0 ? [topic] : Array.from({ length: count }, (_, number) => partitionName(topic, number))
}

async function partOf(admin: PulsarAdmin, partition: string, { fromMs, toMs }: TimeRange): Promise<KeptPart> {
  const kept = await admin.keptLedgers(partition)
  const earliest = { ledger: kept.ledgers[0]?.id ?? 0, entry: 0 }
  const first =
    fromMs === undefined ? earliest : await admin.positionAt(partition, Math.max(0, fromMs - CLOCK_MARGIN_MS))
  const end = toMs === undefined ? undefined : await admin.positionAt(partition, toMs + CLOCK_MARGIN_MS)
  const last = end !== undefined && comparePositions(end, kept.last) <= 0 ? before(end) : kept.last
  return { partition, first, last, entries: entriesBetween(kept.ledgers, first, last) }
}

export function before({ ledger, entry }: Position): Position {
  return { ledger, entry: entry - 1 }
}

/** Entries from `first` to `last`, both included, that are in these ledgers. */
export function entriesBetween(ledgers: KeptLedgers['ledgers'], first: Position, last: Position): number {
  return ledgers
    .filter(({ id }) => id >= first.ledger && id <= last.ledger)
    .map(({ id, entries }) => {
      const from = id === first.ledger ? first.entry : 0
      const to = id === last.ledger ? Math.min(last.entry, entries - 1) : entries - 1
      return Math.max(0, to - from + 1)
    })
    .reduce((sum, entries) => sum + entries, 0)
}
