import type { LoadTest } from '../../runtime/load-test/record.ts'
import { type Coefficients, readCoefficients } from '../sizing/coefficients.ts'
import type { Load, Shape } from '../sizing/load.ts'
import { size } from '../sizing/model.ts'
import type { Derived, SizedKey } from '../sizing/question.ts'
import { coefficientsFile, type Measured, measuredCoefficients } from './measured.ts'
import { judge, type Objectives, type Verdict } from './verdict.ts'
import { most } from './window.ts'

/** Everything that follows from a load test. */
export interface Findings {
  readonly verdict: Verdict
  readonly measured: readonly Measured[]
  /** What one of each carries at its limit, at this mix. */
  readonly capacities: readonly Capacity[]
  /** The counts that the load needs with the measured coefficients, and the counts that ran. */
  readonly counts: readonly Count[]
  /** The stack whose environment the counts are for; none when they are for the load alone. */
  readonly stack: string | undefined
  /** What to change, most pressing first. */
  readonly advice: readonly string[]
}

export interface Capacity {
  readonly what: string
  /** Events a second. */
  readonly eventsPerSecond: number
  readonly basis: Measured['basis']
}

/** The sizes of a stack for the load of a load test. */
export interface StackSizes {
  readonly stack: string
  derive(loadTest: LoadTest, coefficients: Coefficients): readonly Derived[]
}

/** Another load test of the same system, with calls of another size, separates the cost of a call from that of an event. */
export function findingsOf(
  loadTest: LoadTest,
  objectives: Objectives,
  stack?: StackSizes,
  beside?: LoadTest,
): Findings {
  const verdict = judge(loadTest, objectives)
  const measured = measuredCoefficients(loadTest, beside)
  const coefficients = readCoefficients(coefficientsFile(measured))
  const derived = stack === undefined ? leastSizes(loadTest, coefficients) : stack.derive(loadTest, coefficients)
  const counts = compareCounts(loadTest, derived)
  return {
    verdict,
    measured,
    capacities: capacitiesOf(loadTest, measured, coefficients),
    counts,
    stack: stack?.stack,
    advice: adviceOf(verdict, counts),
  }
}

const SECOND_MICROS = 1_000_000

function capacitiesOf(
  { total, settings }: LoadTest,
  measured: readonly Measured[],
  c: Coefficients,
): readonly Capacity[] {
  if (total.calls === 0) return []
  const perCall = total.events / total.calls
  const of = (what: string, key: keyof Coefficients, eventsPerSecond: number): readonly Capacity[] => {
    const basis = measured.find((entry) => entry.key === key)?.basis
    return basis === undefined ? [] : [{ what, eventsPerSecond, basis }]
  }
  return [
    ...of(
      'one replica of the API',
      'apiMicrosPerCall',
      (SECOND_MICROS / (c.apiMicrosPerCall + perCall * c.apiMicrosPerEvent)) * perCall,
    ),
    ...of(
      'one worker, by its CPU',
      'eventsPerSecondPerWorker',
      c.eventsPerSecondPerWorker / (1 + c.workerEventsPerCall / perCall),
    ),
    ...of('one worker, by its bulks', 'bulkMillis', ((c.bulksInFlight * 1000) / c.bulkMillis) * settings.bulkSize),
    ...of(
      'one data node of two cores',
      'eventsPerSecondPerDataNode',
      c.eventsPerSecondPerDataNode / (1 + c.dataNodeEventsPerCall / perCall) / (1 + settings.indexReplicas),
    ),
  ]
}

function adviceOf({ saturation }: Verdict, counts: readonly Count[]): readonly string[] {
  const short = counts.filter(isShort)
  return [
    ...(saturation === undefined ? [] : [`${saturation.part}: ${saturation.advice}`]),
    ...short.map(({ key, seen, needed }) => `${key}: ${seen} ran, the load needs ${needed}`),
  ]
}

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
  return { ...kept, ...queue, zones: 1, indexReplicas, warmReplicas: indexReplicas, bulkSize, cores: CORES, floor }
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
