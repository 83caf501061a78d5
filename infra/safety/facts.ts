import type { Plan } from '../config/plan.ts'
import { nodeSets } from '../elasticsearch/node-sets.ts'
import type { Site } from '../kubernetes/site.ts'
import { shares } from '../kubernetes/zones.ts'

/** What a stack's data depends on, as texts by key. Two of them are compared before a change is made. */
export type Facts = Readonly<Record<string, string>>

/** Facts that never change, and how to get what one wants all the same. */
const FIXED: Readonly<Record<string, string>> = {
  'platform.context': 'a stack cannot move to another cluster; make a new stack there',
  'platform.namespace':
    'volumes cannot move to another namespace; make a new stack and let both run until the old one is drained',
  'pulsar.clusterName': 'the metadata belongs to the cluster of that name; make a new stack for another one',
  'elasticsearch.masterNodes':
    'new masters could found a cluster of their own; make a new stack, and move the indices by snapshot or reindex from remote',
  'elasticsearch.mastersHoldData':
    'a node does not start without the role for the shards it holds; add data nodes instead',
  'elasticsearch.security': 'nodes with and without TLS cannot speak to each other; make a new stack',
}

/** Facts that name a StorageClass. A claim keeps its class for ever. */
const CLASSES = /StorageClass$|\.storageClass$/

const SHRINK: readonly (readonly [RegExp, string])[] = [
  [/^zookeeper\.replicas/, 'remove the node from the ensemble first: docs/operations.md, "Fewer ZooKeeper nodes"'],
  [/^bookkeeper\.replicas/, 'the ledgers of a bookie must be copied away first: docs/operations.md, "Fewer bookies"'],
  [
    /^elasticsearch\..*replicas/,
    'the shards of a node must be moved away first: docs/operations.md, "Fewer data nodes"',
  ],
  [/Gib$/, 'a volume cannot shrink; keep the size, or add smaller nodes and take the larger ones away'],
  [
    /PULSAR_PARTITIONS$/,
    'partitions that are taken away take their events along; keep the number, or drain into another topic',
  ],
]

/** The facts of a plan. Servers that are not of the stack have none. */
export function factsOf(plan: Plan, site: Site): Facts {
  const own = plan.pulsar.serviceUrl === ''
  const ownSearch = plan.elasticsearch.url === ''
  const facts: Record<string, string | number | boolean> = {
    'platform.namespace': plan.platform.namespace,
    'platform.context': plan.platform.context,
  }
  facts['runtime.PULSAR_PARTITIONS'] = plan.runtime.pulsarPartitions
  if (own) {
    const { zookeeper: z, bookkeeper: b } = plan
    facts['pulsar.clusterName'] = plan.pulsar.clusterName
    facts['zookeeper.replicas'] = z.replicas
    facts['zookeeper.diskGib'] = z.diskGib
    facts['zookeeper.storageClass'] = z.storageClass || site.storageClass
    facts['bookkeeper.journalGib'] = b.journalGib
    facts['bookkeeper.ledgersGib'] = b.ledgersGib
    facts['bookkeeper.journalStorageClass'] = b.journalStorageClass || site.storageClass
    facts['bookkeeper.ledgersStorageClass'] = b.ledgersStorageClass || site.storageClass
    for (const share of shares(b.replicas, site.zones)) {
      facts[`bookkeeper.replicas${share.zone ? `.${share.zone}` : ''}`] = share.replicas
    }
  }
  if (ownSearch) {
    const e = plan.elasticsearch
    facts['elasticsearch.masterNodes'] = e.masterNodes
    facts['elasticsearch.mastersHoldData'] = e.mastersHoldData
    facts['elasticsearch.security'] = e.security
    facts['elasticsearch.storageClass'] = e.storageClass || site.storageClass
    for (const set of nodeSets(plan, site)) {
      facts[`elasticsearch.${set.name}.replicas`] = set.share.replicas
      facts[`elasticsearch.${set.tier}.diskGib`] = set.diskGib
    }
  }
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, String(value)]))
}

/**
 * The changes between two states of a stack that could destroy data, each with the way out.
 *
 * @param acknowledged changes that an operator has prepared, as `key=new value`.
 */
export function refusedChanges(before: Facts, after: Facts, acknowledged: readonly string[] = []): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key] ?? 'none']
    if (old === undefined || old === now || acknowledged.includes(`${key}=${now}`)) return []
    const remedy = remedyFor(key, old, now)
    return remedy === undefined
      ? []
      : [
          `${key} would go from ${old} to ${now}: ${remedy}. If that is done, state platform.acknowledge: ["${key}=${now}"]`,
        ]
  })
}

function remedyFor(key: string, old: string, now: string): string | undefined {
  if (FIXED[key] !== undefined) return FIXED[key]
  if (CLASSES.test(key)) return 'a volume keeps its StorageClass; state the old one'
  const shrinks = now === 'none' || Number(now) < Number(old)
  if (!shrinks) return undefined
  return SHRINK.find(([pattern]) => pattern.test(key))?.[1] ?? 'what it counts holds data'
}
