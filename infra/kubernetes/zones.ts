/** The label that distinguishes the zones of a tier with one StatefulSet for each zone. */
export const ZONE_LABEL = 'tracardi.com/zone'

/** The pods of a tier that belong to one zone, or all of them where a stack has no zones. */
export interface ZoneShare {
  /** Zone, or nothing where the stack has none. */
  readonly zone?: string
  readonly replicas: number
}

/**
 * How many pods each zone gets: as even as can be, the first zones one more. With more pods no zone loses any.
 *
 * Bookies and nodes of Elasticsearch have one StatefulSet for each zone, so that the zone of a pod is known when it starts,
 * without a token of the API server: copies of ledgers and of shards are placed by it.
 */
export function shares(replicas: number, zones: readonly string[]): readonly ZoneShare[] {
  if (zones.length === 0) return replicas > 0 ? [{ replicas }] : []
  return zones
    .map((zone, index) => ({ zone, replicas: Math.floor((replicas + zones.length - 1 - index) / zones.length) }))
    .filter((share) => share.replicas > 0)
}

/** Name of the StatefulSet of a share, where `name` is that of all of them. */
export function setName(name: string, { zone }: ZoneShare): string {
  return zone === undefined ? name : `${name}-${zone}`
}
