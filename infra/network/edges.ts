import { type Outside, scrapedOf, searchTier, TIER_NAMES, TIERS, type Tier, tierOf } from '../kubernetes/tiers.ts'

/** Who connects to whom, on which ports. */
export interface Edge {
  readonly from: Tier | Outside
  readonly to: Tier | Outside
  readonly ports: readonly number[]
  readonly why: string
}

/** Edges to servers of the stack. */
const INSIDE: readonly Edge[] = TIER_NAMES.flatMap((to) => {
  const { clients, ports } = tierOf(to)
  return clients.flatMap(({ from, ports: names, why }) =>
    from.map((end): Edge => ({ from: end, to, ports: names.map((name) => ports[name] as number), why })),
  )
})

/** Tiers that use Pulsar or Elasticsearch, wherever it is. */
const CLIENTS: Readonly<Record<keyof ExternalPorts, readonly Tier[]>> = {
  pulsar: ['api', 'worker', 'set-up'],
  elasticsearch: ['api', 'worker', 'set-up', 'elasticsearch-exporter'],
  collector: ['api', 'worker'],
  canary: ['api'],
}

/** Ports of servers that are not of the stack, by what they serve. */
export interface ExternalPorts {
  readonly pulsar: readonly number[]
  readonly elasticsearch: readonly number[]
  /** Of a collector of traces. @default none */
  readonly collector?: readonly number[]
  /** Of the public address that the canary calls. @default none */
  readonly canary?: readonly number[]
}

export interface EdgesArgs {
  /** Those that the stack has. */
  readonly tiers: ReadonlySet<Tier>
  /** Those that the stack lets in or reaches, besides `anywhere` and `dns`. */
  readonly outside: ReadonlySet<Outside>
  /** Ports outside of the cluster on which a Pulsar or Elasticsearch that is not of the stack is reached. */
  readonly external: ExternalPorts
  /** Whether brokers ask for a token. Where they do not, their metrics port would open the admin API to every scraper. */
  readonly authenticated: boolean
  /** Ports outside of the cluster on which the nodes of Elasticsearch reach the store of their snapshots. @default [] */
  readonly snapshotPorts?: readonly number[]
  /** Ports outside of the cluster on which the brokers reach the store of offloaded ledgers. @default [] */
  readonly offloadPorts?: readonly number[]
  /** Whether the masters of Elasticsearch hold data, and so answer clients. @default false */
  readonly mastersHoldData?: boolean
  /** Whether Jobs restart or drain servers of the stack. @default false */
  readonly rollouts?: boolean
}

/**
 * Ports of the API server: that of its Service and of what clouds manage, and those behind the Service of clusters of one's own
 * (kubeadm, k3s and kind; minikube; MicroK8s). Rules look at the address behind the Service.
 */
const API_SERVER_PORTS = [443, 6443, 8443, 16_443]

const SEARCH_NODES = ['elasticsearch-master', 'elasticsearch-data', 'elasticsearch-warm'] as const

/** Every connection that the platform makes or takes, and no other: the NetworkPolicies are made from this list. */
export function edgesOf(args: EdgesArgs): readonly Edge[] {
  const { tiers, outside, external, authenticated, snapshotPorts = [], offloadPorts = [], rollouts = false } = args
  const { mastersHoldData = false } = args
  const has = (end: Edge['from']) =>
    end === 'anywhere' || end === 'dns' || outside.has(end as Outside) || tiers.has(end as Tier)
  const search = searchTier(mastersHoldData)
  const asks = (from: Tier, why: string): Edge => ({ from, to: search, ports: [TIERS[search].ports.http], why })
  const documents = [
    ...CLIENTS.elasticsearch.map((from) => asks(from, 'indices and documents')),
    asks('budget-keeper', 'health of the nodes'),
  ]
  const servers = (Object.entries(external) as [keyof ExternalPorts, readonly number[]][]).flatMap(([what, ports]) =>
    ports.length === 0 ? [] : CLIENTS[what].map((from): Edge => ({ from, to: 'anywhere', ports, why: what })),
  )
  const stored = (from: Tier, ports: readonly number[], why: string): readonly Edge[] =>
    ports.length === 0 ? [] : [{ from, to: 'anywhere', ports, why }]
  const store = [
    ...SEARCH_NODES.flatMap((from) => stored(from, snapshotPorts, 'snapshots')),
    ...stored('broker', offloadPorts, 'offloaded ledgers'),
  ]
  const apiServerPorts = rollouts ? API_SERVER_PORTS : []
  const restarts = [
    ...stored(
      'set-up',
      apiServerPorts,
      'the API server, which evicts pods for rollouts, and knows what is to be drained',
    ),
    ...stored('budget-keeper', apiServerPorts, 'the API server, which has the disruption budgets'),
  ]
  const scraped = scrapedOf([...tiers], authenticated).map((to): Edge => {
    const { metrics, ports } = tierOf(to)
    return { from: 'scrapers', to, ports: [ports[metrics?.port ?? ''] as number], why: 'metrics' }
  })
  const names = [...tiers].map((from): Edge => ({ from, to: 'dns', ports: [53], why: 'names' }))
  return [...INSIDE, ...documents, ...servers, ...store, ...restarts, ...scraped, ...names].filter(
    ({ from, to }) => has(from) && has(to),
  )
}
