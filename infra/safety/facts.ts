import type { Plan } from '../config/plan.ts'
import { nodeSets } from '../elasticsearch/node-sets.ts'
import type { Site } from '../kubernetes/site.ts'
import { shares } from '../kubernetes/zones.ts'

/** What a stack's data depends on, as texts by key. Two of them are compared before a change is made. */
export type Facts = Readonly<Record<string, string>>

type Values = Readonly<Record<string, string | number | boolean>>

/** The facts of a plan. Servers that are not of the stack have none. */
export function factsOf(plan: Plan, site: Site): Facts {
  const facts: Values = {
    'platform.namespace': plan.platform.namespace,
    ...runtimeFacts(plan),
    ...(plan.pulsar.serviceUrl === '' ? pulsarFacts(plan, site) : {}),
    ...(plan.elasticsearch.url === '' ? searchFacts(plan, site) : {}),
  }
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, String(value)]))
}

function runtimeFacts({ runtime, elasticsearch }: Plan): Values {
  const { eventRetentionDays } = runtime
  const expires = elasticsearch.expireIndices && eventRetentionDays > 0
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

/** The version that the tag of an image names. An image by digest alone names none. */
function versionFact(server: string, image: string): Values {
  const version = /:v?(\d+\.\d+\.\d+)[^/@]*(@|$)/.exec(image)?.[1]
  return version === undefined ? {} : { [`${server}.version`]: version }
}

function pulsarFacts({ pulsar, images, zookeeper: z, bookkeeper: b }: Plan, site: Site): Values {
  const bookies = shares(b.replicas, site.zones).map(({ zone, replicas }) => [
    `bookkeeper.replicas${zone ? `.${zone}` : ''}`,
    replicas,
  ])
  return {
    'pulsar.clusterName': pulsar.clusterName,
    ...versionFact('pulsar', images.pulsar),
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

function searchFacts(plan: Plan, site: Site): Values {
  const { elasticsearch: e } = plan
  const sets = nodeSets(plan, site).flatMap((set) => [
    [`elasticsearch.${set.name}.replicas`, set.share.replicas],
    [`elasticsearch.${set.tier}.diskGib`, set.diskGib],
  ])
  return {
    ...versionFact('elasticsearch', plan.images.elasticsearch),
    'elasticsearch.masterNodes': e.masterNodes,
    'elasticsearch.mastersHoldData': e.mastersHoldData,
    'elasticsearch.security': e.security,
    'elasticsearch.storageClass': e.storageClass || site.storageClass,
    ...Object.fromEntries(sets),
  }
}
