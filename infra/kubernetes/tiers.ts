/** Names of the tiers: the pods that do the same work. Names are identity: changing one is a breaking change. */
export const TIER_NAMES = [
  'zookeeper',
  'bookkeeper',
  'autorecovery',
  'broker',
  'proxy',
  'elasticsearch-master',
  'elasticsearch-data',
  'elasticsearch-warm',
  'elasticsearch-exporter',
  'budget-keeper',
  'api',
  'worker',
  'set-up',
] as const

export type Tier = (typeof TIER_NAMES)[number]

/**
 * Anything outside of the platform's own pods. `scrapers`, `operators` and `keda` are pods of namespaces that the stack names;
 * `anywhere` is every address.
 */
export type Outside = 'anywhere' | 'scrapers' | 'operators' | 'keda' | 'dns'

interface TierDescription {
  /** What its pods keep, and on which volumes. @default nothing */
  readonly keeps?: string
  /** Every port of its pods, by name. */
  readonly ports: Readonly<Record<string, number>>
  /** Where its pods serve metrics. `guarded`: the port serves an admin API too, which asks for a token where brokers do. */
  readonly metrics?: { readonly port: string; readonly path: string; readonly guarded?: true }
  /** Who connects to it, besides scrapers and the clients of Elasticsearch. */
  readonly clients: readonly {
    readonly from: readonly (Tier | Outside)[]
    readonly ports: readonly string[]
    readonly why: string
  }[]
}

const metrics = { port: 'metrics', path: '/metrics' } as const
/** Pulsar's own web servers answer `/metrics` with a redirect. */
const jettyMetrics = { port: 'http', path: '/metrics/', guarded: true } as const
const monitoring = { port: 'monitoring', path: '/metrics' } as const
const console = 'the console shows every instance'
const elasticsearch = {
  ports: { http: 9200, transport: 9300, readiness: 9399 },
  clients: [
    {
      from: ['elasticsearch-master', 'elasticsearch-data', 'elasticsearch-warm'],
      ports: ['transport'],
      why: 'cluster',
    },
  ],
} as const

/**
 * What a tier is, once. From it come ports, NetworkPolicies, who is scraped and how, and the tables of docs/architecture.md; what
 * its pods ask of a cluster is in `sizesOf`.
 */
export const TIERS = {
  zookeeper: {
    keeps: 'metadata of Pulsar, on `data`',
    ports: { client: 2181, server: 2888, election: 3888, metrics: 8000 },
    metrics,
    clients: [
      { from: ['zookeeper'], ports: ['client', 'server', 'election'], why: 'ensemble' },
      { from: ['bookkeeper', 'autorecovery', 'broker'], ports: ['client'], why: 'metadata' },
      { from: ['set-up'], ports: ['client'], why: 'cluster metadata and racks' },
      { from: ['budget-keeper'], ports: ['client'], why: 'health of ZooKeeper and bookies' },
    ],
  },
  bookkeeper: {
    keeps: 'messages until they are acknowledged, on `journal` and `ledgers`',
    ports: { bookie: 3181, metrics: 8000 },
    metrics,
    clients: [
      { from: ['bookkeeper'], ports: ['bookie'], why: 'bookies ask each other' },
      { from: ['autorecovery'], ports: ['bookie'], why: 'copies ledgers' },
      { from: ['broker'], ports: ['bookie'], why: 'entries' },
      { from: ['set-up'], ports: ['bookie'], why: 'drains copy ledgers' },
    ],
  },
  autorecovery: { ports: { metrics: 8000 }, metrics, clients: [] },
  broker: {
    ports: { pulsar: 6650, http: 8080 },
    metrics: jettyMetrics,
    clients: [
      { from: ['broker'], ports: ['pulsar', 'http'], why: 'brokers ask each other' },
      { from: ['proxy'], ports: ['pulsar', 'http'], why: 'clients from outside' },
      { from: ['api'], ports: ['pulsar', 'http'], why: 'publishes' },
      { from: ['worker'], ports: ['pulsar', 'http'], why: 'consumes' },
      { from: ['set-up'], ports: ['pulsar', 'http'], why: 'topics' },
      { from: ['keda'], ports: ['http'], why: 'the backlog, by which KEDA scales workers' },
    ],
  },
  proxy: {
    ports: { pulsar: 6650, http: 8080 },
    metrics: jettyMetrics,
    clients: [{ from: ['anywhere'], ports: ['pulsar', 'http'], why: 'clients from outside' }],
  },
  'elasticsearch-master': { keeps: 'the state of the cluster, on `data`', ...elasticsearch },
  'elasticsearch-data': { keeps: 'events, sessions, profiles, on `data`', ...elasticsearch },
  'elasticsearch-warm': { keeps: 'older events, on `data`', ...elasticsearch },
  'elasticsearch-exporter': { ports: { metrics: 9114 }, metrics, clients: [] },
  'budget-keeper': { ports: {}, clients: [] },
  api: {
    ports: { public: 8585, private: 8686, monitoring: 9464 },
    metrics: monitoring,
    clients: [
      { from: ['api'], ports: ['monitoring'], why: console },
      { from: ['anywhere'], ports: ['public'], why: 'events' },
      { from: ['api'], ports: ['public'], why: 'events of the canary' },
      { from: ['operators'], ports: ['private'], why: 'console and queue' },
    ],
  },
  worker: {
    ports: { monitoring: 9464 },
    metrics: monitoring,
    clients: [{ from: ['api'], ports: ['monitoring'], why: console }],
  },
  'set-up': { ports: {}, clients: [] },
} as const satisfies Record<Tier, TierDescription>

/** The same, where any tier will do. */
export function tierOf(tier: Tier): TierDescription {
  return TIERS[tier]
}

/**
 * Those tiers that serve metrics to a scraper: brokers and proxies only where they ask for a token, because nobody is let to their
 * port otherwise.
 */
export function scrapedOf(tiers: readonly Tier[], authenticated: boolean): readonly Tier[] {
  return tiers.filter((tier) => {
    const served = tierOf(tier).metrics
    return served !== undefined && (authenticated || !served.guarded)
  })
}

/**
 * The tier of Elasticsearch that answers clients: the one that holds data. It does not depend on how many nodes there are. With the first
 * data node next to masters, nobody would answer until it runs, and what must happen before could not ask.
 */
export function searchTier(mastersHoldData: boolean): 'elasticsearch-master' | 'elasticsearch-data' {
  return mastersHoldData ? 'elasticsearch-master' : 'elasticsearch-data'
}
