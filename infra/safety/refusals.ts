import type { Facts } from './facts.ts'

/** Facts that never change, and how to get what one wants anyway. */
const FIXED: Readonly<Record<string, string>> = {
  cluster: 'a stack cannot move to another cluster; correct KUBECONFIG or platform.context, or make a new stack there',
  'platform.namespace':
    'volumes cannot move to another namespace; make a new stack and let both run until the old one is drained',
  'pulsar.clusterName': 'the metadata belongs to the cluster of that name; make a new stack for another one',
  'elasticsearch.masterNodes':
    'new masters could found a cluster of their own; make a new stack, and move the indices by snapshot or reindex from remote',
  'elasticsearch.mastersHoldData':
    'a node does not start without the role for the shards it holds; add data nodes instead',
  'elasticsearch.security': 'nodes with and without TLS cannot speak to each other; make a new stack',
}

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
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key] ?? 'none']
    if (old === undefined || old === now) return []
    const change = `${key} would go from ${old || 'none'} to ${now || 'none'}`
    if (FIXED[key] !== undefined) return [`${change}: ${FIXED[key]}`]
    const remedy = key.endsWith('.version') ? versionRemedy(old, now) : remedyFor(key, old, now)
    if (remedy === undefined || acknowledged.includes(`${key}=${now}`)) return []
    return [`${change}: ${remedy}. If that is done, state platform.acknowledge: ["${key}=${now}"]`]
  })
}

/** A server reads the data of its own major version and of the one before. */
function versionRemedy(old: string, now: string): string | undefined {
  const [before = [], after = []] = [old, now].map((version) => version.split('.').map(Number))
  // An image by digest alone names no version to compare, and a removed server starts on nothing.
  if (now === 'none') return undefined
  const [oldMajor = 0, newMajor = 0] = [before[0], after[0]]
  if (newMajor > oldMajor + 1)
    return `a server does not start on data two major versions old; go to ${oldMajor + 1} first`
  const part = before.findIndex((number, index) => number !== after[index])
  return Number(after[part]) < Number(before[part])
    ? 'a server does not start on data that a newer one has written; state the version that runs'
    : undefined
}

function remedyFor(key: string, old: string, now: string): string | undefined {
  const find = (rules: typeof SHRINK) => rules.find(([pattern]) => pattern.test(key))?.[1]
  if (now === 'none' && key.endsWith('Gib')) return LEFT_BEHIND
  const shrinks = now === 'none' || Number(now) < Number(old)
  return find(PREPARED) ?? (shrinks ? (find(SHRINK) ?? 'what it counts holds data') : undefined)
}
