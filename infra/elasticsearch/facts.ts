import type { Input } from '@pulumi/pulumi'
import type { Site } from '../kubernetes/site.ts'
import { type FactValues, versionFact } from '../safety/facts.ts'
import { type ElasticsearchSizes, type NodeSet, nodeSets } from './node-sets.ts'

/** Elasticsearch with every number settled. */
export interface SettledElasticsearch extends ElasticsearchSizes {
  readonly image: Input<string>
}

/** The key of the number of nodes of a set, where `name` is that of the cluster. */
export function replicasFact(name: string, set: Pick<NodeSet, 'name'>): string {
  return `elasticsearch.elasticsearch${set.name.slice(name.length)}.replicas`
}

/** Name of the set with this key. */
export function setOfFact(name: string, key: string): string {
  return key.replace(/^elasticsearch\.elasticsearch(.*)\.replicas$/, `${name}$1`)
}

/** What the keys of the volumes of a set begin with, in all zones. */
function volumesKey({ tier, share: { set } }: NodeSet): string {
  return `elasticsearch.${tier}${set === undefined ? '' : `-${set}`}`
}

/** What the data of an Elasticsearch depends on. */
export function elasticsearchFacts(e: SettledElasticsearch, site: Pick<Site, 'zones' | 'storageClass'>): FactValues {
  // The names that they have without a prefix: a fact says what there is, and not what it is called.
  const sets = nodeSets('elasticsearch', e, site)
  const replicas = sets.map((set) => [replicasFact('elasticsearch', set), set.share.replicas])
  const disks = sets.map((set) => [`${volumesKey(set)}.diskGib`, set.diskGib])
  // Those of masters and of warm nodes have keys of their own, which they had before there were several sets.
  const classes = sets
    .filter(({ tier }) => tier === 'elasticsearch-data')
    .map((set) => [`${volumesKey(set)}.storageClass`, set.storageClass || site.storageClass])
  const empty = sets
    .filter(({ leaves }) => leaves && e.oldDataNodes === 0)
    .map((set) => [`${volumesKey(set)}.empty`, true])
  return {
    ...versionFact('elasticsearch', e.version),
    'elasticsearch.masterNodes': e.masterNodes,
    'elasticsearch.mastersHoldData': e.mastersHoldData,
    'elasticsearch.security': e.security,
    ...(e.security
      ? {
          'elasticsearch.passwordGeneration': e.passwordGeneration,
          'elasticsearch.adminPasswordGeneration': e.adminPasswordGeneration,
        }
      : {}),
    'elasticsearch.storageClass': e.storageClass || site.storageClass,
    ...(e.warmNodes > 0
      ? { 'elasticsearch.warmStorageClass': e.warmStorageClass || e.storageClass || site.storageClass }
      : {}),
    ...Object.fromEntries([...replicas, ...disks, ...classes, ...empty]),
  }
}
