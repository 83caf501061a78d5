import { leastPods, roundUp } from './capacity.ts'
import { bytes, figure, percent } from './figures.ts'
import { type Derived, decidedBy, type Question } from './question.ts'

/** The cores for which the coefficients of a broker are. */
const BROKER_CORES = 2

/** Brokers, by messages and by bytes. */
export function sizeBrokers(question: Question): Derived {
  const { load, shape, c, demand } = question
  const size = shape.cores.broker / BROKER_CORES
  const messages = c.messagesPerSecondPerBroker * size
  const throughput = c.brokerBytesPerSecond * size
  const limits = Math.max(demand.messagesPerSecond / messages, demand.queuedBytesPerSecond / throughput)
  const needed = leastPods(question, limits)
  const value = Math.max(shape.floor.brokers, needed)
  const lost = load.surviveNode || load.surviveZone ? ', also after the loss that it is to survive' : ''
  const reason =
    `${figure(value)}: ${figure(demand.messagesPerSecond)} messages/s of together ${bytes(demand.queuedBytesPerSecond)}/s; ` +
    `one broker of ${figure(shape.cores.broker)} cores carries ${figure(messages * c.targetUtilisation)} messages/s and ` +
    `${bytes(throughput * c.targetUtilisation)}/s at ${percent(c.targetUtilisation)}, so the load needs ${figure(needed)}${lost}` +
    (value > needed ? `; the environment starts at ${figure(value)}` : '')
  const facts = {
    messagesPerSecond: demand.messagesPerSecond,
    bytesPerSecond: demand.queuedBytesPerSecond,
    messagesPerSecondOfBroker: messages * c.targetUtilisation,
    bytesPerSecondOfBroker: throughput * c.targetUtilisation,
    needed,
  }
  return {
    ...{ key: 'broker.replicas', value, unit: 'pods' },
    ...{ code: decidedBy(value, needed, 'environment'), facts, reason },
  }
}

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
  const needed = roundUp((snapshots + logs) / GIB / FILL_RATIO)
  const value = Math.max(LEAST_GIB, needed)
  const reason =
    `${figure(value)}: ${SNAPSHOTS} snapshots of ${figure(ledgers)} ledgers are ${bytes(snapshots)}, as many logs of ` +
    `${figure(LOG_TRANSACTIONS)} transactions ${bytes(logs)}; half of the disk stays free; at least ${LEAST_GIB}`
  const facts = { ledgers, snapshotBytes: snapshots, logBytes: logs, needed }
  return { key: 'zookeeper.diskGib', value, unit: 'GiB', code: decidedBy(value, needed), facts, reason }
}
