import { FIRST_SET } from '../config/schema.ts'

/** The label that distinguishes the zones of a tier with one StatefulSet for each zone. */
const ZONE_LABEL = 'tracardi.com/zone'

/** The label that distinguishes the sets of a tier that exist next to each other. The first one has none. */
const SET_LABEL = 'tracardi.com/set'

/** The pods of a set of a tier that belong to one zone, or all of them where a stack has no zones. */
export interface ZoneShare {
  /** Zone, or nothing where the stack has none. */
  readonly zone?: string
  /** Set, or nothing where it is the first one. */
  readonly set?: string
  readonly replicas: number
}

/**
 * How many pods each zone gets: as even as can be, the first zones one more. With more pods no zone loses any.
 *
 * Bookies and nodes of Elasticsearch have one StatefulSet for each zone, so that the zone of a pod is known when it starts,
 * without a token of the API server: copies of ledgers and of shards are placed by it.
 */
export function shares(replicas: number, zones: readonly string[], set = FIRST_SET): readonly ZoneShare[] {
  return everyShare(replicas, zones, set).filter((share) => share.replicas > 0)
}

/**
 * The same, and those without pods. For a set that leaves: its StatefulSets stay until the stack no longer names it, so that what they
 * have is known and drained.
 */
export function everyShare(replicas: number, zones: readonly string[], set: string): readonly ZoneShare[] {
  const own = set === FIRST_SET ? {} : { set }
  if (zones.length === 0) return [{ ...own, replicas }]
  return zones.map((zone, index) => ({
    zone,
    ...own,
    replicas: Math.floor((replicas + zones.length - 1 - index) / zones.length),
  }))
}

/** Name of the StatefulSet of a share, where `name` is that of all of them. */
export function setName(name: string, { set, zone }: ZoneShare): string {
  return [name, set, zone].filter((part) => part !== undefined).join('-')
}

/** What distinguishes the pods of a share from the others of its tier. */
export function shareLabels({ set, zone }: ZoneShare): Record<string, string> {
  return { ...(zone === undefined ? {} : { [ZONE_LABEL]: zone }), ...(set === undefined ? {} : { [SET_LABEL]: set }) }
}
