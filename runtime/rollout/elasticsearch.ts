import type { Client } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import { unavailable } from '../search/client.ts'
import { RESTART_DELAY } from '../search/templates.ts'
import { type SearchFacts, type ShardCopy, searchOutlook } from './elasticsearch-gate.ts'
import type { Servers } from './verdict.ts'

/**
 * How long no copy of a shard is made elsewhere while a node restarts, during a rollout. A node has so long to close its shards, to
 * get its volumes and its image, and to start.
 */
const ROLLING_DELAY = '20m'

const TIMEOUT = { requestTimeout: 10_000 }

/** As much of the answer as is used. */
interface ClusterState {
  readonly master_node?: string | null
  readonly nodes: Readonly<Record<string, { readonly name: string; readonly roles?: readonly string[] }>>
  readonly routing_table: {
    readonly indices: Readonly<Record<string, { readonly shards: Readonly<Record<string, readonly RoutedCopy[]>> }>>
  }
}

interface RoutedCopy {
  readonly state: ShardCopy['state']
  readonly primary: boolean
  readonly node: string | null
}

/** Elasticsearch, asked with the rights of API and workers. */
export function searchServers(client: Client, config: SharedConfig): Servers {
  const delay = async (timeout: string, problem: string) => {
    await client.indices
      .putSettings(
        {
          index: `${config.indexPrefix}-*`,
          expand_wildcards: 'all',
          allow_no_indices: true,
          settings: { 'index.unassigned.node_left.delayed_timeout': timeout },
        },
        TIMEOUT,
      )
      .catch(unavailable(config, problem))
  }
  return {
    look: async (pods) => {
      const state = await client.cluster
        .state({ metric: ['master_node', 'nodes', 'routing_table'] }, TIMEOUT)
        .catch(unavailable(config, 'does not say its state'))
      return searchOutlook(searchFacts(state as unknown as ClusterState), {
        pods,
        replicas: config.indexReplicas,
        indexPrefix: config.indexPrefix,
      })
    },
    prepare: () => delay(ROLLING_DELAY, 'does not take the order to wait for the nodes'),
    restore: () => delay(RESTART_DELAY, 'does not take the report that the rollout is over'),
    close: () => client.close(),
  }
}

export function searchFacts({ master_node: master, nodes, routing_table: table }: ClusterState): SearchFacts {
  const nameOf = (id: string | null | undefined) => (id ? nodes[id]?.name : undefined)
  const elected = nameOf(master)
  const copies = Object.entries(table.indices).flatMap(([index, { shards }]) =>
    Object.entries(shards).flatMap(([shard, all]) =>
      all.map(({ state, primary, node: id }): ShardCopy => {
        const node = nameOf(id)
        return { index, shard: Number(shard), isPrimary: primary, state, ...(node === undefined ? {} : { node }) }
      }),
    ),
  )
  const all = Object.values(nodes)
  return {
    nodes: all.map(({ name }) => name),
    dataNodes: all.filter(({ roles }) => (roles ?? []).some((role) => role.startsWith('data'))).map(({ name }) => name),
    ...(elected === undefined ? {} : { elected }),
    copies,
  }
}
