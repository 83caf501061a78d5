import type { Site } from '../kubernetes/site.ts'
import { shares } from '../kubernetes/zones.ts'
import { type FactValues, versionFact } from '../safety/facts.ts'
import type { SettledPulsar } from './pulsar.ts'

/** What the data of a Pulsar depends on. */
export function pulsarFacts(
  { clusterName, image, zookeeper: z, bookkeeper: b }: SettledPulsar,
  site: Pick<Site, 'zones' | 'storageClass'>,
): FactValues {
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
