import type { Client } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import { unavailable } from '../search/client.ts'
import type { DataNode, SearchState, ShardCopy } from './data-nodes.ts'

const EXCLUDE = 'cluster.routing.allocation.exclude._name'
const DISK = 'cluster.routing.allocation.disk'
const EXPAND = 'index.auto_expand_replicas'

/** What a drain asks of Elasticsearch. Every call throws AppError `search_unavailable` when it does not answer, or refuses. */
export interface SearchCluster {
  state(): Promise<SearchState>
  /** Names of the nodes to which no shard may move, and from which shards move away. */
  excluded(): Promise<readonly string[]>
  exclude(nodes: readonly string[]): Promise<void>
  /** Why a shard stays where it is, in the words of Elasticsearch. */
  whyStays(copy: ShardCopy): Promise<string>
}

type Settings = Readonly<Record<string, string | undefined>>

export function searchCluster(client: Client, config: SharedConfig): SearchCluster {
  const unanswered = unavailable(config, 'cannot be asked what its nodes hold')

  async function settings(): Promise<{ readonly own: Settings; readonly all: Settings }> {
    const found = await client.cluster.getSettings({ include_defaults: true, flat_settings: true }).catch(unanswered)
    // What is transient holds before what is persistent.
    const own = { ...found.persistent, ...found.transient }
    return { own, all: { ...found.defaults, ...own } }
  }

  async function copies(): Promise<readonly ShardCopy[]> {
    const columns = ['index', 'shard', 'prirep', 'state', 'node', 'store'] as const
    const rows = await client.cat.shards({ format: 'json', bytes: 'b', h: [...columns] }).catch(unanswered)
    return rows.map(({ index = '', shard, prirep, state = '', node, store }) => ({
      index,
      shard: Number(shard),
      isPrimary: prirep === 'p',
      state,
      // Of one that moves: `from -> address id to`.
      node: node?.split(' ')[0],
      bytes: Number(store ?? 0),
    }))
  }

  async function nodes(): Promise<readonly DataNode[]> {
    const found = await client.nodes.stats({ metric: 'fs' }).catch(unanswered)
    return Object.values(found.nodes)
      .filter(({ roles = [] }) => roles.some((role) => role.startsWith('data')))
      .map(({ name = '', fs }) => ({
        name,
        totalBytes: fs?.total?.total_in_bytes ?? 0,
        availableBytes: fs?.total?.available_in_bytes ?? 0,
      }))
  }

  async function expanding(): Promise<ReadonlySet<string>> {
    const found = await client.indices
      .getSettings({ name: EXPAND, flat_settings: true, expand_wildcards: 'all' })
      .catch(unanswered)
    const isExpanding = (value: unknown) => value !== undefined && value !== 'false'
    return new Set(
      Object.entries(found)
        .filter(([, { settings: of }]) => isExpanding((of as Readonly<Record<string, unknown>> | undefined)?.[EXPAND]))
        .map(([index]) => index),
    )
  }

  return {
    state: async () => {
      const { all } = await settings()
      return {
        copies: await copies(),
        nodes: await nodes(),
        watermark: {
          isOn: all[`${DISK}.threshold_enabled`] !== 'false',
          low: all[`${DISK}.watermark.low`] ?? '85%',
          maxHeadroom: all[`${DISK}.watermark.low.max_headroom`] ?? '-1',
        },
        expanding: await expanding(),
      }
    },
    excluded: async () => listed((await settings()).own[EXCLUDE]),
    exclude: async (names) => {
      const value = names.length === 0 ? null : names.join(',')
      // A transient value would hide the persistent one, and would not survive a restart of all masters.
      await client.cluster
        .putSettings({ persistent: { [EXCLUDE]: value }, transient: { [EXCLUDE]: null } })
        .catch(unanswered)
    },
    whyStays: async ({ index, shard, isPrimary, node }) => {
      const explained = await client.cluster
        .allocationExplain({ index, shard, primary: isPrimary, ...(node === undefined ? {} : { current_node: node }) })
        .catch(unanswered)
      const decided = explained.node_allocation_decisions ?? []
      const reasons = decided.flatMap(({ node_name: name, deciders = [] }) =>
        deciders.filter(({ decision }) => decision === 'NO').map(({ explanation }) => `${name}: ${explanation}`),
      )
      return reasons[0] ?? explained.move_explanation ?? explained.allocate_explanation ?? 'it waits for its turn'
    },
  }
}

function listed(value: string | undefined): readonly string[] {
  return (value ?? '').split(',').filter((name) => name !== '')
}
