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
  | 'journalStorageClass'
  | 'ledgersStorageClass'
  | 'oldSet'
  | 'oldReplicas'
  | 'oldJournalGib'
  | 'oldLedgersGib'
  | 'oldJournalStorageClass'
  | 'oldLedgersStorageClass'
>

/** Bookies with the same disks, in one zone where the stack has zones. */
export interface BookieSet {
  /** Name of the StatefulSet. */
  readonly name: string
  readonly share: ZoneShare
  /** Whether another set takes over what it has, and it goes. */
  readonly leaves: boolean
  readonly claims: readonly [journal: ClaimArgs, ledgers: ClaimArgs]
}

/**
 * The sets of the bookies of this name, one for each zone, so that the rack of each bookie is known beforehand. A set that leaves is
 * next to the one that takes over its ledgers.
 */
export function bookieSets(name: string, b: BookieSizes, site: Pick<Site, 'zones'>): readonly BookieSet[] {
  const of = (leaves: boolean, claims: BookieSet['claims']) => (share: ZoneShare) => ({
    name: setName(name, share),
    share,
    leaves,
    claims,
  })
  const current = of(false, [
    { name: 'journal', gib: b.journalGib, storageClass: b.journalStorageClass },
    { name: 'ledgers', gib: b.ledgersGib, storageClass: b.ledgersStorageClass },
  ])
  const old = of(true, [
    { name: 'journal', gib: b.oldJournalGib, storageClass: b.oldJournalStorageClass },
    { name: 'ledgers', gib: b.oldLedgersGib, storageClass: b.oldLedgersStorageClass },
  ])
  return [
    ...shares(b.replicas, site.zones, b.set).map(current),
    ...(b.oldSet === '' ? [] : everyShare(b.oldReplicas, site.zones, b.oldSet).map(old)),
  ]
}
