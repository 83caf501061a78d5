import type { Interval, LoadTest } from '../../runtime/load-test/record.ts'
import { FULL_CORE } from '../../runtime/telemetry/bottlenecks.ts'
import { type Coefficients, DEFAULT_COEFFICIENTS } from '../sizing/coefficients.ts'
import { figure, percent } from '../sizing/figures.ts'
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
/** CPU time below which the cost of an event is mostly that of being there. */
const LEAST_CPU_SECONDS = 0.5

/**
 * The coefficients that a load test can measure, in the units of the model, counted as the model counts: a document for each
 * event, and `statesPerCall` for each call. Other coefficients are omitted.
 *
 * @param beside another load test of the same system, with calls of another size.
 */
export function measuredCoefficients(loadTest: LoadTest, beside?: LoadTest): readonly Measured[] {
  const load = fullLoad(loadTest)
  return [
    ...sizes(loadTest),
    ...apiCost(load, beside && fullLoad(beside)),
    ...workerRate(load),
    ...bulks(load, loadTest.settings),
    ...nodeRate(load, loadTest.settings),
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

interface ApiWork {
  readonly calls: number
  readonly events: number
  readonly micros: number
  /** Of the busiest replica, in cores. */
  readonly busiest: number
}

function apiWork(load: readonly Interval[]): ApiWork | undefined {
  const seen = present(load, (interval) => interval.api && { interval, api: interval.api })
  const calls = sumOf(seen, ({ api }) => api.calls)
  const events = sumOf(seen, ({ api }) => api.events)
  const cpuSeconds = sumOf(seen, ({ interval, api }) => sumOf(api.cores, (cores) => cores) * secondsOf(interval))
  if (calls === 0 || cpuSeconds < LEAST_CPU_SECONDS) return undefined
  return { calls, events, micros: cpuSeconds * SECOND_MICROS, busiest: most(seen.map(({ api }) => most(api.cores))) }
}

function apiCost(load: readonly Interval[], beside: readonly Interval[] | undefined): readonly Measured[] {
  const work = apiWork(load)
  if (work === undefined) return []
  const other = beside === undefined ? undefined : apiWork(beside)
  const { call, event, told } = (other && toldApart(work, other)) ?? inProportion(work)
  const basis = basisOf(load, ({ api }) => most(api?.cores ?? []))
  const how = `${figure(work.micros / work.calls)} µs of CPU for a call of ${figure(work.events / work.calls)} events${told}; the busiest replica used up to ${percent(work.busiest)} of a core`
  return [
    { key: 'apiMicrosPerCall', value: rounded(call), basis, how },
    { key: 'apiMicrosPerEvent', value: rounded(event), basis, how },
  ]
}

/** One mix cannot separate a call from its events, so the ratio of the defaults stays. */
function inProportion({ calls, events, micros }: ApiWork) {
  const { apiMicrosPerCall, apiMicrosPerEvent } = DEFAULT_COEFFICIENTS
  const scale = micros / (calls * apiMicrosPerCall + events * apiMicrosPerEvent)
  return { call: apiMicrosPerCall * scale, event: apiMicrosPerEvent * scale, told: '' }
}

/** Minimum ratio of events in a call between the two load tests; otherwise noise decides. */
const LEAST_DIFFERENCE = 3

/** The costs with which both mixes take what they took; nothing where the two are too much alike, or one cost is none. */
function toldApart(one: ApiWork, other: ApiWork) {
  const [ofOne, ofOther] = [one.events / one.calls, other.events / other.calls]
  if (Math.max(ofOne, ofOther) < LEAST_DIFFERENCE * Math.min(ofOne, ofOther)) return undefined
  const event = (one.micros / one.calls - other.micros / other.calls) / (ofOne - ofOther)
  const call = one.micros / one.calls - event * ofOne
  if (!(event > 0) || !(call > 0)) return undefined
  return { call, event, told: ` and ${figure(other.micros / other.calls)} µs for one of ${figure(ofOther)}` }
}

function workerRate(load: readonly Interval[]): readonly Measured[] {
  const seen = present(load, (interval) => interval.worker && { interval, worker: interval.worker })
  const documents = documentsOf(seen.map(({ interval }) => interval))
  const cpuSeconds = sumOf(seen, ({ interval, worker }) => sumOf(worker.cores, (cores) => cores) * secondsOf(interval))
  if (documents === 0 || cpuSeconds < LEAST_CPU_SECONDS) return []
  const busy = seen.map(({ worker }) => most(worker.cores))
  return [
    {
      key: 'eventsPerSecondPerWorker',
      value: rounded(documents / cpuSeconds),
      basis: basisOf(load, ({ worker }) => most(worker?.cores ?? [])),
      how: `${figure((cpuSeconds * SECOND_MICROS) / documents)} µs of CPU for a document; the busiest worker used up to ${percent(most(busy))} of a core`,
    },
  ]
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

function nodeRate(load: readonly Interval[], { indexReplicas }: LoadTest['settings']): readonly Measured[] {
  const seen = present(load, (interval) => interval.nodes && { interval, nodes: interval.nodes })
  const documents = documentsOf(seen.map(({ interval }) => interval)) * (1 + indexReplicas)
  const cpuSeconds = sumOf(seen, ({ interval, nodes }) => sumOf(nodes.cores, (cores) => cores) * secondsOf(interval))
  if (documents === 0 || cpuSeconds < LEAST_CPU_SECONDS) return []
  const busy = seen.map(({ interval }) => busiestNode(interval))
  return [
    {
      key: 'eventsPerSecondPerDataNode',
      value: rounded((documents / cpuSeconds) * NODE_CORES),
      basis: basisOf(load, busiestNode),
      how: `${figure((cpuSeconds * SECOND_MICROS) / documents)} µs of CPU for a document, a copy counted as one; the busiest data node used up to ${percent(most(busy))} of its cores`,
    },
  ]
}

/** @param busyOf how near to its limit a part was in an interval, 0 to 1. */
function basisOf(load: readonly Interval[], busyOf: (interval: Interval) => number): Basis {
  const full = (interval: Interval) => (busyOf(interval) >= FULL_CORE ? true : undefined)
  return firstHeld(load, full) === undefined ? 'extrapolated' : 'at its limit'
}

/** Counted as in `demandOf` of the model: the documents that the workers stored, with the states of their calls. */
function documentsOf(intervals: readonly Interval[]): number {
  const stored = sumOf(intervals, ({ worker }) => worker?.events ?? 0)
  const calls = sumOf(intervals, ({ api }) => api?.calls ?? 0)
  const events = sumOf(intervals, ({ api }) => api?.events ?? 0)
  return events === 0 ? stored : stored * (1 + (calls / events) * DEFAULT_COEFFICIENTS.statesPerCall)
}

/** Three significant digits are more than a measurement is worth, and no file shows more. */
function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

/** What the sizing model reads: the coefficients alone. */
export function coefficientsFile(measured: readonly Measured[]): Readonly<Partial<Coefficients>> {
  return Object.fromEntries(measured.map(({ key, value }) => [key, value]))
}
