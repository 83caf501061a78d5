import type { Input } from '@pulumi/pulumi'
import type { GroupOf } from '../config/read.ts'
import type { Site } from '../kubernetes/site.ts'
import { shares } from '../kubernetes/zones.ts'
import { type FactValues, versionFact } from '../safety/facts.ts'
import { offloadFacts } from './offload.ts'

/** Pulsar with every number settled. */
export interface SettledPulsar extends Omit<GroupOf<'pulsar'>, 'serviceUrl' | 'adminUrl'> {
  readonly image: Input<string>
  readonly zookeeper: GroupOf<'zookeeper'>
  readonly bookkeeper: GroupOf<'bookkeeper'>
  readonly autorecovery: GroupOf<'autorecovery'>
  readonly broker: GroupOf<'broker'>
  readonly proxy: GroupOf<'proxy'>
  readonly offload: GroupOf<'offload'>
}

/** What the data of a Pulsar depends on. */
export function pulsarFacts(
  { clusterName, version, zookeeper: z, bookkeeper: b, offload }: SettledPulsar,
  site: Pick<Site, 'zones' | 'storageClass'>,
): FactValues {
  const bookies = shares(b.replicas, site.zones).map(({ zone, replicas }) => [
    `bookkeeper.replicas${zone ? `.${zone}` : ''}`,
    replicas,
  ])
  return {
    'pulsar.clusterName': clusterName,
    ...versionFact('pulsar', version),
    'zookeeper.replicas': z.replicas,
    'zookeeper.diskGib': z.diskGib,
    'zookeeper.storageClass': z.storageClass || site.storageClass,
    'bookkeeper.journalGib': b.journalGib,
    'bookkeeper.ledgersGib': b.ledgersGib,
    'bookkeeper.journalStorageClass': b.journalStorageClass || site.storageClass,
    'bookkeeper.ledgersStorageClass': b.ledgersStorageClass || site.storageClass,
    ...Object.fromEntries(bookies),
    ...offloadFacts(offload),
  }
}
