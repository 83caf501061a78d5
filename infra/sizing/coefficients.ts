import { closestMatch } from 'leven'

/**
 * What one unit carries. A core is one core of a present-day server, busy with nothing else; rates are those of a unit at
 * its limit, of which the model uses `targetUtilisation`.
 */
export interface Coefficients {
  /** Part of its limit at which a unit is run at peak, over 0 to 1; the rest is for bursts. */
  readonly targetUtilisation: number
  /** Part of its limit at which a unit is run at peak after the loss that the stack is to survive, over 0 to 1. */
  readonly lossUtilisation: number
  /** Bytes of the event for which the rates below hold. */
  readonly referenceEventBytes: number
  /** Bytes that the pipeline adds to each event: the action line, ids, source and times. */
  readonly overheadBytesPerEvent: number
  /** Documents of session and profile that each call writes besides its events. */
  readonly statesPerCall: number
  /** Bytes of one of them on the queue, with its action line. */
  readonly stateBytes: number
  /** Bytes of a message as it is sent and kept for each byte of it, where it holds many events; 1 for no compression. */
  readonly queuedBytesPerByte: number
  /** The same for a message of one event, at least `queuedBytesPerByte`: what repeats is compressed. */
  readonly queuedBytesPerByteAlone: number
  /** Part of the events that end in the dead-letter topic, over 0 to 1. */
  readonly deadLetterRatio: number
  /** Days until an operator has handled a dead letter. */
  readonly deadLetterDays: number
  /** Microseconds of a core for one call, whatever it carries. */
  readonly apiMicrosPerCall: number
  /** Microseconds of a core for each event of a call, from the socket to the receipt of the broker. */
  readonly apiMicrosPerEvent: number
  /** Bytes that cost the API as much as an event does without its bytes. */
  readonly apiEventBaseBytes: number
  /** Events a second that one worker of one core can hand on. */
  readonly eventsPerSecondPerWorker: number
  /** Bytes that cost a worker as much as an event does without its bytes. */
  readonly workerEventBaseBytes: number
  /** Events that cost a worker as much as a call does without its events: its message, session and profile. */
  readonly workerEventsPerCall: number
  /** Milliseconds from sending a bulk to its answer. */
  readonly bulkMillis: number
  /** Bulks that one worker has in flight. */
  readonly bulksInFlight: number
  /** Messages a second, each taken once and delivered once, of one broker of two cores. */
  readonly messagesPerSecondPerBroker: number
  /** Bytes of such messages a second. */
  readonly brokerBytesPerSecond: number
  /** Bytes of entries that the disks of one bookie can take a second. */
  readonly bookieBytesPerSecond: number
  /** Bytes of entries that one core of a bookie can take a second. */
  readonly bookieBytesPerSecondPerCore: number
  /** Hours for which acknowledged messages still fill a bookie's disk. */
  readonly ledgerTrimHours: number
  /** Part of a ledger disk that may fill, over 0 to 1. */
  readonly bookieFillRatio: number
  /** The same after the loss that the stack is to survive, when all copies are made again. */
  readonly bookieLossFillRatio: number
  /** Largest ledger disk of one bookie; more data asks for more bookies. */
  readonly maxLedgersGib: number
  /** Memory of a bookie without its ledgers. */
  readonly bookieBaseMib: number
  /** Mebibytes of memory for each gibibyte of ledger disk: caches of where entries are, and of entries. */
  readonly bookieMibPerLedgersGib: number
  /** Size of one journal file. */
  readonly journalFileMib: number
  /** Maximum number of journal files: kept ones, the written one, and those not yet flushed to the ledgers. */
  readonly journalFiles: number
  /** Part of a journal disk that may fill, over 0 to 1. */
  readonly journalFillRatio: number
  /** Cores that a data node uses as soon as it indexes, however little. */
  readonly dataNodeBaseCores: number
  /** Events a second that one data node of two cores can index in addition, replicas counted as events. */
  readonly eventsPerSecondPerDataNode: number
  /** Bytes that cost a data node as much as an event does without its bytes. */
  readonly dataNodeEventBaseBytes: number
  /** Events that cost a data node as much as the session and the profile of a call. */
  readonly dataNodeEventsPerCall: number
  /** Bytes on disk for each byte of an event with its overhead, one copy. */
  readonly storedBytesPerEventByte: number
  /** Part of the documents of sessions and profiles that is not the deleted version of another one, over 0 to 1. */
  readonly liveDocumentsRatio: number
  /** Documents a second that the nightly expiry deletes. */
  readonly deletesPerSecond: number
  /** Searches a second that one core of a data node answers, in addition to indexing. */
  readonly queriesPerSecondPerCore: number
  /** Part of a data node's disk that may fill, over 0 to 1. */
  readonly diskFillRatio: number
  /** Fill of the average node divided by that of the fullest one, above 0 and at most 1: shards are not split to fit. */
  readonly balanceRatio: number
  /** Largest disk of one data node; more data asks for more nodes. */
  readonly maxDataGib: number
  /** Gibibytes of disk with hot data for each gibibyte of a data node's memory, of which the heap is one half. */
  readonly diskPerMemory: number
  /** The same for data older than `load.hotDays`. */
  readonly oldDiskPerMemory: number
  /** Least cores of a data node. */
  readonly minDataCores: number
  /** Most cores of a data node; more load asks for more nodes. */
  readonly maxDataCores: number
  /** Gibibytes of memory for each core of the leanest machines. */
  readonly memoryPerCore: number
  /** Heap that a data node takes without any data. */
  readonly emptyHeapGib: number
  /** Least heap of a data node. */
  readonly minHeapGib: number
  /** Largest heap of a data node. */
  readonly maxHeapGib: number
  /** Indices for which a node needs one gibibyte of heap. */
  readonly indicesPerHeapGib: number
  /** Shards, replicas among them, for which a master needs one gibibyte of heap. */
  readonly shardsPerMasterHeapGib: number
  /** Data nodes for which a master needs one gibibyte of heap. */
  readonly nodesPerMasterHeapGib: number
  /** Data nodes, more of which one cluster should not have. */
  readonly maxClusterNodes: number
  /** Shards, replicas among them, that one data node may hold. */
  readonly maxShardsPerNode: number
  /** Bytes of a primary shard at the end of its period that are aimed at. */
  readonly targetShardBytes: number
  /** Minimum size of a primary shard in bytes, where not throughput asks for more shards. */
  readonly minShardBytes: number
  /** Maximum size of a primary shard in bytes. */
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
  lossUtilisation: 0.9,
  // The documents of design.md §6 have 658 bytes.
  referenceEventBytes: 650,
  // Measured 345: the lines that `runtime/search/documents.ts` writes of an event of 644 bytes with all its ids.
  overheadBytesPerEvent: 350,
  // `runtime/api/compose.ts`: one of the session and one of the profile, unless a call says otherwise.
  statesPerCall: 2,
  // Estimate: as an event's overhead, with a little context.
  stateBytes: 400,
  // Measured with LZ4 (docs/adr/0011) of words at random: 0.65 for one event, 0.41 for 5, 0.35 for 10, 0.27 for 100; events that
  // repeat their texts take half of it. A fifth to a half is added, also for what Pulsar writes around a message.
  queuedBytesPerByte: 0.4,
  queuedBytesPerByteAlone: 0.8,
  // Estimate: one faulty sender among a thousand events.
  deadLetterRatio: 0.001,
  // Estimate: a month until somebody has looked.
  deadLetterDays: 30,
  // Twice what the bench measured on a quiet core, 89 µs a call and 16.6 µs an event: TLS, larger bodies, slower cores.
  apiMicrosPerCall: 200,
  apiMicrosPerEvent: 35,
  // Measured: an event of 2,039 bytes costs 2.7 times one of 594.
  apiEventBaseBytes: 300,
  // Measured 2.2-2.8 µs of CPU an event, so 350 k/s; a tenth of it, for TLS and small messages.
  eventsPerSecondPerWorker: 35_000,
  // Measured: 2.3 to 2.6 times.
  workerEventBaseBytes: 400,
  // Measured by calls of 1 and of 50 events: 4.4 at 2,000 calls/s, 9 at 1,000 of which each is received alone.
  workerEventsPerCall: 5,
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
  // Estimate: a core checks, writes and indexes entries of about 20 kB.
  bookieBytesPerSecondPerCore: 120_000_000,
  // managedLedgerMaxLedgerRolloverTimeMinutes of the broker is 240; only closed ledgers are deleted.
  ledgerTrimHours: 4,
  // Well under diskUsageWarnThreshold 0.90 and diskUsageThreshold 0.95 of BookKeeper, where a bookie turns read-only.
  bookieFillRatio: 0.7,
  // At diskUsageWarnThreshold: still writable.
  bookieLossFillRatio: 0.9,
  // The data of a lost bookie is copied: 4 TiB at 60 MB/s take 20 hours.
  maxLedgersGib: 4096,
  // Estimates: heap and buffers of a bookie, and a gibibyte for each tebibyte. With less memory it flushes and reads its disk more.
  bookieBaseMib: 1024,
  bookieMibPerLedgersGib: 1,
  // journalMaxSizeMB of BookKeeper.
  journalFileMib: 2048,
  // journalMaxBackups of BookKeeper is 5; one is written, two wait for the flush (60 s at 60 MB/s are 3.6 GB).
  journalFiles: 8,
  journalFillRatio: 0.8,
  // Measured: 250 µs an event at 1,000 events/s, 151 at 3,000. Refreshes, merges and the watching of itself take it.
  dataNodeBaseCores: 0.15,
  // Measured 34-47 k docs/s on two cores with everything in the page cache and no merge backlog; about a third of it.
  eventsPerSecondPerDataNode: 12_000,
  // Measured: 2.8 times.
  dataNodeEventBaseBytes: 210,
  // Measured by calls of 1 and of 50 events: 0.5 and 0.7. States are merged before they are written.
  dataNodeEventsPerCall: 0.7,
  // Estimate: a search of a dashboard takes 50 ms of a core.
  queriesPerSecondPerCore: 20,
  // Measured by `npm run bench -- --mapping`: events of random words, 1,010 bytes with the overhead, take 754 bytes each,
  // 742 when merged. With ELASTIC_INDEX_CODEC `default` 892, with ELASTIC_FLATTENED_DOC_VALUES in addition up to 1,408.
  storedBytesPerEventByte: 0.8,
  // index.merge.policy.deletes_pct_allowed of Elasticsearch is 20: each call writes its session and profile again.
  liveDocumentsRatio: 0.8,
  // Measured 34,000/s on two cores, one copy; a third of it.
  deletesPerSecond: 10_000,
  // Under cluster.routing.allocation.disk.watermark.low of Elasticsearch, 85 %, with room for merges.
  diskFillRatio: 0.75,
  // Estimate: a node of 4 TiB holds some hundred shards of 30 GB, so that one more or less is a percent.
  balanceRatio: 0.95,
  // A lost node's shards are made again at 40 MB/s a node (indices.recovery.max_bytes_per_sec): six nodes take 5 hours.
  maxDataGib: 4096,
  // Elastic's AutoOps: memory to disk 1:30 for hot data, 1:160 for warm data.
  diskPerMemory: 30,
  oldDiskPerMemory: 160,
  // A node that also merges and answers searches; with less it starts slowly.
  minDataCores: 1,
  // Larger machines than 16 cores and 128 GiB bring nothing: the heap ends at 31 GiB.
  maxDataCores: 16,
  // The memory-rich families of all large clouds.
  memoryPerCore: 8,
  // Estimate: an empty Elasticsearch 9 uses about 300 MB after a collection, and collections need space.
  emptyHeapGib: 1,
  // The heap with which Elasticsearch was measured, design.md §6.
  minHeapGib: 2,
  // Above it a JVM loses compressed object pointers, as Elastic's advice on heaps says.
  maxHeapGib: 31,
  // Elastic, "Size your shards": 1 GB of heap for each 3,000 indices, on masters; data nodes keep the same cluster state.
  indicesPerHeapGib: 3000,
  // Estimates: a master of 1 GiB heap is enough for about 4,000 shards on 60 nodes.
  shardsPerMasterHeapGib: 4000,
  nodesPerMasterHeapGib: 60,
  // Estimate: beyond it cluster states and rolling restarts take hours; Elastic advises several clusters.
  maxClusterNodes: 100,
  // cluster.max_shards_per_node of Elasticsearch is 1,000; a fifth is for sessions, profiles and what others keep there.
  maxShardsPerNode: 800,
  // Elastic, "Size your shards": between 10 GB and 50 GB.
  targetShardBytes: 30_000_000_000,
  minShardBytes: 10_000_000_000,
  maxShardBytes: 50_000_000_000,
  // An entry log of a bookie has 1 GiB, and Elasticsearch merges into new files before it deletes the old.
  minDiskGib: 10,
})

const RATIOS: readonly string[] = [
  ...['targetUtilisation', 'lossUtilisation', 'deadLetterRatio', 'bookieFillRatio', 'bookieLossFillRatio'],
  ...['journalFillRatio', 'diskFillRatio', 'balanceRatio', 'liveDocumentsRatio'],
]

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

function contradictions(c: Coefficients) {
  const { minShardBytes, targetShardBytes, maxShardBytes, minHeapGib, maxHeapGib } = c
  const faults: string[] = []
  if (c.dataNodeBaseCores >= c.maxDataCores)
    faults.push(
      `dataNodeBaseCores is ${c.dataNodeBaseCores}, maxDataCores ${c.maxDataCores}; allowed: in ascending order`,
    )
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
