import { AppError, messageOf } from '../errors.ts'
import type { Retention, TopicSetUp } from '../names.ts'
import type { SetUpStep } from '../set-up-step.ts'
import type { PulsarAdmin } from './admin.ts'
import { readUntil } from './attempts.ts'

/** `raise`: never shorter than it is. `lower`: what is configured, also where that is less: Pulsar then deletes the rest. */
export type RetentionChange = 'raise' | 'lower'

/** A policy that was just set reaches the broker of the topic a moment later. */
const READ_BACK = { attempts: 15, waitMs: 200 }

/**
 * Makes the namespace keep acknowledged messages for the configured time, and reads back what is in force for the topic. A policy
 * of the topic overrides that of the namespace; that of the broker applies if the namespace has none.
 */
export async function ensureRetention(
  admin: PulsarAdmin,
  topics: TopicSetUp,
  change: RetentionChange,
): Promise<SetUpStep> {
  const namespace = `${topics.tenant}/${topics.namespace}`
  const what = `retention of ${topics.events}`
  const before = await admin.appliedRetention(topics.events)
  const wanted = topics.retention
  const target = change === 'raise' ? longerOf(before, wanted) : wanted
  if (isSame(before, target)) return keptStep(what, before, wanted)
  try {
    await admin.setRetention(namespace, target)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const detail = `Pulsar keeps ${textOf(before)}, ${textOf(wanted)} is configured, and it refused the change: ${messageOf(error)}`
    return { what, state: 'differs', detail }
  }
  const applied = () => admin.appliedRetention(topics.events)
  const after = await readUntil(applied, (found) => isSame(found, target), READ_BACK)
  if (!isSame(after, target)) {
    const detail = `Pulsar keeps ${textOf(after)}, although its namespace ${namespace} was set to ${textOf(target)}: remove the retention policy of the topic itself`
    return { what, state: 'differs', detail }
  }
  return isSame(target, wanted)
    ? { what, state: 'updated', detail: `from ${textOf(before)} to ${textOf(after)}` }
    : keptStep(what, after, wanted)
}

/** What is kept is as configured or longer. */
function keptStep(what: string, kept: Retention, wanted: Retention): SetUpStep {
  if (isSame(kept, wanted)) return { what, state: 'exists', detail: textOf(kept) }
  const detail = `Pulsar keeps ${textOf(kept)}, ${textOf(wanted)} is configured; set-up never shortens it without being asked, because that deletes kept messages: raise the setting, or run set-up --lower-retention`
  return { what, state: 'differs', detail }
}

/** The longer time and the larger size of the two. */
function longerOf(a: Retention, b: Retention): Retention {
  return { minutes: larger(a.minutes, b.minutes), mib: larger(a.mib, b.mib) }
}

function larger(a: number, b: number): number {
  return a < 0 || b < 0 ? -1 : Math.max(a, b)
}

function isSame(a: Retention, b: Retention): boolean {
  return a.minutes === b.minutes && a.mib === b.mib
}

function textOf({ minutes, mib }: Retention): string {
  if (minutes === 0 && mib === 0) return 'no acknowledged messages'
  const time = minutes < 0 ? 'for ever' : minutes % 60 === 0 ? `for ${minutes / 60} h` : `for ${minutes} min`
  return `acknowledged messages ${time}${mib < 0 ? '' : `, at most ${mib} MiB of a partition`}`
}
