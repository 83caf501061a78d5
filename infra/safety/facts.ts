import type { Config } from '../../runtime/config.ts'
import type { SettledElasticsearch } from '../elasticsearch/elasticsearch.ts'
import { nodeSets } from '../elasticsearch/node-sets.ts'
import type { Site } from '../kubernetes/site.ts'
import { shares } from '../kubernetes/zones.ts'
import type { SettledPulsar } from '../pulsar/pulsar.ts'

/** What a stack's data depends on, as texts by key. Two of them are compared before a change is made. */
export type Facts = Readonly<Record<string, string>>

type Values = Readonly<Record<string, string | number | boolean>>

type Place = Pick<Site, 'namespace' | 'zones' | 'storageClass'>

export interface FactsArgs {
  readonly site: Place
  readonly settings: Config
  /** Whether event indices are deleted by age. */
  readonly expireIndices: boolean
  /** Nothing where Pulsar is not of the program. */
  readonly pulsar?: SettledPulsar | undefined
  /** Nothing where Elasticsearch is not of the program. */
  readonly elasticsearch?: SettledElasticsearch | undefined
}

/** The facts of a platform. Servers that are not of the program have none. */
export function factsOf({ site, settings, expireIndices, pulsar, elasticsearch }: FactsArgs): Facts {
  const facts: Values = {
    'platform.namespace': site.namespace,
    ...runtimeFacts(settings, expireIndices),
    ...(pulsar ? pulsarFacts(pulsar, site) : {}),
    ...(elasticsearch ? searchFacts(elasticsearch, site) : {}),
  }
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, String(value)]))
}

function runtimeFacts(runtime: Config, expireIndices: boolean): Values {
  const { eventRetentionDays } = runtime
  const expires = expireIndices && eventRetentionDays > 0
  return {
    'runtime.PULSAR_PARTITIONS': runtime.pulsarPartitions,
    'runtime.PULSAR_RETENTION_HOURS': runtime.pulsarRetentionHours,
    'runtime.PULSAR_TENANT': runtime.pulsarTenant,
    'runtime.PULSAR_SYSTEM_NAMESPACE': runtime.pulsarNamespace,
    'runtime.PULSAR_FUNCTION_TOPIC': runtime.pulsarTopic,
    'runtime.PULSAR_SUBSCRIPTION': runtime.pulsarSubscription,
    'runtime.EVENT_RETENTION_DAYS': expires ? eventRetentionDays : Number.POSITIVE_INFINITY,
  }
}

/** The version that the tag of an image names. An image by digest alone names none, nor does one that is not known yet. */
function versionFact(server: string, image: unknown): Values {
  const version = typeof image === 'string' ? /:v?(\d+\.\d+\.\d+)[^/@]*(@|$)/.exec(image)?.[1] : undefined
  return version === undefined ? {} : { [`${server}.version`]: version }
}

function pulsarFacts({ clusterName, image, zookeeper: z, bookkeeper: b }: SettledPulsar, site: Place): Values {
  const bookies = shares(b.replicas, site.zones).map(({ zone, replicas }) => [
    `bookkeeper.replicas${zone ? `.${zone}` : ''}`,
    replicas,
  ])
  return {
    'pulsar.clusterName': clusterName,
    ...versionFact('pulsar', image),
    'zookeeper.replicas': z.replicas,
    'zookeeper.diskGib': z.diskGib,
    'zookeeper.storageClass': z.storageClass || site.storageClass,
    'bookkeeper.journalGib': b.journalGib,
    'bookkeeper.ledgersGib': b.ledgersGib,
    'bookkeeper.journalStorageClass': b.journalStorageClass || site.storageClass,
    'bookkeeper.ledgersStorageClass': b.ledgersStorageClass || site.storageClass,
    ...Object.fromEntries(bookies),
  }
}

function searchFacts(e: SettledElasticsearch, site: Place): Values {
  // The names that they have without a prefix: a fact says what there is, and not what it is called.
  const sets = nodeSets('elasticsearch', e, site).flatMap((set) => [
    [`elasticsearch.${set.name}.replicas`, set.share.replicas],
    [`elasticsearch.${set.tier}.diskGib`, set.diskGib],
  ])
  return {
    ...versionFact('elasticsearch', e.image),
    'elasticsearch.masterNodes': e.masterNodes,
    'elasticsearch.mastersHoldData': e.mastersHoldData,
    'elasticsearch.security': e.security,
    'elasticsearch.storageClass': e.storageClass || site.storageClass,
    ...Object.fromEntries(sets),
  }
}
