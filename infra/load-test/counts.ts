import type { LoadTest } from '../../runtime/load-test/record.ts'
import type { Coefficients } from '../sizing/coefficients.ts'
import type { Derived, SizedKey } from '../sizing/derived.ts'
import type { Load, Shape } from '../sizing/load.ts'
import { size } from '../sizing/model.ts'
import { most } from './window.ts'

/** A count that the load test has seen, and the one that the load needs. */
export interface Count {
  readonly key: SizedKey
  readonly unit: string
  /** Instances that answered; 0 when they could not be looked at. */
  readonly seen: number
  readonly needed: number
  readonly reason: string
}

/** The load that the load test sent; it cannot measure how long events are kept. */
export function loadOf(
  { asked, total }: LoadTest,
  kept: Omit<Load, 'peakEventsPerSecond' | 'eventsPerCall' | 'eventBytes'>,
): Load {
  return {
    ...kept,
    peakEventsPerSecond: asked.eventsPerSecond,
    eventsPerCall: total.calls === 0 ? 1 : total.events / total.calls,
    eventBytes: total.eventBytes,
  }
}

/** Kept for so short a time that disks decide nothing, and with nothing to spare. */
const SHORT = {
  ...{ meanToPeak: 0.01, retentionDays: 1, backlogHours: 1, eventsPerSession: 10, sessionsPerProfile: 5, stateDays: 1 },
  ...{ hotDays: 1, warmTier: false, queriesPerSecond: 0, catchUpHours: 0, surviveNode: false, surviveZone: false },
}

/** The CPU of a pod for which the coefficients are; the data nodes are those of the coefficient too. */
const CORES = { api: 1, worker: 1, broker: 2, bookie: 1 }
const NODE_MILLICORES = 2000

/** One of each is enough: what the load alone needs, without what an environment keeps for failures. */
function leastShape({ bulkSize, indexReplicas }: LoadTest['settings']): Shape {
  const floor = { apiReplicas: 1, workerReplicas: 1, brokers: 1, bookies: 1, bookieMemoryMib: 768, dataNodes: 1 }
  const kept = {
    eventPartitioning: 'day',
    retentionHours: 0,
    sessionRetentionDays: 0,
    profileRetentionDays: 0,
  } as const
  const queue = { writeQuorum: 1, messageMaxEvents: 100, prefetchMessages: 20 }
  return { ...kept, ...queue, zones: 1, indexReplicas, bulkSize, cores: CORES, floor }
}

/** The sizes that the load asks for by itself, with these coefficients. */
export function leastSizes(loadTest: LoadTest, coefficients: Coefficients): readonly Derived[] {
  return size(loadOf(loadTest, SHORT), leastShape(loadTest.settings), coefficients, {
    'elasticsearch.cpuMillicores': NODE_MILLICORES,
  })
}

const COMPARED: readonly SizedKey[] = ['api.replicas', 'workers.replicas', 'elasticsearch.dataNodes']

/** Compares what ran with sizes that were derived for the load. */
export function compareCounts({ intervals }: LoadTest, derived: readonly Derived[]): readonly Count[] {
  const seen: Readonly<Partial<Record<SizedKey, number>>> = {
    'api.replicas': most(intervals.map(({ api }) => api?.cores.length ?? 0)),
    'workers.replicas': most(intervals.map(({ worker }) => worker?.cores.length ?? 0)),
    'elasticsearch.dataNodes': most(intervals.map(({ nodes }) => nodes?.cores.length ?? 0)),
  }
  return derived
    .filter(({ key }) => COMPARED.includes(key))
    .map(({ key, unit, value, reason }) => ({ key, unit, seen: seen[key] ?? 0, needed: value, reason }))
}

/** Whether there are fewer than needed. What could not be seen is not judged. */
export function isShort({ seen, needed }: Count): boolean {
  return seen > 0 && seen < needed
}
