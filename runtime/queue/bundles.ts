import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { TopicSetUp } from '../names.ts'
import type { SetUpStep } from '../set-up-step.ts'
import type { PulsarAdmin } from './admin.ts'
import { lastRefusal } from './attempts.ts'

/** A broker that is just loading a bundle refuses to split it for a moment. */
const REFUSED_ROUNDS = 5
const ROUND_MS = 1000

/** The bundles to split next, the largest hash ranges first: each split makes one bundle more. */
export function bundlesToSplit(ranges: readonly string[], wanted: number): readonly string[] {
  const missing = Math.max(0, wanted - ranges.length)
  const sizes = ranges.map((range) => ({ range, size: sizeOf(range) }))
  const largest = Math.max(...sizes.map(({ size }) => size))
  // Halves of the largest may be larger than the others: they are split in the next round.
  return sizes.flatMap(({ range, size }) => (size === largest ? [range] : [])).slice(0, missing)
}

function sizeOf(range: string): number {
  const [begin = 0, end = 0] = range.split('_').map(Number)
  return end - begin
}

/**
 * Splits bundles of the namespace until there are as many as configured, and reads back what Pulsar has then. Bundles are never
 * merged. A split moves no message and no topic; `ensureSpread` gives the new bundles to other brokers.
 */
export async function ensureBundles(admin: PulsarAdmin, topics: TopicSetUp, roundMs = ROUND_MS): Promise<SetUpStep> {
  const namespace = `${topics.tenant}/${topics.namespace}`
  const what = `bundles of ${namespace}`
  const wanted = topics.bundles
  const before = await admin.bundles(namespace)
  if (before.length >= wanted) return { what, state: 'exists', detail: `${before.length} bundles` }
  let ranges = before
  let fault: unknown
  for (let refused = 0; ranges.length < wanted && refused < REFUSED_ROUNDS; ) {
    if (refused > 0) await sleep(roundMs)
    // Another set-up, or Pulsar itself, may have split the same bundle meanwhile.
    fault = await lastRefusal(bundlesToSplit(ranges, wanted), (range) => admin.splitBundle(namespace, range))
    const after = await admin.bundles(namespace)
    if (after.length <= ranges.length) refused += 1
    ranges = after
  }
  if (ranges.length >= wanted)
    return { what, state: 'grown', detail: `from ${before.length} to ${ranges.length} bundles` }
  const why = fault === undefined ? '' : `: ${messageOf(fault)}`
  const detail = `there are ${ranges.length}, PULSAR_BUNDLES is ${wanted}, and Pulsar did not split them${why}; events are still stored, over fewer brokers: run set-up again with the token of an administrator`
  return { what, state: 'differs', detail }
}
