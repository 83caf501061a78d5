import { AppError } from '../errors.ts'
import type { Phase } from './calls.ts'
import type { Comparison } from './comparison.ts'
import type { Quantiles } from './latency.ts'

/** Everything that one load test has measured. Findings, coefficients and the report follow from it alone. */
export interface LoadTest {
  readonly loadTest: typeof FORMAT
  readonly run: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly asked: Asked
  readonly total: LoadTotal
  readonly intervals: readonly Interval[]
  /** From the end of the load to an empty backlog; `null` when it did not get there. */
  readonly drainSeconds: number | null
  readonly comparison: Comparison
  readonly sizes: Sizes
  readonly settings: LoadTestSettings
  /** What could not be measured, and why. */
  readonly notes: readonly string[]
}

export interface LoadTestSettings {
  /** BULK_SIZE in the environment of the load test; that of the workers may be another. */
  readonly bulkSize: number
  /** Copies of each primary shard that were written. */
  readonly indexReplicas: number
}

export interface Asked {
  readonly target: string
  readonly eventsPerSecond: number
  readonly seconds: number
  readonly rampSeconds: number
  readonly seed: number
  readonly profiles: number
}

export interface LoadTotal {
  readonly calls: number
  /** Events that were sent. */
  readonly events: number
  readonly accepted: number
  /** Events of calls that were refused permanently, or for longer than the time of retries. */
  readonly failed: number
  /** Answers by status, repetitions among them; `error` where there was none. */
  readonly answers: Readonly<Record<string, number>>
  /** Of a call, from the moment when it was due to its 200. */
  readonly latencyMs: Quantiles | undefined
  /** JSON bytes of one event on the wire, on average. */
  readonly eventBytes: number
  readonly firstRefusal: string | undefined
}

/** What happened from one sample to the next. */
export interface Interval {
  /** Since the beginning. */
  readonly fromSeconds: number
  readonly toSeconds: number
  readonly phase: Phase | 'drain'
  readonly load: LoadInterval
  readonly generator: GeneratorInterval
  /** Omitted, like the next ones, if nothing answered. */
  readonly api?: ApiInterval | undefined
  readonly worker?: WorkerInterval | undefined
  readonly nodes?: NodesInterval | undefined
  /** Messages that are not yet acknowledged, at its end. */
  readonly backlogMessages?: number | undefined
}

export interface LoadInterval {
  /** Events of the calls that were sent. */
  readonly sent: number
  readonly accepted: number
  readonly failed: number
  /** Calls that are sent and not answered, at the end. */
  readonly underWay: number
  /** Maximum time from when a call was due to when it was sent. */
  readonly lateMs: number
  /** Of the calls answered in it. */
  readonly latencyMs?: Quantiles | undefined
}

/** The process that makes the load, and its machine. */
export interface GeneratorInterval {
  /** Part of the time for which its event loop was busy, 0 to 1. */
  readonly loopBusy: number
  /** Part of the CPU of its machine that anything used, 0 to 1. */
  readonly machineBusy: number
  readonly machineCores: number
}

export interface ApiInterval {
  /** Cores that each instance used, all threads together. */
  readonly cores: readonly number[]
  readonly calls: number
  readonly events: number
  readonly messages: number
  /** From publishing a message to its receipt; `null` when there were none. */
  readonly receiptMs: number | null
}

export interface WorkerInterval {
  readonly cores: readonly number[]
  readonly events: number
  /** Bulks by flush reason. */
  readonly flushes: Readonly<Record<string, number>>
  /** Events in one bulk on average; `null` when none was sent. */
  readonly bulkEvents: number | null
  /** Time of requests for one bulk of events, with its repetitions and its share of states; `null` when none was sent. */
  readonly bulkMs: number | null
  /** Bulks in flight on average, in one worker. */
  readonly inFlight: number
  /** Bulks that one worker may have in flight. */
  readonly inFlightLimit: number
  /** Operations that were sent again. */
  readonly retries: number
}

/** Nodes of Elasticsearch that hold data. */
export interface NodesInterval {
  readonly cores: readonly number[]
  /** Cores that each may use. */
  readonly processors: readonly number[]
  /** Indexing operations from all clients, replicas included. */
  readonly operations: number
  /** Longest queue of bulks of a node, at the end. */
  readonly writeQueue: number
  readonly writeRejected: number
}

/** The size of documents. `undefined` if there were too few to measure it. */
export interface Sizes {
  /** What the pipeline adds to an event: the action line, ids, source and times. */
  readonly overheadBytesPerEvent: number | undefined
  /** One state of a session or profile on the queue, with its action line. */
  readonly stateBytes: number | undefined
  /** Growth of the primary shards of the event indices by the growth of their documents. */
  readonly storedBytesPerEvent: number | undefined
}

const FORMAT = 1

/** The line of a text, as the log of a Job, that holds a load test. @throws AppError `command_invalid` when none does. */
export function readLoadTest(text: string): LoadTest {
  const line = text.split('\n').findLast((candidate) => candidate.startsWith('{"loadTest":'))
  if (line === undefined) {
    throw new AppError(
      'command_invalid',
      'there is no load test in it: it is the line that begins with {"loadTest": and is written by --record',
    )
  }
  const loadTest = parsed(line)
  if (loadTest.loadTest === FORMAT) return loadTest
  throw new AppError(
    'command_invalid',
    `the load test has the format ${loadTest.loadTest}; this version reads ${FORMAT}`,
  )
}

function parsed(line: string): LoadTest {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new AppError('command_invalid', 'the line of the load test is not JSON; was it cut off?', { cause })
  }
}

export function newLoadTest(measured: Omit<LoadTest, 'loadTest'>): LoadTest {
  return { loadTest: FORMAT, ...measured }
}
