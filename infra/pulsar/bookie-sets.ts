import type { GroupOf } from '../config/read.ts'
import type { Site } from '../kubernetes/site.ts'
import type { ClaimArgs } from '../kubernetes/stateful.ts'
import { everyShare, setName, shares, type ZoneShare } from '../kubernetes/zones.ts'

/** The sizes that decide which bookies there are. */
export type BookieSizes = Pick<
  GroupOf<'bookkeeper'>,
  | 'replicas'
  | 'set'
  | 'journalGib'
  | 'ledgersGib'
  | 'journalVolumes'
  | 'ledgerVolumes'
  | 'journalStorageClass'
  | 'ledgersStorageClass'
  | 'oldSet'
  | 'oldReplicas'
  | 'oldJournalGib'
  | 'oldLedgersGib'
  | 'oldJournalVolumes'
  | 'oldLedgerVolumes'
  | 'oldJournalStorageClass'
  | 'oldLedgersStorageClass'
>

/** A disk of one bookie. */
interface Disk {
  readonly gib: number
  /** Over how many volumes it is divided. */
  readonly volumes: number
  readonly storageClass: string
}

/** Bookies with the same disks, in one zone where the stack has zones. */
export interface BookieSet {
  /** Name of the StatefulSet. */
  readonly name: string
  readonly share: ZoneShare
  /** Whether another set takes over what it has, and it goes. */
  readonly leaves: boolean
  readonly journal: Disk
  readonly ledgers: Disk
}

/**
 * The sets of the bookies of this name, one for each zone, so that the rack of each bookie is known beforehand. A set that leaves is
 * next to the one that takes over its ledgers.
 */
export function bookieSets(name: string, b: BookieSizes, site: Pick<Site, 'zones'>): readonly BookieSet[] {
  const of = (disks: Pick<BookieSet, 'leaves' | 'journal' | 'ledgers'>) => (share: ZoneShare) => ({
    name: setName(name, share),
    share,
    ...disks,
  })
  const current = of({
    leaves: false,
    journal: { gib: b.journalGib, volumes: b.journalVolumes, storageClass: b.journalStorageClass },
    ledgers: { gib: b.ledgersGib, volumes: b.ledgerVolumes, storageClass: b.ledgersStorageClass },
  })
  const old = of({
    leaves: true,
    journal: { gib: b.oldJournalGib, volumes: b.oldJournalVolumes, storageClass: b.oldJournalStorageClass },
    ledgers: { gib: b.oldLedgersGib, volumes: b.oldLedgerVolumes, storageClass: b.oldLedgersStorageClass },
  })
  return [
    ...shares(b.replicas, site.zones, b.set).map(current),
    ...(b.oldSet === '' ? [] : everyShare(b.oldReplicas, site.zones, b.oldSet).map(old)),
  ]
}

/** The volumes of a bookie of a set. */
export function claimsOf({ journal, ledgers }: BookieSet): readonly ClaimArgs[] {
  return [...divided('journal', journal), ...divided('ledgers', ledgers)]
}

/** The first volume of a disk has the name that it has alone. */
function divided(kind: 'journal' | 'ledgers', { gib, volumes, storageClass }: Disk): readonly ClaimArgs[] {
  return Array.from({ length: volumes }, (_, at) => ({
    name: at === 0 ? kind : `${kind}${at}`,
    gib: Math.ceil(gib / volumes),
    storageClass,
  }))
}

/** Folders of a bookie on its volumes, each of which is mounted in a folder of its own name. */
export function directoriesOf(set: BookieSet, kind: 'journal' | 'ledgers', data: string): string {
  return divided(kind, set[kind])
    .map(({ name }) => `${data}/${name}/current`)
    .join(',')
}
