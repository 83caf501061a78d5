import type { Config } from '../runtime/config.ts'
import { elasticsearchFacts } from './elasticsearch/facts.ts'
import type { SettledPlatform } from './platform-args.ts'
import { pulsarFacts } from './pulsar/facts.ts'
import { type Facts, type FactValues, facts } from './safety/facts.ts'

/** What the data of a platform depends on. Servers that are not of the platform have no facts. */
export function factsOf({
  site,
  createNamespace,
  settings,
  expireIndices,
  pulsar,
  elasticsearch,
}: SettledPlatform): Facts {
  return facts({
    'platform.namespace': site.namespace,
    'platform.createNamespace': createNamespace,
    'platform.clusterDomain': site.clusterDomain,
    ...runtimeFacts(settings, expireIndices),
    ...(pulsar ? pulsarFacts(pulsar, site) : {}),
    ...(elasticsearch ? elasticsearchFacts(elasticsearch, site) : {}),
  })
}

function runtimeFacts(runtime: Config, expireIndices: boolean): FactValues {
  // Without deletion, documents are kept forever.
  const expires = (days: number) => (expireIndices && days > 0 ? days : Number.POSITIVE_INFINITY)
  return {
    'runtime.PULSAR_PARTITIONS': runtime.pulsarPartitions,
    'runtime.PULSAR_RETENTION_HOURS': runtime.pulsarRetentionHours,
    'runtime.PULSAR_TENANT': runtime.pulsarTenant,
    'runtime.PULSAR_SYSTEM_NAMESPACE': runtime.pulsarNamespace,
    'runtime.PULSAR_FUNCTION_TOPIC': runtime.pulsarTopic,
    'runtime.PULSAR_SUBSCRIPTION': runtime.pulsarSubscription,
    'runtime.EVENT_PARTITIONING': runtime.eventPartitioning,
    'runtime.EVENT_RETENTION_DAYS': expires(runtime.eventRetentionDays),
    'runtime.SESSION_RETENTION_DAYS': expires(runtime.sessionRetentionDays),
    'runtime.PROFILE_RETENTION_DAYS': expires(runtime.profileRetentionDays),
  }
}
