import {
  type ApiInterval,
  type GeneratorInterval,
  type Interval,
  type LoadTest,
  type NodesInterval,
  newLoadTest,
  type WorkerInterval,
} from '../../../runtime/load-test/record.ts'

export const generator: GeneratorInterval = { loopBusy: 0.2, machineBusy: 0.5, machineCores: 2 }

export const api: ApiInterval = { cores: [0.2], calls: 100, events: 1000, messages: 100, receiptMs: 4 }

export const worker: WorkerInterval = {
  cores: [0.1],
  events: 1000,
  flushes: { size: 2, bytes: 0, timeout: 0, drain: 0 },
  bulkEvents: 500,
  bulkMs: 50,
  inFlight: 0.1,
  inFlightLimit: 2,
  retries: 0,
}

export const nodes: NodesInterval = { cores: [0.4], processors: [2], operations: 1200, writeQueue: 0, writeRejected: 0 }

/** One second of 1,000 events in 100 calls, that everything bears with ease. */
export function intervalOf(second: number, changes: Partial<Interval> = {}): Interval {
  return {
    fromSeconds: second,
    toSeconds: second + 1,
    phase: 'plateau',
    load: {
      sent: 1000,
      accepted: 1000,
      failed: 0,
      underWay: 3,
      lateMs: 2,
      latencyMs: { p50: 5, p90: 8, p99: 20, p999: 30, max: 40 },
    },
    generator,
    api,
    worker,
    nodes,
    backlogMessages: 40,
    ...changes,
  }
}

export function intervalsOf(count: number, changes: Partial<Interval> = {}): readonly Interval[] {
  return Array.from({ length: count }, (_, second) => intervalOf(second, changes))
}

/** Half a minute of that, of which nothing was lost. */
export function loadTestOf(changes: Partial<LoadTest> = {}): LoadTest {
  return newLoadTest({
    run: '0a1b2c3d4e',
    startedAt: '2026-11-23T12:00:00.000Z',
    asked: {
      target: 'http://api:8585',
      eventsPerSecond: 1000,
      seconds: 30,
      rampSeconds: 3,
      seed: 1,
      profiles: 1000,
    },
    total: {
      calls: 3000,
      events: 30_000,
      accepted: 30_000,
      failed: 0,
      answers: { 200: 3000 },
      latencyMs: { p50: 5, p90: 8, p99: 20, p999: 30, max: 40 },
      eventBytes: 600,
      firstRefusal: undefined,
    },
    intervals: intervalsOf(30),
    drainSeconds: 12,
    comparison: {
      accepted: 30_000,
      stored: 30_000,
      lost: 0,
      twice: 0,
      storedWithout200: 0,
      examples: { lost: [], twice: [] },
    },
    sizes: { overheadBytesPerEvent: 340, stateBytes: 410, storedBytesPerEvent: 1410 },
    settings: { bulkSize: 500, indexReplicas: 0 },
    notes: [],
    ...changes,
  })
}
