import type { Config } from '../config.ts'
import { partitionName, topicsOf } from '../names.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import { readDetailedBacklog } from '../queue/backlog.ts'

/** How far the clocks of API, brokers and this machine may differ. What is replayed twice is stored once. */
const MARGIN_MS = 5 * 60_000

/** Where a replay must begin to fill the gap after a snapshot, and how one knows later that Pulsar still has all of it. */
export interface GapStart {
  /** Every event that was published before is stored. */
  readonly fromMs: number
  /** The first ledger that each partition had, by the number of the partition. */
  readonly ledgers: readonly number[]
}

/**
 * The start of the gap after a snapshot that begins now: the oldest message that waits, less a margin. Read it before the
 * snapshot begins.
 */
export async function gapStart(admin: PulsarAdmin, config: Config, nowMs: number): Promise<GapStart> {
  const { events, eventsSubscription } = topicsOf(config)
  const { backlog } = await readDetailedBacklog(admin, events, nowMs)
  const waiting = backlog.filter(({ subscription, count }) => subscription === eventsSubscription && count > 0)
  const oldestSeconds = Math.max(0, ...waiting.map(({ oldestAgeSeconds }) => oldestAgeSeconds))
  const partitions = await partitionsOf(admin, events)
  const kept = await Promise.all(partitions.map((partition) => admin.keptLedgers(partition)))
  return { fromMs: nowMs - oldestSeconds * 1000 - MARGIN_MS, ledgers: kept.map(({ ledgers }) => ledgers[0]?.id ?? 0) }
}

/**
 * Whether Pulsar still has everything since then: each partition begins with the ledger that it began with, or with a message
 * that is older. It may say no of a topic that was empty, never yes of one that has lost a message.
 */
export async function keepsAllSince(admin: PulsarAdmin, config: Config, start: GapStart): Promise<boolean> {
  const partitions = await partitionsOf(admin, topicsOf(config).events)
  const all = await Promise.all(
    partitions.map(async (partition, number) => {
      const { ledgers } = await admin.keptLedgers(partition)
      const [first, recorded] = [ledgers[0]?.id, start.ledgers[number]]
      if (first !== undefined && recorded !== undefined && first <= recorded) return true
      const earliestMs = await admin.earliestPublishedAtMs(partition)
      return earliestMs !== undefined && earliestMs <= start.fromMs
    }),
  )
  return all.every((kept) => kept)
}

async function partitionsOf(admin: PulsarAdmin, topic: string): Promise<readonly string[]> {
  const count = (await admin.partitions(topic)) ?? 0
  return count === 0 ? [topic] : Array.from({ length: count }, (_, number) => partitionName(topic, number))
}
