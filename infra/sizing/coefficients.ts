import { closestMatch } from 'leven'

/**
 * What one unit carries. A core is one core of a present-day server, busy with nothing else; rates are those of a unit at
 * its limit, of which the model uses `targetUtilisation`.
 */
export interface Coefficients {
  /** Part of its limit at which a unit is run at peak, over 0 to 1; the rest is for bursts and for the loss of a unit. */
  readonly targetUtilisation: number
  /** Bytes of the event for which the rates below hold; a longer event counts as proportionally more events. */
  readonly referenceEventBytes: number
  /** Bytes that the pipeline adds to each event: the action line, ids, source and times. */
  readonly overheadBytesPerEvent: number
  /** Documents of session and profile that each call writes besides its events. */
  readonly statesPerCall: number
  /** Bytes of one of them on the queue, with its action line. */
  readonly stateBytes: number
  /** Microseconds of a core for one call, whatever it carries. */
  readonly apiMicrosPerCall: number
  /** Microseconds of a core for each event of a call, from the socket to the receipt of the broker. */
  readonly apiMicrosPerEvent: number
  /** Documents a second that one worker of one core can hand on. */
  readonly eventsPerSecondPerWorker: number
  /** Milliseconds from sending a bulk to its answer. */
  readonly bulkMillis: number
  /** Bulks that one worker has in flight. */
  readonly bulksInFlight: number
  /** Messages a second, each taken once and delivered once, of one broker of two cores. */
  readonly messagesPerSecondPerBroker: number
  /** Bytes of such messages a second. */
  readonly brokerBytesPerSecond: number
  /** Bytes of entries that one bookie can take a second. */
  readonly bookieBytesPerSecond: number
  /** Hours for which acknowledged messages still fill a bookie's disk. */
  readonly ledgerTrimHours: number
  /** Part of a ledger disk that may fill, over 0 to 1. */
  readonly bookieFillRatio: number
  /** Largest ledger disk of one bookie; more data asks for more bookies. */
  readonly maxLedgersGib: number
  /** Size of one journal file. */
  readonly journalFileMib: number
  /** Maximum number of journal files: kept ones, the written one, and those not yet flushed to the ledgers. */
  readonly journalFiles: number
  /** Part of a journal disk that may fill, over 0 to 1. */
  readonly journalFillRatio: number
  /** Documents a second that one data node of two cores can index, replicas counted as documents. */
  readonly eventsPerSecondPerDataNode: number
  /** Bytes on disk for each byte of an event with its overhead, one copy. */
  readonly storedBytesPerEventByte: number
  /** Part of a data node's disk that may fill, over 0 to 1. */
  readonly diskFillRatio: number
  /** Largest disk of one data node; more data asks for more nodes. */
  readonly maxDataGib: number
  /** Gibibytes of disk for each gibibyte of a data node's memory, of which the heap is one half. */
  readonly diskPerMemory: number
  /** Least heap of a data node. */
  readonly minHeapGib: number
  /** Largest heap of a data node. */
  readonly maxHeapGib: number
  /** Indices for which a node needs one gibibyte of heap. */
  readonly indicesPerHeapGib: number
  /** Shards, replicas among them, that one data node may hold. */
  readonly maxShardsPerNode: number
  /** Bytes of a primary shard at the end of its period that are aimed at. */
  readonly targetShardBytes: number
  /** Least bytes of a primary shard, where not throughput asks for more shards. */
  readonly minShardBytes: number
  /** Most bytes of a primary shard. */
  readonly maxShardBytes: number
  /** Least disk that is asked for, whatever the load. */
  readonly minDiskGib: number
}

/**
 * The coefficients without a load test: conservative readings of our measurements (two cores shared by
 * load, Pulsar, API, worker and Elasticsearch) and of what the makers of the servers publish.
 */
export const DEFAULT_COEFFICIENTS: Coefficients = Object.freeze({
  // Three units of which one is lost leave the other two at 90 %.
  targetUtilisation: 0.6,
  // The documents of design.md §6 have 658 bytes.
  referenceEventBytes: 650,
  // Measured 345: the lines that `runtime/search/documents.ts` writes of an event of 644 bytes with all its ids.
  overheadBytesPerEvent: 350,
  // `runtime/api/compose.ts`: one of the session and one of the profile, unless a call says otherwise.
  statesPerCall: 2,
  // Estimate: as an event's overhead, with a little context.
  stateBytes: 400,
  // Measured 15-28 k events/s in calls of 50 with the whole pipeline on the same two cores; these two make 19 k for a
  // core. A call alone costs Fastify about 20 µs, socket, admission, two states and receipt the rest.
  apiMicrosPerCall: 600,
  apiMicrosPerEvent: 40,
  // Measured 2.2-2.8 µs of CPU an event, so 350 k/s; a tenth of it, for TLS and small messages.
  eventsPerSecondPerWorker: 35_000,
  // Measured 34-47 k docs/s in bulks of 500, two in flight, so 21-29 ms; twice that for replicas and the network.
  bulkMillis: 60,
  // BULK_CONCURRENCY.
  bulksInFlight: 2,
  // 10 k messages/s a core (apache/pulsar#14233: 80-90 k of 1 KB on 8 cores); half of that for two.
  messagesPerSecondPerBroker: 10_000,
  // Measured 4.2-4.5 k messages/s of 20 kB out, 6-7 k in, so 84 MB/s.
  brokerBytesPerSecond: 80_000_000,
  // Half of the 125 MB/s that cloud disks commonly give at least, as compaction and catching up read and write too.
  bookieBytesPerSecond: 60_000_000,
  // managedLedgerMaxLedgerRolloverTimeMinutes of the broker is 240; only closed ledgers are deleted.
  ledgerTrimHours: 4,
  // Well under diskUsageWarnThreshold 0.90 and diskUsageThreshold 0.95 of BookKeeper, where a bookie turns read-only.
  bookieFillRatio: 0.7,
  // The data of a lost bookie is copied: 4 TiB at 60 MB/s take 20 hours.
  maxLedgersGib: 4096,
  // journalMaxSizeMB of BookKeeper.
  journalFileMib: 2048,
  // journalMaxBackups of BookKeeper is 5; one is written, two wait for the flush (60 s at 60 MB/s are 3.6 GB).
  journalFiles: 8,
  journalFillRatio: 0.8,
  // Measured 34-47 k docs/s on two cores with everything in the page cache and no merge backlog; about a third of it.
  eventsPerSecondPerDataNode: 12_000,
  // Measured by `npm run bench -- --mapping`: events of random words, 1,010 bytes with the overhead, take 754 bytes each,
  // 742 when merged. With ELASTIC_INDEX_CODEC `default` 892, with ELASTIC_FLATTENED_DOC_VALUES in addition up to 1,408.
  storedBytesPerEventByte: 0.8,
  // Under cluster.routing.allocation.disk.watermark.low of Elasticsearch, 85 %, with room for merges.
  diskFillRatio: 0.75,
  // What the largest heap serves: 30 GiB × 2 × 30.
  maxDataGib: 1800,
  // Elastic's advice for hot nodes: a memory to disk ratio of 1:30.
  diskPerMemory: 30,
  // The heap with which Elasticsearch was measured, design.md §6.
  minHeapGib: 2,
  // Above it a JVM loses compressed object pointers, as Elastic's advice on heaps says.
  maxHeapGib: 31,
  // Elastic, "Size your shards": 1 GB of heap for each 3,000 indices, on masters; a data node may be one.
  indicesPerHeapGib: 3000,
  // cluster.max_shards_per_node of Elasticsearch is 1,000; a fifth is for sessions, profiles and what others keep there.
  maxShardsPerNode: 800,
  // Elastic, "Size your shards": between 10 GB and 50 GB.
  targetShardBytes: 30_000_000_000,
  minShardBytes: 10_000_000_000,
  maxShardBytes: 50_000_000_000,
  // An entry log of a bookie has 1 GiB, and Elasticsearch merges into new files before it deletes the old.
  minDiskGib: 10,
})

const RATIOS: readonly string[] = ['targetUtilisation', 'bookieFillRatio', 'journalFillRatio', 'diskFillRatio']

/**
 * Reads coefficients that were measured, over the default ones.
 *
 * @param value an object with any of the coefficients, each a positive number, ratios at most 1.
 * @throws Error that lists every fault with the value given and what is allowed.
 */
export function readCoefficients(value: unknown): Coefficients {
  if (!isObject(value)) {
    throw new Error(`the coefficients are ${shown(value)}; allowed: an object with any of ${known.join(', ')}`)
  }
  const faults = coefficientFaults(value)
  if (faults.length > 0) throw new Error(`the coefficients have faults:\n${faults.map((f) => `  - ${f}`).join('\n')}`)
  return Object.freeze({ ...DEFAULT_COEFFICIENTS, ...value })
}

/** What is wrong with coefficients that were given: each fault with the value given and what is allowed. */
export function coefficientFaults(given: Readonly<Record<string, unknown>>): readonly string[] {
  const faults = Object.entries(given).flatMap(([key, value]) => faultOf(key, value) ?? [])
  return faults.length > 0 ? faults : contradictions({ ...DEFAULT_COEFFICIENTS, ...given })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const known = Object.keys(DEFAULT_COEFFICIENTS)

function faultOf(key: string, given: unknown): string | undefined {
  if (!known.includes(key)) {
    const nearest = closestMatch(key, known, { maxDistance: Math.max(3, Math.ceil(key.length / 3)) })
    return `${key} is not a coefficient; ${nearest === undefined ? `known: ${known.join(', ')}` : `did you mean ${nearest}?`}`
  }
  const most = RATIOS.includes(key) ? 1 : Number.MAX_SAFE_INTEGER
  if (typeof given === 'number' && given > 0 && given <= most) return undefined
  return `${key} is ${shown(given)}; allowed: a number over 0${most === 1 ? ', at most 1' : ''}`
}

/** JSON, but for what has none: it would show NaN as null. */
function shown(given: unknown): string {
  return typeof given === 'number' ? String(given) : String(JSON.stringify(given))
}

function contradictions({ minShardBytes, targetShardBytes, maxShardBytes, minHeapGib, maxHeapGib }: Coefficients) {
  const faults: string[] = []
  if (minShardBytes > targetShardBytes || targetShardBytes > maxShardBytes) {
    faults.push(
      `minShardBytes is ${minShardBytes}, targetShardBytes ${targetShardBytes}, maxShardBytes ${maxShardBytes}; allowed: in ascending order`,
    )
  }
  if (minHeapGib > maxHeapGib) {
    faults.push(`minHeapGib is ${minHeapGib}, maxHeapGib ${maxHeapGib}; allowed: in ascending order`)
  }
  return faults
}
