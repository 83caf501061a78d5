import { cheapestCount, evenly, lossesOf, roundUp } from './capacity.ts'
import { DAY_SECONDS } from './demand.ts'
import { bytes, counted, figure, percent } from './figures.ts'
import { DEFAULT_PRICES, partsMonth } from './prices.ts'
import { type Derived, decidedBy, type Question } from './question.ts'

const GIB = 1024 ** 3
const HOUR_SECONDS = 3600

/** Bookies and their disks, and how much of them what Pulsar keeps may take. */
export function sizeBookies(question: Question): readonly Derived[] {
  const { shape, c, stated } = question
  const content = ledgerContent(question)
  const journal = sizeJournal(question)
  const replicas = sizeReplicas(question, content, journal.value)
  const count = stated['bookkeeper.replicas'] ?? replicas.value
  const ledgers = sizeLedgers(question, content, count)
  const ledgersGib = stated['bookkeeper.ledgersGib'] ?? ledgers.value
  const topicGib = topicGibOf(
    Math.max(1, count - spareBookies(shape)) * ledgersGib,
    shape.writeQuorum,
    c.bookieFillRatio,
  )
  return [replicas, journal, ledgers, sizeMemory(question, ledgersGib), sizeRetention(question, content, topicGib)]
}

/** One bookie more than the copies, so that ensembles are formed while one is down; except in a dev stack of one copy. */
function spareBookies({ zones, writeQuorum, floor }: Question['shape']): number {
  return zones === 1 && writeQuorum === 1 && floor.bookies <= 1 ? 0 : 1
}

export interface LedgerContent {
  /** Hours at peak rate in which as much arrives as Pulsar keeps of what is acknowledged. */
  readonly keptHours: number
  /** One copy of what Pulsar holds of the topic at the end of a backlog, as PULSAR_RETENTION_SIZE_GIB counts it. */
  readonly topicBytes: number
  /** All copies of what the bookies have of that, of what is about to be deleted, and of the dead letters. */
  readonly bytes: number
  /** Hours at peak rate that the bookies have, where the rest is in an object store. */
  readonly bookieHours: number | undefined
  readonly deadLetterBytes: number
}

/** What the ledgers hold at the end of a backlog. */
export function ledgerContent({ load, shape, c, demand }: Question): LedgerContent {
  const keptHours = keptPeakHours(shape.retentionHours, load.meanToPeak)
  const hourBytes = HOUR_SECONDS * demand.queuedBytesPerSecond
  const topicBytes = (load.backlogHours + keptHours) * hourBytes
  const deadLetterBytes = demand.deadLetterBytesPerSecond * c.deadLetterDays * DAY_SECONDS
  const bookieHours = offloadedAfter(shape, c, load.backlogHours + keptHours)
  const own = bookieHours === undefined ? topicBytes : bookieHours * hourBytes
  const all = own + c.ledgerTrimHours * hourBytes + deadLetterBytes
  return { keptHours, topicBytes, deadLetterBytes, bytes: all * shape.writeQuorum, bookieHours }
}

/** A ledger that is old enough is moved when the next one is closed, which may take as long as its own end did. */
function offloadedAfter({ offloadHours }: Question['shape'], c: Question['c'], allHours: number): number | undefined {
  return offloadHours === undefined ? undefined : Math.min(allHours, offloadHours + c.ledgerTrimHours)
}

/** A whole day has the mean rate; what is left of the hours may all be at peak. */
function keptPeakHours(hours: number, meanToPeak: number): number {
  return Math.min(hours, Math.ceil(hours / 24) * 24 * meanToPeak)
}

/** Bytes of ledger disk that one of `count` bookies needs, also after a loss. */
function ledgerDiskBytes({ load, shape, c }: Question, content: LedgerContent, count: number): number {
  const spare = Math.max(1, count - spareBookies(shape))
  // Without a spare bookie there is no other one that could hold the copies of a lost one.
  const losses = spareBookies(shape) === 0 ? [] : lossesOf(count, shape.writeQuorum, shape.zones, load, false)
  const afterLoss = losses.map(({ left, copies }) => {
    const remaking = content.bytes * (copies / shape.writeQuorum)
    return left < 1 ? 0 : remaking / left / c.bookieLossFillRatio
  })
  return Math.max(content.bytes / spare / c.bookieFillRatio, ...afterLoss)
}

function sizeReplicas(question: Question, content: LedgerContent, journalGib: number): Derived {
  const { load, shape, c, demand, stated } = question
  const { zones, writeQuorum, floor, cores } = shape
  const spare = spareBookies(shape)
  const copiedPerSecond = demand.queuedBytesPerSecond * writeQuorum
  const limit = Math.min(c.bookieBytesPerSecond, cores.bookie * c.bookieBytesPerSecondPerCore)
  const least = evenly(Math.max(1, floor.bookies, writeQuorum + spare), zones)
  const largest = (stated['bookkeeper.ledgersGib'] ?? c.maxLedgersGib) * GIB
  const holds = (count: number) => {
    const left = Math.min(...lossesOf(count, writeQuorum, zones, load, false).map((loss) => loss.left), count)
    return (
      copiedPerSecond <= (count - spare) * limit * c.targetUtilisation * (1 + 1e-9) &&
      copiedPerSecond <= Math.max(left, 1) * limit * c.lossUtilisation * (1 + 1e-9) &&
      ledgerDiskBytes(question, content, count) <= largest * (1 + 1e-9)
    )
  }
  const bound = Math.max(
    least,
    copiedPerSecond / (limit * c.targetUtilisation),
    content.bytes / largest / c.bookieFillRatio,
  )
  const value = cheapestCount(evenly(roundUp(bound), zones), zones, (count) => {
    const diskGib = stated['bookkeeper.ledgersGib'] ?? ledgerDiskBytes(question, content, count) / GIB
    if (!holds(count)) return undefined
    const pod = partsMonth(cores.bookie, memoryMibOf(question, diskGib) / 1024)
    return count * (pod + (journalGib + diskGib) * DEFAULT_PRICES.diskGibMonth)
  })
  const reason =
    `${figure(value)}: ${bytes(demand.queuedBytesPerSecond)}/s in ${counted(writeQuorum, 'copy', 'copies')} ask for ` +
    `${figure(roundUp(copiedPerSecond / (limit * c.targetUtilisation)))} at ${bytes(limit * c.targetUtilisation)}/s ` +
    `(${percent(c.targetUtilisation)} of ${bytes(limit)}/s); ${bytes(content.bytes)} on ledger disks of ` +
    `${figure(largest / GIB)} GiB at most; at least ${figure(least)} for ${counted(writeQuorum, 'copy', 'copies')} in ` +
    `${counted(zones, 'zone')}${spare === 1 ? ' with one to spare' : ''}, as many in each; the cheapest count that holds`
  const facts = {
    bytesPerSecond: demand.queuedBytesPerSecond,
    writeQuorum,
    zones,
    bytesPerSecondOfBookie: limit * c.targetUtilisation,
    ledgerBytes: content.bytes,
    least,
  }
  return {
    ...{ key: 'bookkeeper.replicas', value, unit: 'pods' },
    ...{ code: value > least ? 'cheapest' : 'smallest', facts, reason },
  }
}

/** Steps of a bookie's memory. */
const MEMORY_STEP_MIB = 256

/** Memory of a bookie with such a ledger disk, before rounding. */
function memoryMibOf({ c, shape }: Question, ledgersGib: number): number {
  return Math.max(shape.floor.bookieMemoryMib, c.bookieBaseMib + ledgersGib * c.bookieMibPerLedgersGib)
}

function sizeMemory(question: Question, ledgersGib: number): Derived {
  const { c, shape } = question
  const needed = roundUp((c.bookieBaseMib + ledgersGib * c.bookieMibPerLedgersGib) / MEMORY_STEP_MIB) * MEMORY_STEP_MIB
  const value = roundUp(memoryMibOf(question, ledgersGib) / MEMORY_STEP_MIB) * MEMORY_STEP_MIB
  const reason =
    `${figure(value)}: ${figure(c.bookieBaseMib)} of a bookie, and ${figure(c.bookieMibPerLedgersGib)} for each of ` +
    `${figure(ledgersGib)} GiB of ledgers; the environment starts at ${figure(shape.floor.bookieMemoryMib)}`
  return {
    ...{ key: 'bookkeeper.memoryMib', value, unit: 'MiB' },
    ...{ code: decidedBy(value, needed, 'environment'), facts: { ledgersGib, needed }, reason },
  }
}

/**
 * What a backlog and what is kept take together, so that a backlog does not shorten what is kept: as much as if nothing were
 * compressed, for there is no harm in a limit that is not reached. Where the disks are smaller, what fits these.
 */
function sizeRetention({ load, shape, demand }: Question, content: LedgerContent, topicGib: number): Derived {
  const fits = Math.floor(topicGib)
  const { writtenBytesPerSecond: written, queuedBytesPerSecond: queued } = demand
  const needed = roundUp((content.topicBytes * Math.max(1, written / queued)) / GIB)
  const isOffloaded = content.bookieHours !== undefined
  const value = Math.max(1, isOffloaded ? needed : Math.min(needed, fits))
  const room = isOffloaded
    ? 'the object store has the rest of it'
    : `the ledger disks have room for ${figure(fits)} GiB in ${counted(shape.writeQuorum, 'copy', 'copies')}`
  const reason =
    `${figure(value)}: ${counted(load.backlogHours, 'hour')} of backlog and ${counted(shape.retentionHours, 'hour')} of what is ` +
    `acknowledged, as much as ${figure(content.keptHours)} at peak, are ${bytes(content.topicBytes)} before copies; ${room}`
  const facts = {
    backlogHours: load.backlogHours,
    retentionHours: shape.retentionHours,
    keptPeakHours: content.keptHours,
    topicBytes: content.topicBytes,
    fitsGib: fits,
    needed,
  }
  return {
    ...{ key: 'runtime.PULSAR_RETENTION_SIZE_GIB', value, unit: 'GiB' },
    ...{ code: decidedBy(value, needed), facts, reason },
  }
}

/**
 * What disks hold of the topic before copies, so full as they may be.
 *
 * @param diskGib all disks, but those of spare bookies.
 */
export function topicGibOf(diskGib: number, writeQuorum: number, fillRatio: number): number {
  return (diskGib * fillRatio) / writeQuorum
}

function sizeJournal({ c }: Question): Derived {
  const gib = (c.journalFiles * c.journalFileMib) / 1024
  const value = Math.max(c.minDiskGib, roundUp(gib / c.journalFillRatio))
  const reason =
    `${figure(value)}: ${figure(c.journalFiles)} journal files of ${figure(c.journalFileMib)} MiB are ${figure(gib)} GiB, ` +
    `which fill ${percent(c.journalFillRatio)}, whatever the load`
  return { key: 'bookkeeper.journalGib', value, unit: 'GiB', code: 'fixed', facts: { journalsGib: gib }, reason }
}

function sizeLedgers(question: Question, content: LedgerContent, count: number): Derived {
  const { load, shape, c, demand } = question
  const needed = roundUp(ledgerDiskBytes(question, content, count) / GIB)
  const value = Math.max(c.minDiskGib, needed)
  const reason =
    `${figure(value)}: ${counted(load.backlogHours, 'hour')} of backlog, ${counted(shape.retentionHours, 'hour')} of what is ` +
    `acknowledged, as much as ${figure(content.keptHours)} at peak, ` +
    (content.bookieHours === undefined
      ? ''
      : `of which ${figure(content.bookieHours)} until ledgers are only in the object store, `) +
    `and ${figure(c.ledgerTrimHours)} until ledgers are deleted, of ${bytes(demand.queuedBytesPerSecond)}/s as compressed, and ${bytes(content.deadLetterBytes)} of dead letters, in ` +
    `${counted(shape.writeQuorum, 'copy', 'copies')} are ${bytes(content.bytes)} on ${counted(count, 'bookie')}, which fill ` +
    `${percent(c.bookieFillRatio)} with one down and ${percent(c.bookieLossFillRatio)} after the loss that is to be ` +
    `survived; never less than ${figure(c.minDiskGib)}`
  const facts = {
    backlogHours: load.backlogHours,
    retentionHours: shape.retentionHours,
    keptPeakHours: content.keptHours,
    ...(content.bookieHours === undefined ? {} : { bookieHours: content.bookieHours }),
    bytesPerSecond: demand.queuedBytesPerSecond,
    deadLetterBytes: content.deadLetterBytes,
    ledgerBytes: content.bytes,
    bookies: count,
    needed,
  }
  return { key: 'bookkeeper.ledgersGib', value, unit: 'GiB', code: decidedBy(value, needed), facts, reason }
}
