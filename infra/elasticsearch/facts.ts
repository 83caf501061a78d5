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

/** What the data of an Elasticsearch depends on. */
export function elasticsearchFacts(e: SettledElasticsearch, site: Pick<Site, 'zones' | 'storageClass'>): FactValues {
  // The names that they have without a prefix: a fact says what there is, and not what it is called.
  const sets = nodeSets('elasticsearch', e, site).flatMap((set) => [
    [replicasFact('elasticsearch', set), set.share.replicas],
    [`elasticsearch.${set.tier}.diskGib`, set.diskGib],
  ])
  return {
    ...versionFact('elasticsearch', e.version),
    'elasticsearch.masterNodes': e.masterNodes,
    'elasticsearch.mastersHoldData': e.mastersHoldData,
    'elasticsearch.security': e.security,
    'elasticsearch.storageClass': e.storageClass || site.storageClass,
    ...(e.warmNodes > 0
      ? { 'elasticsearch.warmStorageClass': e.warmStorageClass || e.storageClass || site.storageClass }
      : {}),
    ...Object.fromEntries(sets),
  }
}
