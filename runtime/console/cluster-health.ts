import type { Client } from '@elastic/elasticsearch'
import type { ClusterHealth } from './observation.ts'
import type { MissingShard } from './state.ts'

/** Within what a call for the health may take. */
const LIMIT_MS = 5000
/** A red cluster may miss thousands of shards. The first ones say why. */
const MOST_SHARDS = 50
const LONGEST_EXPLANATION = 600

/**
 * The health of the cluster, and of each shard that is not in service, why. Asks for shards only while the status is not green.
 *
 * @throws whatever the client throws for the health. Shards are `null`, and the explanation is omitted, where the credentials do not allow them.
 */
export async function clusterHealth(search: Client): Promise<ClusterHealth> {
  const health = await search.cluster.health({}, { requestTimeout: LIMIT_MS })
  const status = String(health.status)
  const missingShards = status === 'green' ? [] : await missing(search).catch(() => null)
  const explanation = missingShards?.length === 0 ? undefined : await explain(search).catch(() => undefined)
  return {
    status,
    nodes: health.number_of_nodes,
    dataNodes: health.number_of_data_nodes,
    activeShards: health.active_shards,
    unassignedShards: health.unassigned_shards,
    missingShards,
    ...(explanation === undefined ? {} : { explanation }),
  }
}

interface CatShard {
  readonly index?: string
  readonly shard?: string
  readonly prirep?: string
  readonly state?: string
  readonly 'unassigned.reason'?: string | null
  readonly 'unassigned.for'?: string | null
}

/** Primaries first. */
async function missing(search: Client): Promise<readonly MissingShard[]> {
  const shards = (await search.cat.shards(
    {
      format: 'json',
      time: 'ms',
      h: ['index', 'shard', 'prirep', 'state', 'unassigned.reason', 'unassigned.for'],
    },
    { requestTimeout: LIMIT_MS },
  )) as readonly CatShard[]
  return shards
    .filter(({ state }) => state === 'UNASSIGNED' || state === 'INITIALIZING')
    .map((shard) => ({
      index: shard.index ?? '',
      shard: Number(shard.shard),
      isPrimary: shard.prirep === 'p',
      reason: shard['unassigned.reason'] ?? '',
      forSeconds: Number.parseFloat(shard['unassigned.for'] ?? '0') / 1000,
    }))
    .sort((one, other) => Number(other.isPrimary) - Number(one.isPrimary))
    .slice(0, MOST_SHARDS)
}

interface Explained {
  readonly allocate_explanation?: string
  readonly node_allocation_decisions?: readonly {
    readonly node_name?: string
    readonly deciders?: readonly { readonly explanation?: string }[]
  }[]
}

/** Elasticsearch chooses a shard without a node itself, and answers 400 when there is none. */
async function explain(search: Client): Promise<string | undefined> {
  const answer = (await search.cluster.allocationExplain({}, { requestTimeout: LIMIT_MS })) as Explained
  const [node] = answer.node_allocation_decisions ?? []
  const decider = node?.deciders?.[0]?.explanation
  const text = [answer.allocate_explanation, decider && `${node?.node_name}: ${decider}`].filter(Boolean).join(' ')
  return text === '' ? undefined : text.slice(0, LONGEST_EXPLANATION)
}
