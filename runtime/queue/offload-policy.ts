import { AppError, messageOf } from '../errors.ts'
import { type Offload, partitionName, type TopicSetUp } from '../names.ts'
import type { SetUpStep } from '../set-up-step.ts'
import type { PulsarAdmin } from './admin.ts'
import type { OffloadLimits } from './admin-policies.ts'
import { readUntil } from './attempts.ts'

/** A policy that was just set reaches the broker of the topic a moment later. */
const READ_BACK = { attempts: 15, waitMs: 200 }

const GIB = 1024 ** 3
/** What Pulsar calls no limit. */
const NONE = -1

/**
 * Makes the namespace move closed ledgers to the object store of the brokers, and reads back what is in force for the topic. It
 * changes when a ledger is moved and how long the bookies still keep it. How long its messages are kept is a matter of the retention alone.
 *
 * @param partitions of the topic, whose ledgers are counted.
 */
export async function ensureOffload(
  admin: PulsarAdmin,
  topics: Pick<TopicSetUp, 'tenant' | 'namespace' | 'events'>,
  offload: Offload,
  partitions: number,
): Promise<SetUpStep> {
  const namespace = `${topics.tenant}/${topics.namespace}`
  const what = `offload of ${topics.events}`
  const wanted = limitsOf(offload)
  const before = await admin.appliedOffload(topics.events)
  if (before.driver === '') {
    const detail =
      'the brokers have no offload driver, so nothing is moved: state managedLedgerOffloadDriver and its bucket in their configuration, or set PULSAR_OFFLOAD to no'
    return { what, state: 'differs', detail }
  }
  if (isSame(before, wanted))
    return { what, state: 'exists', detail: `${textOf(wanted)}; ${await moved(admin, topics.events, partitions)}` }
  try {
    await admin.setOffload(namespace, wanted)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const detail = `Pulsar moves ${textOf(before)}, ${textOf(wanted)} is configured, and it refused the change: ${messageOf(error)}`
    return { what, state: 'differs', detail }
  }
  const applied = () => admin.appliedOffload(topics.events)
  const after = await readUntil(applied, (found) => isSame(found, wanted), READ_BACK)
  if (!isSame(after, wanted)) {
    const detail = `Pulsar moves ${textOf(after)}, although its namespace ${namespace} was set to ${textOf(wanted)}: remove the offload policy of the topic itself`
    return { what, state: 'differs', detail }
  }
  const change = `from ${textOf(before)} to ${textOf(after)}`
  return { what, state: 'updated', detail: `${change}; ${await moved(admin, topics.events, partitions)}` }
}

function limitsOf({ afterMinutes, afterGib, deletionLagMinutes }: Offload): OffloadLimits {
  return {
    afterSeconds: afterMinutes === 0 ? NONE : afterMinutes * 60,
    afterBytes: afterGib === 0 ? NONE : afterGib * GIB,
    deletionLagMs: deletionLagMinutes * 60_000,
  }
}

function isSame(a: OffloadLimits, b: OffloadLimits): boolean {
  return a.afterSeconds === b.afterSeconds && a.afterBytes === b.afterBytes && a.deletionLagMs === b.deletionLagMs
}

/** How many ledgers the store holds: while it is not 0, offload cannot be turned off. */
async function moved(admin: PulsarAdmin, topic: string, partitions: number): Promise<string> {
  const names = Array.from({ length: partitions }, (_, number) => partitionName(topic, number))
  const kept = await Promise.all(names.map((name) => admin.keptLedgers(name)))
  const ledgers = kept.flatMap((part) => part.ledgers)
  return `${ledgers.filter(({ offloaded }) => offloaded).length} of ${ledgers.length} ledgers are in the store`
}

function textOf({ afterSeconds, afterBytes, deletionLagMs }: OffloadLimits): string {
  const limits = [
    ...(afterSeconds >= 0 ? [`ledgers after ${afterSeconds / 60} min`] : []),
    ...(afterBytes >= 0 ? [`what is beyond ${afterBytes / GIB} GiB of a partition`] : []),
  ]
  if (limits.length === 0) return 'no ledgers'
  return `${limits.join(' and ')}, deleted at the bookies ${deletionLagMs / 60_000} min later`
}
