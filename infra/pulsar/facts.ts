import type { Input } from '@pulumi/pulumi'
import type { GroupOf } from '../config/read.ts'
import type { Site } from '../kubernetes/site.ts'
import { setName, type ZoneShare } from '../kubernetes/zones.ts'
import { type FactValues, versionFact } from '../safety/facts.ts'
import { type BookieSet, type BookieSizes, bookieSets } from './bookie-sets.ts'
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

/** The key of the number of bookies of a share. */
export function bookiesFact({ set, zone }: ZoneShare): string {
  return `${keysOf(set)}.replicas${zone === undefined ? '' : `.${zone}`}`
}

/** Name of the set with that key, where `name` is that of all bookies. */
export function bookiesOfFact(name: string, key: string): string {
  const [, set, zone] = /^bookkeeper(?:\.([^.]+))?\.replicas(?:\.(.+))?$/.exec(key) ?? []
  return setName(name, {
    ...(set === undefined ? {} : { set }),
    ...(zone === undefined ? {} : { zone }),
    replicas: 0,
  })
}

function keysOf(set: string | undefined): string {
  return `bookkeeper${set === undefined ? '' : `.${set}`}`
}

function bookieFacts(
  { share, leaves, journal, ledgers }: BookieSet,
  { oldReplicas }: BookieSizes,
  site: Pick<Site, 'storageClass'>,
): readonly (readonly [string, string | number | boolean])[] {
  const keys = keysOf(share.set)
  return [
    [`${keys}.journalGib`, journal.gib],
    [`${keys}.ledgersGib`, ledgers.gib],
    [`${keys}.journalVolumes`, journal.volumes],
    [`${keys}.ledgerVolumes`, ledgers.volumes],
    [`${keys}.journalStorageClass`, journal.storageClass || site.storageClass],
    [`${keys}.ledgersStorageClass`, ledgers.storageClass || site.storageClass],
    [bookiesFact(share), share.replicas],
    ...(leaves && oldReplicas === 0 ? [[`${keys}.empty`, true] as const] : []),
  ]
}

/** What the data of a Pulsar depends on. */
export function pulsarFacts(
  { clusterName, version, zookeeper: z, bookkeeper: b, offload }: SettledPulsar,
  site: Pick<Site, 'zones' | 'storageClass'>,
): FactValues {
  const bookies = bookieSets('bookkeeper', b, site).flatMap((set) => bookieFacts(set, b, site))
  return {
    'pulsar.clusterName': clusterName,
    ...versionFact('pulsar', version),
    'zookeeper.replicas': z.replicas,
    'zookeeper.diskGib': z.diskGib,
    'zookeeper.storageClass': z.storageClass || site.storageClass,
    ...Object.fromEntries(bookies),
    ...offloadFacts(offload),
  }
}
