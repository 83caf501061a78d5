import type { Derived } from './derived.ts'
import { bytes, figure } from './figures.ts'
import type { Question } from './question.ts'
import { roundUp } from './rounding.ts'

const GIB = 1024 ** 3
/** `autopurge.snapRetainCount` of `infra/pulsar/zookeeper.ts`, and the snapshot that is being written. */
const SNAPSHOTS = 6
/** `snapCount` of ZooKeeper: transactions of one log, of which there is one for each snapshot. */
const LOG_TRANSACTIONS = 100_000
/** Estimate: a ledger with its ensembles, or a load report of a broker. */
const TRANSACTION_BYTES = 4000
/** `managedLedgerMaxSizePerLedgerMbytes` of the broker: a ledger ends there, at the latest. */
const LEDGER_BYTES = 2_000_000_000
/** Part of the disk that may fill. */
const FILL_RATIO = 0.5
/** The default of `zookeeper.diskGib`. What a stack needs is far below, and a full disk stops all of Pulsar. */
const LEAST_GIB = 20

/**
 * Disk of one ZooKeeper node: snapshots of the metadata, and the logs between them.
 *
 * @param topicBytes one copy of what Pulsar keeps, which is in ledgers.
 */
export function sizeZooKeeper({ c, shape }: Question, topicBytes: number, partitions: number): Derived {
  // Each partition closes a ledger every few hours, and keeps it for as long as its messages.
  const byTime = partitions * Math.max(1, shape.retentionHours / c.ledgerTrimHours)
  const ledgers = Math.ceil(topicBytes / LEDGER_BYTES + byTime)
  const snapshots = SNAPSHOTS * ledgers * TRANSACTION_BYTES
  const logs = SNAPSHOTS * LOG_TRANSACTIONS * TRANSACTION_BYTES
  const value = Math.max(LEAST_GIB, roundUp((snapshots + logs) / GIB / FILL_RATIO))
  const reason =
    `${figure(value)}: ${SNAPSHOTS} snapshots of ${figure(ledgers)} ledgers are ${bytes(snapshots)}, as many logs of ` +
    `${figure(LOG_TRANSACTIONS)} transactions ${bytes(logs)}; half of the disk stays free; at least ${LEAST_GIB}`
  return { key: 'zookeeper.diskGib', value, unit: 'GiB', reason }
}
