import { topicPath } from '../names.ts'
import { type AdminHttp, LOOKUP, readable, refused } from './admin-http.ts'

/** Tenants, namespaces and their bundles, and the brokers that serve them. */
export interface ClusterAdmin {
  clusters(): Promise<readonly string[]>
  hasTenant(tenant: string): Promise<boolean>
  createTenant(tenant: string, clusters: readonly string[]): Promise<void>
  hasNamespace(namespace: string): Promise<boolean>
  createNamespace(namespace: string, bundles: number): Promise<void>
  /** The hash ranges of the bundles of a namespace, `0x00000000_0x40000000`, in their order. */
  bundles(namespace: string): Promise<readonly string[]>
  /** Cuts a bundle into two halves of its hash range. Both stay with their broker. */
  splitBundle(namespace: string, range: string): Promise<void>
  /** Has a broker close the topics of a bundle; another one opens them for the next client that asks. */
  moveBundle(namespace: string, range: string, broker: string): Promise<void>
  /** The running brokers, as `host:port` of their admin API; `undefined` if the token may not read them. */
  brokers(): Promise<readonly string[] | undefined>
  /** In which bundle a partition is, and which broker serves it, as `brokers` names it. One that nobody serves gets a broker. */
  placeOf(partition: string): Promise<Place>
}

export interface Place {
  /** Hash range of the bundle. */
  readonly range: string
  readonly broker: string
}

interface BundlesData {
  /** Where one bundle ends and the next one begins, with the begin of the first and the end of the last. */
  readonly boundaries: readonly string[]
}

export function clusterAdmin(http: AdminHttp): ClusterAdmin {
  return {
    clusters: async () => (await http.read<string[]>('clusters')) ?? [],
    hasTenant: async (tenant) => (await http.read(`tenants/${encodeURIComponent(tenant)}`)) !== undefined,
    createTenant: (tenant, clusters) =>
      http.ensure('PUT', `tenants/${encodeURIComponent(tenant)}`, { allowedClusters: clusters, adminRoles: [] }),
    hasNamespace: async (namespace) => (await http.read(`namespaces/${namespace}`)) !== undefined,
    createNamespace: (namespace, bundles) =>
      http.ensure('PUT', `namespaces/${namespace}`, { bundles: { numBundles: bundles } }),
    bundles: async (namespace) => {
      const { boundaries = [] } = (await http.read<BundlesData>(`namespaces/${namespace}/bundles`)) ?? {}
      return boundaries.slice(1).map((end, index) => `${boundaries[index]}_${end}`)
    },
    splitBundle: (namespace, range) =>
      http.ensure('PUT', `namespaces/${namespace}/${range}/split?unload=false&splitAlgorithmName=range_equally_divide`),
    moveBundle: (namespace, range, broker) =>
      http.ensure('PUT', `namespaces/${namespace}/${range}/unload?destinationBroker=${encodeURIComponent(broker)}`),
    brokers: () => readable(async () => (await http.read<string[]>('brokers')) ?? []),
    placeOf: async (partition) => {
      const path = `${LOOKUP}${topicPath(partition)}`
      const found = await http.read<{ httpUrl?: string; httpUrlTls?: string }>(path)
      const bundle = await http.call('GET', `${path}/bundle`)
      const url = found?.httpUrl ?? found?.httpUrlTls
      if (url === undefined || bundle.status >= 300) throw refused('GET', path, bundle)
      return { range: bundle.text, broker: new URL(url).host }
    },
  }
}
