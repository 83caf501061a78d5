import type { Server } from '../config/server-versions.ts'
import type { Facts } from './facts.ts'
import { stepFault } from './version-steps.ts'

/** Facts that never change, and how to get what one wants anyway. */
const FIXED: Readonly<Record<string, string>> = {
  cluster: 'a stack cannot move to another cluster; correct KUBECONFIG or platform.context, or make a new stack there',
  'platform.namespace':
    'volumes cannot move to another namespace; make a new stack and let both run until the old one is drained',
  'platform.createNamespace':
    'a namespace would be deleted with all that is in it, or be taken from others; make a new stack in another one',
  'platform.clusterDomain':
    'bookies, certificates and the ensemble know each other by names in that domain; make a new stack for another one',
  'pulsar.clusterName': 'the metadata belongs to the cluster of that name; make a new stack for another one',
  'elasticsearch.masterNodes':
    'new masters could found a cluster of their own; make a new stack, and move the indices by snapshot or reindex from remote',
  'elasticsearch.mastersHoldData':
    'a node does not start without the role for the shards it holds; add data nodes instead',
  'elasticsearch.security': 'nodes with and without TLS cannot speak to each other; make a new stack',
}

/** What was true before there was such a fact: a stack of an older release had no choice. */
const ASSUMED: Facts = { 'platform.createNamespace': 'true', 'platform.clusterDomain': 'cluster.local' }

/** Facts that may become any other value once something is done. */
const PREPARED: readonly (readonly [RegExp, string])[] = [
  [
    /^runtime\.PULSAR_(TENANT|SYSTEM_NAMESPACE|FUNCTION_TOPIC|SUBSCRIPTION)$/,
    'the backlog under the old name would never be stored; stop the API and wait until `backlog` says 0',
  ],
  [
    /^runtime\.EVENT_PARTITIONING$/,
    'an event that is sent again across the change goes into another index and is stored twice; state the old period, or make sure that no sender retries meanwhile',
  ],
  [
    /^offload\.store$/,
    'brokers would not find the ledgers that are in the store, and their events would be lost; wait until it has none: docs/offload.md, "Turn it off"',
  ],
  // A claim keeps its class; one that lost its volume is created with the new one.
  [/StorageClass$|\.storageClass$/, 'a volume keeps its StorageClass; state the old one'],
]

/** Facts that may grow, and may become less once something is done. */
const SHRINK: readonly (readonly [RegExp, string])[] = [
  [/^zookeeper\.replicas/, 'remove the node from the ensemble first: docs/operations.md, "Fewer ZooKeeper nodes"'],
  [/^bookkeeper\.replicas/, 'the ledgers of a bookie must be copied away first: docs/operations.md, "Fewer bookies"'],
  [
    /^elasticsearch\..*replicas/,
    'the shards of a node must be moved away first: docs/operations.md, "Fewer data nodes"',
  ],
  [/Gib$/, 'a volume cannot shrink; state the size that it has, or add smaller nodes and take the larger ones away'],
  [/EVENT_RETENTION_DAYS$/, 'indices with older events would be deleted in the next night'],
  [/SESSION_RETENTION_DAYS$/, 'sessions that began before that would be deleted in the next night'],
  [/PROFILE_RETENTION_DAYS$/, 'profiles that were sent last before that would be deleted in the next night'],
  [
    /PULSAR_RETENTION_HOURS$/,
    'messages that are kept for longer would be deleted and could not be replayed; make sure that none has to be',
  ],
  [
    /PULSAR_PARTITIONS$/,
    'partitions cannot be removed: their unread events would be lost; keep the number, or drain into another topic',
  ],
]

/** For disks of servers that the stack would no longer have. */
const LEFT_BEHIND = 'its volumes would be left behind with their data; store or move all of it first'

/**
 * The changes between two states of a stack that could destroy data, each with the way out.
 *
 * @param acknowledged changes that an operator has prepared, as `key=new value`. They do not help with what is fixed.
 */
export function refusedChanges(before: Facts, after: Facts, acknowledged: readonly string[] = []): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const known = before['platform.namespace'] === undefined ? before : { ...ASSUMED, ...before }
  return keys.flatMap((key) => {
    const [old, now] = [known[key], after[key] ?? 'none']
    if (old === undefined || old === now) return []
    const change = `${key} would go from ${old || 'none'} to ${now || 'none'}`
    if (FIXED[key] !== undefined) return [`${change}: ${FIXED[key]}`]
    const remedy = key.endsWith('.version') ? versionRemedy(key, before, after) : remedyFor(key, old, now)
    if (remedy === undefined || acknowledged.includes(`${key}=${now}`)) return []
    return [`${change}: ${remedy}. If that is done, state platform.acknowledge: ["${key}=${now}"]`]
  })
}

/** Servers whose version is a fact, each with a fact that there is only while it is of the stack. */
const VERSIONED: readonly (readonly [Server, string])[] = [
  ['pulsar', 'pulsar.clusterName'],
  ['elasticsearch', 'elasticsearch.masterNodes'],
]

function versionRemedy(key: string, before: Facts, after: Facts): string | undefined {
  const [server, mark] = VERSIONED.find(([name]) => key === `${name}.version`) as (typeof VERSIONED)[number]
  const [old, now] = [before[key] as string, after[key]]
  if (now === undefined)
    return after[mark] === undefined
      ? undefined
      : `the image names no version, so that nothing could be compared; state ${key}`
  return stepFault(server, old, now) ?? (bothChange(before, after) ? ONE_AT_A_TIME : undefined)
}

const ONE_AT_A_TIME =
  'two servers change in one update, and a failure could be of either; state the old version of one, and upgrade it when the other has been checked'

function bothChange(before: Facts, after: Facts): boolean {
  return VERSIONED.every(([server]) => {
    const [old, now] = [before[`${server}.version`], after[`${server}.version`]]
    return old !== undefined && now !== undefined && old !== now
  })
}

function remedyFor(key: string, old: string, now: string): string | undefined {
  const find = (rules: typeof SHRINK) => rules.find(([pattern]) => pattern.test(key))?.[1]
  if (now === 'none' && key.endsWith('Gib')) return LEFT_BEHIND
  const shrinks = now === 'none' || Number(now) < Number(old)
  return find(PREPARED) ?? (shrinks ? (find(SHRINK) ?? 'what it counts holds data') : undefined)
}
