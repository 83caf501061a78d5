import { GO, goWith, type Outlook, refuse, type Verdict, wait } from './verdict.ts'

/** One copy of a shard, in the words of the routing table. */
export interface ShardCopy {
  readonly index: string
  readonly shard: number
  readonly isPrimary: boolean
  readonly state: 'STARTED' | 'RELOCATING' | 'INITIALIZING' | 'UNASSIGNED'
  /** Name of the node that has it. */
  readonly node?: string
}

/** What Elasticsearch says of itself at one moment. */
export interface SearchFacts {
  /** Names of the nodes that belong to the cluster. */
  readonly nodes: readonly string[]
  /** Those that may hold data. */
  readonly dataNodes: readonly string[]
  readonly elected?: string
  readonly copies: readonly ShardCopy[]
}

export interface SearchGateOptions {
  /** Every node that is to run; a pod has the name of its node. */
  readonly pods: readonly string[]
  /** Copies that the stack asks for besides the primary: `ELASTIC_INDEX_REPLICAS`. */
  readonly replicas: number
  /** First part of the names of the indices that the stack asks them for. */
  readonly indexPrefix: string
}

const NAMED_LIMIT = 3

export function searchOutlook(facts: SearchFacts, options: SearchGateOptions): Outlook {
  return {
    mayTake: (pod) => mayTake(pod, facts, options),
    leads: (pod) => facts.elected === pod,
    recovered: () => {
      // What an operator made red, or left without copies, was so before.
      const blocked = nodesVerdict(facts, options.pods) ?? initializingVerdict(facts)
      return blocked ?? GO
    },
  }
}

function mayTake(pod: string, facts: SearchFacts, options: SearchGateOptions): Verdict {
  // It serves nothing: it cannot get worse, and a correction has to reach it.
  if (!facts.nodes.includes(pod)) return GO
  return (
    nodesVerdict(facts, options.pods) ??
    redVerdict(facts) ??
    movingVerdict(facts) ??
    initializingVerdict(facts) ??
    copiesVerdict(pod, facts, options)
  )
}

function nodesVerdict({ nodes, elected }: SearchFacts, pods: readonly string[]): Verdict | undefined {
  const missing = pods.filter((pod) => !nodes.includes(pod))
  if (missing.length > 0) return wait('node_missing', `not in the cluster: ${named(missing)}`)
  return elected === undefined ? wait('master_missing', 'no master is elected') : undefined
}

function redVerdict({ copies }: SearchFacts): Verdict | undefined {
  const red = copies.filter((copy) => copy.isPrimary && !isServing(copy))
  if (red.length === 0) return undefined
  return wait('index_red', `red: ${named(unique(red.map(({ index }) => index)))}`)
}

function movingVerdict({ copies }: SearchFacts): Verdict | undefined {
  const moving = copies.filter(({ state }) => state === 'RELOCATING')
  if (moving.length === 0) return undefined
  return wait('shards_moving', `${moving.length} shards move between nodes`)
}

function initializingVerdict({ copies }: SearchFacts): Verdict | undefined {
  const starting = copies.filter(({ state }) => state === 'INITIALIZING')
  if (starting.length === 0) return undefined
  return wait('shards_moving', `${starting.length} copies of shards are being made`)
}

function copiesVerdict(pod: string, { dataNodes, copies }: SearchFacts, options: SearchGateOptions): Verdict {
  const held = copies.filter(({ node }) => node === pod)
  const only = held.filter((one) => !copies.some((other) => isOtherCopy(one, other) && isServing(other)))
  if (only.length === 0) return GO
  const indices = unique(only.map(({ index }) => index))
  const text = `the only copy of ${named(indices)} is on ${pod}`
  if (dataNodes.length === 1) return goWith(`${text}, the only node with data: they are down until it is back`)
  const waited = only.filter((one) => copies.some((other) => isOtherCopy(one, other)))
  if (waited.length > 0) {
    const missing = unique(waited.map(({ index }) => index))
    return wait('only_copy', `the only copy of ${named(missing)} is on ${pod}; other copies are not assigned`)
  }
  const asked = indices.filter((index) => index.startsWith(`${options.indexPrefix}-`))
  if (options.replicas > 0 && asked.length > 0)
    return refuse(
      'only_copy',
      `the only copy of ${named(asked)} is on ${pod}: the index has 0 replicas, and ELASTIC_INDEX_REPLICAS asks for ${options.replicas}; let set-up add them in an \`up\` of its own, which changes no server`,
    )
  return goWith(`${text}, as its 0 replicas ask for: it is down until the node is back`)
}

function isOtherCopy(one: ShardCopy, other: ShardCopy): boolean {
  return one !== other && one.index === other.index && one.shard === other.shard
}

/** A copy that moves serves until it has moved. */
function isServing({ state }: ShardCopy): boolean {
  return state === 'STARTED' || state === 'RELOCATING'
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort()
}

export function named(names: readonly string[]): string {
  const more = names.length - NAMED_LIMIT
  return `${names.slice(0, NAMED_LIMIT).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
