import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { topicsOf } from '../names.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import { CLOCK_MARGIN_MS, partitionsOf } from '../queue/kept.ts'

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
 *
 * @throws AppError `set_up_missing` when a partition lacks the subscription; `queue_admin` when Pulsar does not report how old a message is.
 */
export async function gapStart(admin: PulsarAdmin, config: Config, nowMs: number): Promise<GapStart> {
  const { events, eventsSubscription } = topicsOf(config)
  const stats = Object.entries(await admin.stats(events, true))
  const oldest = stats.map(([partition, { subscriptions }]) => {
    const subscription = subscriptions[eventsSubscription]
    if (subscription === undefined)
      throw new AppError('set_up_missing', `${partition} has no subscription ${eventsSubscription}: run set-up`)
    if (subscription.msgBacklog === 0) return nowMs
    const publishedMs = subscription.earliestMsgPublishTimeInBacklog
    if (publishedMs > 0) return publishedMs
    throw new AppError('queue_admin', `Pulsar does not report how old the backlog of ${partition} is`)
  })
  const partitions = await partitionsOf(admin, events)
  const kept = await Promise.all(partitions.map((partition) => admin.keptLedgers(partition)))
  return {
    fromMs: Math.min(nowMs, ...oldest) - CLOCK_MARGIN_MS,
    ledgers: kept.map(({ ledgers }) => ledgers[0]?.id ?? 0),
  }
}

/**
 * Whether Pulsar still has everything since then: each partition begins with the ledger that it began with, or with a message
 * that is older. It may answer no for a topic that was empty, but never yes for one that has lost a message.
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
