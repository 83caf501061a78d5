import type { Derived } from './derived.ts'
import { bytes, counted, figure, percent } from './figures.ts'
import type { Question } from './question.ts'
import { evenly, roundUp } from './rounding.ts'

const GIB = 1024 ** 3
const HOUR_SECONDS = 3600

/** Brokers, by messages and by bytes. */
export function sizeBrokers({ shape, c, demand }: Question): Derived {
  const messages = c.messagesPerSecondPerBroker * c.targetUtilisation
  const throughput = c.brokerBytesPerSecond * c.targetUtilisation
  const needed = roundUp(Math.max(demand.messagesPerSecond / messages, demand.queuedBytesPerSecond / throughput))
  // An environment that starts at two wants to lose one without a halt.
  const spare = shape.floor.brokers > 1 ? 1 : 0
  const value = Math.max(shape.floor.brokers, needed + spare)
  const reason =
    `${figure(value)}: ${figure(demand.messagesPerSecond)} messages/s of together ${bytes(demand.queuedBytesPerSecond)}/s; ` +
    `one broker carries ${figure(messages)} messages/s and ${bytes(throughput)}/s at ${percent(c.targetUtilisation)}, ` +
    `so the load needs ${figure(needed)}${spare === 1 ? ', and one more so that one may be lost' : ''}` +
    (value > needed + spare ? `; the environment starts at ${figure(value)}` : '')
  return { key: 'broker.replicas', value, unit: 'pods', reason }
}

/** Bookies and their disks, and how much of them what Pulsar keeps may take. */
export function sizeBookies(question: Question): readonly Derived[] {
  const { shape, c, demand, stated } = question
  const disk = ledgerDisk(question)
  const copiedPerSecond = demand.queuedBytesPerSecond * shape.writeQuorum
  const perBookie = c.bookieBytesPerSecond * c.targetUtilisation
  const largest = c.maxLedgersGib * GIB * c.bookieFillRatio
  const needed = Math.max(copiedPerSecond / perBookie, disk.bytes / largest)
  const { least, spare } = leastBookies(shape)
  const value = evenly(Math.max(least, roundUp(needed) + spare), shape.zones)
  const replicas: Derived = {
    key: 'bookkeeper.replicas',
    value,
    unit: 'pods',
    reason:
      `${figure(value)}: ${bytes(demand.queuedBytesPerSecond)}/s in ${counted(shape.writeQuorum, 'copy', 'copies')} ask for ` +
      `${figure(roundUp(copiedPerSecond / perBookie))} at ${bytes(perBookie)}/s (${percent(c.targetUtilisation)} of ` +
      `${bytes(c.bookieBytesPerSecond)}/s); a backlog and what is kept of ${bytes(disk.bytes)} ask for ` +
      `${figure(roundUp(disk.bytes / largest))} with disks of ${figure(c.maxLedgersGib)} GiB at most` +
      `${spare === 1 ? ', and one more may be down' : ''}; at least ${figure(least)} for ${counted(shape.writeQuorum, 'copy', 'copies')} in ` +
      `${counted(shape.zones, 'zone')}, as many in each`,
  }
  // By the exact need, not by the count it is rounded up to: a larger load never asks for smaller disks.
  const holders = holdersOf(stated['bookkeeper.replicas'], Math.max(least - spare, needed), spare)
  const ledgers = sizeLedgers(question, disk, holders)
  const ledgersGib = stated['bookkeeper.ledgersGib'] ?? ledgers.value
  return [replicas, sizeJournal(question), ledgers, sizeRetention(question, disk, ledgersGib * holders)]
}

function holdersOf(statedBookies: number | undefined, derived: number, spare: number): number {
  return statedBookies === undefined ? derived : Math.max(1, statedBookies - spare)
}

/** One bookie more than the copies, so that ensembles are formed while one is down; except in a dev stack of one copy. */
function leastBookies({ zones, writeQuorum, floor }: Question['shape']): { least: number; spare: number } {
  const spare = zones === 1 && writeQuorum === 1 && floor.bookies <= 1 ? 0 : 1
  return { least: evenly(Math.max(1, floor.bookies, writeQuorum + spare), zones), spare }
}

interface LedgerDisk {
  /** Hours at peak rate in which as much arrives as Pulsar keeps of what is acknowledged. */
  readonly keptHours: number
  /** One copy of what Pulsar holds of the topic at the end of such a backlog, as PULSAR_RETENTION_SIZE_GIB counts it. */
  readonly topicBytes: number
  /** All copies of that, and of what is about to be deleted. */
  readonly bytes: number
}

function ledgerDisk({ load, shape, c, demand }: Question): LedgerDisk {
  const keptHours = keptPeakHours(shape.retentionHours, load.meanToPeak)
  const hourBytes = HOUR_SECONDS * demand.queuedBytesPerSecond
  const hours = load.backlogHours + keptHours
  return {
    keptHours,
    topicBytes: hours * hourBytes,
    bytes: (hours + c.ledgerTrimHours) * hourBytes * shape.writeQuorum,
  }
}

/** The hours bring at most this many hours of peak rate, and at most what the days that they touch bring at mean rate. */
function keptPeakHours(hours: number, meanToPeak: number): number {
  return Math.min(hours, Math.ceil(hours / 24) * 24 * meanToPeak)
}

/**
 * What a backlog and what is kept take together, so that a backlog does not shorten what is kept. Where the stack states smaller
 * disks, what fits these.
 *
 * @param diskGib all disks, but those of spare bookies.
 */
function sizeRetention({ load, shape, c }: Question, disk: LedgerDisk, diskGib: number): Derived {
  const needed = roundUp(disk.topicBytes / GIB)
  const fits = Math.floor(topicGib(diskGib, shape.writeQuorum, c.bookieFillRatio))
  const value = Math.max(1, Math.min(needed, fits))
  const reason =
    `${figure(value)}: ${counted(load.backlogHours, 'hour')} of backlog and ${counted(shape.retentionHours, 'hour')} of what is ` +
    `acknowledged, as much as ${figure(disk.keptHours)} at peak, are ${bytes(disk.topicBytes)} before copies; ` +
    `the ledger disks have room for ${figure(fits)} GiB in ${counted(shape.writeQuorum, 'copy', 'copies')}`
  return { key: 'runtime.PULSAR_RETENTION_SIZE_GIB', value, unit: 'GiB', reason }
}

/** What disks hold of the topic before copies, so full as they may be. */
export function topicGib(diskGib: number, writeQuorum: number, fillRatio: number): number {
  return (diskGib * fillRatio) / writeQuorum
}

function sizeJournal({ c }: Question): Derived {
  const gib = (c.journalFiles * c.journalFileMib) / 1024
  const value = Math.max(c.minDiskGib, roundUp(gib / c.journalFillRatio))
  const reason =
    `${figure(value)}: ${figure(c.journalFiles)} journal files of ${figure(c.journalFileMib)} MiB are ${figure(gib)} GiB, ` +
    `which fill ${percent(c.journalFillRatio)}, whatever the load`
  return { key: 'bookkeeper.journalGib', value, unit: 'GiB', reason }
}

function sizeLedgers({ load, shape, c, demand }: Question, disk: LedgerDisk, holders: number): Derived {
  const value = Math.max(c.minDiskGib, roundUp(disk.bytes / holders / c.bookieFillRatio / GIB))
  const reason =
    `${figure(value)}: ${counted(load.backlogHours, 'hour')} of backlog, ${counted(shape.retentionHours, 'hour')} of what is ` +
    `acknowledged, as much as ${figure(disk.keptHours)} at peak, and ${figure(c.ledgerTrimHours)} until what is done ` +
    `with is deleted, of ${bytes(demand.queuedBytesPerSecond)}/s in ${counted(shape.writeQuorum, 'copy', 'copies')} are ` +
    `${bytes(disk.bytes)}, over ${counted(holders, 'bookie')} ${bytes(disk.bytes / holders)} each, ` +
    `which fill ${percent(c.bookieFillRatio)}; never less than ${figure(c.minDiskGib)}`
  return { key: 'bookkeeper.ledgersGib', value, unit: 'GiB', reason }
}
