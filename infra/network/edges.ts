import type { Tier } from '../kubernetes/labels.ts'

/**
 * Anything outside of the platform's own pods. `scrapers`, `operators` and `keda` are pods of namespaces that the stack names;
 * `anywhere` is every address.
 */
export type Outside = 'anywhere' | 'scrapers' | 'operators' | 'keda' | 'dns'

/** Who connects to whom, on which ports. */
export interface Edge {
  readonly from: Tier | Outside
  readonly to: Tier | Outside
  readonly ports: readonly number[]
  readonly why: string
}

const ADMIN = 8080
const PULSAR = [6650, ADMIN]
const METRICS = 'metrics'
/** `PRIVATE_PORT`: console and queue, for operators. */
const PRIVATE = 8686
/** `MONITORING_PORT`: health and metrics. */
const MONITORING = 9464

/** Ports on which each tier tells its metrics. Those of brokers and proxies serve their admin API too. */
const SCRAPED: Readonly<Partial<Record<Tier, number>>> = {
  zookeeper: 8000,
  bookkeeper: 8000,
  autorecovery: 8000,
  broker: ADMIN,
  proxy: ADMIN,
  'elasticsearch-exporter': 9114,
  api: MONITORING,
  worker: MONITORING,
}

/** Edges to servers of the stack. */
const INSIDE: readonly Edge[] = [
  { from: 'zookeeper', to: 'zookeeper', ports: [2181, 2888, 3888], why: 'ensemble' },
  { from: 'bookkeeper', to: 'zookeeper', ports: [2181], why: 'metadata' },
  { from: 'autorecovery', to: 'zookeeper', ports: [2181], why: 'metadata' },
  { from: 'broker', to: 'zookeeper', ports: [2181], why: 'metadata' },
  { from: 'set-up', to: 'zookeeper', ports: [2181], why: 'cluster metadata and racks' },
  { from: 'bookkeeper', to: 'bookkeeper', ports: [3181], why: 'bookies ask each other' },
  { from: 'autorecovery', to: 'bookkeeper', ports: [3181], why: 'copies ledgers' },
  { from: 'broker', to: 'bookkeeper', ports: [3181], why: 'entries' },
  { from: 'broker', to: 'broker', ports: PULSAR, why: 'brokers ask each other' },
  { from: 'proxy', to: 'broker', ports: PULSAR, why: 'clients from outside' },
  { from: 'api', to: 'broker', ports: PULSAR, why: 'publishes' },
  { from: 'worker', to: 'broker', ports: PULSAR, why: 'consumes' },
  { from: 'set-up', to: 'broker', ports: PULSAR, why: 'topics' },
  { from: 'api', to: 'api', ports: [MONITORING], why: 'the console shows every instance' },
  { from: 'api', to: 'worker', ports: [MONITORING], why: 'the console shows every instance' },
  { from: 'elasticsearch-master', to: 'elasticsearch-master', ports: [9300], why: 'cluster' },
  { from: 'elasticsearch-master', to: 'elasticsearch-data', ports: [9300], why: 'cluster' },
  { from: 'elasticsearch-data', to: 'elasticsearch-master', ports: [9300], why: 'cluster' },
  { from: 'elasticsearch-data', to: 'elasticsearch-data', ports: [9300], why: 'cluster' },
  { from: 'anywhere', to: 'api', ports: [8585], why: 'events' },
  { from: 'anywhere', to: 'proxy', ports: PULSAR, why: 'clients from outside' },
  { from: 'operators', to: 'api', ports: [PRIVATE], why: 'console and queue' },
  { from: 'keda', to: 'broker', ports: [ADMIN], why: 'the backlog, by which KEDA scales workers' },
]

/** Tiers that use Pulsar or Elasticsearch, wherever it is. */
const CLIENTS: Readonly<Record<keyof ExternalPorts, readonly Tier[]>> = {
  pulsar: ['api', 'worker', 'set-up'],
  elasticsearch: ['api', 'worker', 'set-up', 'elasticsearch-exporter'],
}

/** Ports of servers that are not of the stack, by what they serve. */
export interface ExternalPorts {
  readonly pulsar: readonly number[]
  readonly elasticsearch: readonly number[]
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
}

/** Every connection that the platform makes or takes, and no other: the NetworkPolicies are made from this list. */
export function edgesOf({ tiers, outside, external, authenticated }: EdgesArgs): readonly Edge[] {
  const has = (end: Edge['from']) =>
    end === 'anywhere' || end === 'dns' || outside.has(end as Outside) || tiers.has(end as Tier)
  // As the Service of the clients has it: masters answer them only where they hold the data.
  const search: Tier = tiers.has('elasticsearch-data') ? 'elasticsearch-data' : 'elasticsearch-master'
  const documents = CLIENTS.elasticsearch.map(
    (from): Edge => ({ from, to: search, ports: [9200], why: 'indices and documents' }),
  )
  const servers = (Object.entries(external) as [keyof ExternalPorts, readonly number[]][]).flatMap(([what, ports]) =>
    ports.length === 0 ? [] : CLIENTS[what].map((from): Edge => ({ from, to: 'anywhere', ports, why: what })),
  )
  const scraped = (Object.entries(SCRAPED) as [Tier, number][])
    .filter(([, port]) => authenticated || port !== ADMIN)
    .map(([to, port]): Edge => ({ from: 'scrapers', to, ports: [port], why: METRICS }))
  const names = [...tiers].map((from): Edge => ({ from, to: 'dns', ports: [53], why: 'names' }))
  return [...INSIDE, ...documents, ...servers, ...scraped, ...names].filter(({ from, to }) => has(from) && has(to))
}
