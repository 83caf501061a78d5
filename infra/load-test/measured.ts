import type { Interval, LoadTest } from '../../runtime/load-test/record.ts'
import { FULL_CORE } from '../../runtime/telemetry/bottlenecks.ts'
import { type Coefficients, DEFAULT_COEFFICIENTS } from '../sizing/coefficients.ts'
import { counted, figure, percent } from '../sizing/figures.ts'
import { API, type Costs, costsOf, DATA_NODES, WORKER } from './costs.ts'
import type { Verdict } from './verdict.ts'
import { busiestNode, firstHeld, fullBulkMs, fullLoad, most, present, secondsOf, sumOf } from './window.ts'

/**
 * How much the value says: what was weighed, or what a part did at its limit, or what it would do there, or what texts that were made
 * for the load test say of the texts of people.
 */
export type Basis = 'measured' | 'at its limit' | 'extrapolated' | 'synthetic'

/** A coefficient of the sizing model, as the load test found it. */
export interface Measured {
  readonly key: keyof Coefficients
  readonly value: number
  readonly basis: Basis
  /** From what it was derived, in words with the numbers in it. */
  readonly how: string
}

const SECOND_MICROS = 1_000_000
/** The cores of the data node that `eventsPerSecondPerDataNode` is about. */
const NODE_CORES = 2
/** Part of BULK_SIZE that bulks must reach on average: smaller ones say nothing about how long a full one takes. */
const FULL_BULK = 0.5
/**
 * The coefficients that a load test can measure, in the units of the model. Other coefficients are omitted.
 *
 * @param beside another load test of the same system, with calls of another size.
 */
export function measuredCoefficients(loadTest: LoadTest, beside?: LoadTest): readonly Measured[] {
  return [
    ...sizes(loadTest),
    ...apiCost(loadTest, beside),
    ...workerRate(loadTest, beside),
    ...bulks(fullLoad(loadTest), loadTest.settings),
    ...nodeRate(loadTest, beside),
  ]
}

function sizes({ total, sizes: { overheadBytesPerEvent, stateBytes, storedBytesPerEvent } }: LoadTest) {
  const weighed = (key: keyof Coefficients, value: number | undefined, how: string, basis: Basis = 'measured') =>
    value === undefined || value <= 0 ? [] : [{ key, value: rounded(value), basis, how }]
  const written = total.eventBytes + (overheadBytesPerEvent ?? DEFAULT_COEFFICIENTS.overheadBytesPerEvent)
  return [
    ...weighed('referenceEventBytes', total.eventBytes, 'mean JSON of the events that were sent'),
    ...weighed('overheadBytesPerEvent', overheadBytesPerEvent, 'lines of stored events beyond what was sent'),
    ...weighed('stateBytes', stateBytes, 'lines of stored sessions and profiles'),
    ...(storedBytesPerEvent === undefined || storedBytesPerEvent <= 0 ? [] : [stored(storedBytesPerEvent, written)]),
  ]
}

/** Generated texts repeat more than those of people, and young shards are small: never less than the default. */
function stored(storedBytesPerEvent: number, written: number): Measured {
  const least = DEFAULT_COEFFICIENTS.storedBytesPerEventByte
  return {
    key: 'storedBytesPerEventByte',
    value: rounded(Math.max(least, storedBytesPerEvent / written)),
    basis: 'synthetic',
    how: `${figure(storedBytesPerEvent)} bytes of a primary shard for each of the events, of ${figure(written)} bytes as written, merged or not; never below ${figure(least)}, because the texts were generated: weigh your own events`,
  }
}

/** Seconds of full load under which batches, merges and garbage collections are not what they will be. */
const LEAST_SECONDS = 300

/** Why the coefficients of a load test must not size anything; nothing where they may. */
export function coefficientsFault(loadTest: LoadTest, verdict: Pick<Verdict, 'holds' | 'faults'>): string | undefined {
  const seconds = sumOf(fullLoad(loadTest), secondsOf)
  if (!verdict.holds) return `the load was not held: ${verdict.faults.map(({ text }) => text).join('; ')}`
  if (seconds < LEAST_SECONDS)
    return `${figure(seconds)} s of full load say too little; at least ${LEAST_SECONDS} s are needed: raise --duration`
  return undefined
}

function apiCost(loadTest: LoadTest, beside: LoadTest | undefined): readonly Measured[] {
  const costs = costsOf(API, loadTest, beside)
  if (costs === undefined) return []
  const evidence = evidenceOf(loadTest, costs, ({ api }) => most(api?.cores ?? []), 'the busiest replica', 'a core')
  return [
    { key: 'apiMicrosPerCall', value: rounded(costs.call), ...evidence },
    { key: 'apiMicrosPerEvent', value: rounded(costs.event), ...evidence },
  ]
}

function workerRate(loadTest: LoadTest, beside: LoadTest | undefined): readonly Measured[] {
  const costs = costsOf(WORKER, loadTest, beside)
  if (costs === undefined) return []
  const evidence = evidenceOf(
    loadTest,
    costs,
    ({ worker }) => most(worker?.cores ?? []),
    'the busiest worker',
    'a core',
  )
  return [
    { key: 'eventsPerSecondPerWorker', value: rounded(SECOND_MICROS / costs.event), ...evidence },
    ...eventsPerCall('workerEventsPerCall', costs, evidence),
  ]
}

function nodeRate(loadTest: LoadTest, beside: LoadTest | undefined): readonly Measured[] {
  const costs = costsOf(DATA_NODES, loadTest, beside)
  if (costs === undefined) return []
  const copies = 1 + loadTest.settings.indexReplicas
  const base = `in ${counted(copies, 'copy', 'copies')}, in addition to ${figure(DEFAULT_COEFFICIENTS.dataNodeBaseCores)} cores of each node`
  const beyond = { ...costs, how: `${costs.how} ${base}` }
  const evidence = evidenceOf(loadTest, beyond, busiestNode, 'the busiest data node', 'its cores')
  const value = rounded((SECOND_MICROS / costs.event) * copies * NODE_CORES)
  return [
    { key: 'eventsPerSecondPerDataNode', value, ...evidence },
    ...eventsPerCall('dataNodeEventsPerCall', costs, evidence),
  ]
}

type Evidence = Pick<Measured, 'basis' | 'how'>

/** @param busyOf how near to its limit the part was in an interval, 0 to 1. */
function evidenceOf(
  loadTest: LoadTest,
  { how }: Costs,
  busyOf: (interval: Interval) => number,
  busiest: string,
  limit: string,
): Evidence {
  const load = fullLoad(loadTest)
  const used = `${busiest} used up to ${percent(most(load.map(busyOf)))} of ${limit}`
  return { basis: basisOf(load, busyOf), how: `${how}; ${used}` }
}

/** One load test alone keeps the default. */
function eventsPerCall(key: keyof Coefficients, { call, event, separated }: Costs, evidence: Evidence) {
  return separated ? [{ key, value: rounded(call / event), ...evidence }] : []
}

function bulks(load: readonly Interval[], { bulkSize }: LoadTest['settings']): readonly Measured[] {
  const seen = present(load, ({ worker }) =>
    worker?.bulkMs == null || worker.bulkEvents === null ? undefined : worker,
  )
  const answered = seen.map((worker) => ({ worker, bulks: sumOf(Object.values(worker.flushes), (count) => count) }))
  const count = sumOf(answered, (entry) => entry.bulks)
  if (count === 0) return []
  const mean = (of: (worker: (typeof seen)[number]) => number) =>
    sumOf(answered, ({ worker, bulks: weight }) => of(worker) * weight) / count
  const bulkMs = mean((worker) => worker.bulkMs ?? 0)
  const bulkEvents = mean((worker) => worker.bulkEvents ?? 0)
  if (bulkEvents < bulkSize * FULL_BULK) return []
  const limit = mean((worker) => worker.inFlightLimit)
  const inFlight = mean((worker) => worker.inFlight)
  const basis = basisOf(load, ({ worker }) => (worker === undefined ? 0 : worker.inFlight / worker.inFlightLimit))
  const how = `${figure(count)} bulks of ${figure(bulkEvents)} events and ${figure(bulkMs)} ms; ${figure(inFlight)} of ${figure(limit)} in flight on average`
  return [
    { key: 'bulkMillis', value: rounded(fullBulkMs(bulkMs, bulkEvents, bulkSize)), basis, how },
    { key: 'bulksInFlight', value: rounded(limit), basis: 'measured', how },
  ]
}

/** @param busyOf how near to its limit a part was in an interval, 0 to 1. */
function basisOf(load: readonly Interval[], busyOf: (interval: Interval) => number): Basis {
  const full = (interval: Interval) => (busyOf(interval) >= FULL_CORE ? true : undefined)
  return firstHeld(load, full) === undefined ? 'extrapolated' : 'at its limit'
}

/** Three significant digits are more than a measurement is worth, and no file shows more. */
function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

/** What the sizing model reads: the coefficients alone. */
export function coefficientsFile(measured: readonly Measured[]): Readonly<Partial<Coefficients>> {
  return Object.fromEntries(measured.map(({ key, value }) => [key, value]))
}
