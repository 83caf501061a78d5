import type { Client } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import { unavailable } from '../search/client.ts'
import type { DataNode, SearchState, ShardCopy } from './data-nodes.ts'

const EXCLUDE = 'cluster.routing.allocation.exclude._name'
const DISK = 'cluster.routing.allocation.disk'
const EXPAND = 'index.auto_expand_replicas'

/** Who elects the master of a cluster. */
export interface Votes {
  /** Names of the master-eligible nodes that are in the cluster. */
  readonly masters: readonly string[]
  readonly elected: string | undefined
  /** Who has a vote, by what is committed: names, and the ids of nodes that are not in the cluster. */
  readonly voting: readonly string[]
  /** Names of the nodes that are to have no vote. */
  readonly excluded: readonly string[]
}

/** What a drain asks of Elasticsearch. Every call throws AppError `search_unavailable` when it does not answer, or refuses. */
export interface SearchCluster {
  state(): Promise<SearchState>
  /** Names of the nodes to which no shard may move, and from which shards move away. */
  excluded(): Promise<readonly string[]>
  exclude(nodes: readonly string[]): Promise<void>
  /** Why a shard stays where it is, in the words of Elasticsearch. */
  whyStays(copy: ShardCopy): Promise<string>
  votes(): Promise<Votes>
  /** They have none from now on, and one that is elected gives its office up. */
  takeVotes(nodes: readonly string[]): Promise<void>
  /** All have votes again, besides these. */
  giveVotes(excluded: readonly string[]): Promise<void>
  /** The id of the cluster; `undefined` while nothing was ever elected. */
  founded(): Promise<string | undefined>
  /** Names of the nodes that let no other node join, by their settings. */
  closed(): Promise<readonly string[]>
}

/** As much of the state of a cluster as is used. */
interface VotingState {
  readonly master_node?: string | null
  readonly nodes: Readonly<Record<string, { readonly name: string; readonly roles: readonly string[] }>>
  readonly metadata: {
    readonly cluster_coordination: {
      readonly last_committed_config: readonly string[]
      readonly voting_config_exclusions?: readonly { readonly node_name: string }[]
    }
  }
}

/** What a cluster calls itself that nobody has founded. */
const UNFOUNDED = '_na_'

/** How long Elasticsearch waits until a vote is taken, before it answers that it is not yet. */
const VOTE_TIMEOUT = '10s'

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

  async function takeVotes(nodes: readonly string[]): Promise<void> {
    await client.cluster
      .postVotingConfigExclusions({ node_names: nodes.join(','), timeout: VOTE_TIMEOUT })
      .catch(unanswered)
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
    votes: async () => {
      const state = await client.cluster.state({ metric: ['master_node', 'nodes', 'metadata'] }).catch(unanswered)
      return votesIn(state as unknown as VotingState)
    },
    takeVotes,
    giveVotes: async (excluded) => {
      // Whether they are gone was asked before; those of others stay.
      await client.cluster.deleteVotingConfigExclusions({ wait_for_removal: false }).catch(unanswered)
      if (excluded.length > 0) await takeVotes(excluded)
    },
    founded: async () => {
      const { cluster_uuid: uuid } = await client.cluster.state({ metric: ['master_node'] }).catch(unanswered)
      return uuid === UNFOUNDED ? undefined : String(uuid)
    },
    closed: async () => {
      const { nodes: found } = await client.nodes
        .info({ metric: 'settings', filter_path: ['nodes.*.name', 'nodes.*.settings.discovery.type'] })
        .catch(unanswered)
      return Object.values(found)
        .filter(({ settings: of }) => of?.discovery?.type === 'single-node')
        .map(({ name }) => name)
    },
  }
}

function votesIn({ master_node: master, nodes, metadata }: VotingState): Votes {
  const { last_committed_config: voting, voting_config_exclusions: excluded = [] } = metadata.cluster_coordination
  return {
    masters: Object.values(nodes)
      .filter(({ roles }) => roles.includes('master'))
      .map(({ name }) => name),
    elected: master ? nodes[master]?.name : undefined,
    voting: voting.map((id) => nodes[id]?.name ?? id),
    excluded: excluded.map(({ node_name: name }) => name),
  }
}

function listed(value: string | undefined): readonly string[] {
  return (value ?? '').split(',').filter((name) => name !== '')
}
