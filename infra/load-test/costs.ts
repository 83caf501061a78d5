import type { Interval, LoadTest } from '../../runtime/load-test/record.ts'
import { DEFAULT_COEFFICIENTS } from '../sizing/coefficients.ts'
import { eventWeight } from '../sizing/demand.ts'
import { figure } from '../sizing/figures.ts'
import { fullLoad, present, secondsOf, sumOf } from './window.ts'

const SECOND_MICROS = 1_000_000
/** With less CPU time, what a program uses without any load decides. */
const LEAST_CPU_SECONDS = 0.5
/** Minimum ratio of events in a call between two load tests; otherwise noise decides. */
const LEAST_DIFFERENCE = 3

/** What a part did under full load, and the CPU time that it took. */
interface Work {
  readonly calls: number
  readonly events: number
  readonly micros: number
}

/** A part whose CPU time is measured. */
interface Part {
  /** Without what it uses even if it does little. */
  workOf(load: readonly Interval[]): Work
  /** Bytes that cost it as much as an event does without its bytes. */
  readonly eventBaseBytes: number
  /** Events that cost it as much as a call does without its events. One mix cannot separate them. */
  readonly eventsOfCall: number
}

const DEFAULT = DEFAULT_COEFFICIENTS

export const API: Part = {
  eventBaseBytes: DEFAULT.apiEventBaseBytes,
  eventsOfCall: DEFAULT.apiMicrosPerCall / DEFAULT.apiMicrosPerEvent,
  workOf: (load) => {
    const seen = present(load, (interval) => interval.api && { interval, api: interval.api })
    const cpuSeconds = sumOf(seen, ({ interval, api }) => sumOf(api.cores, (cores) => cores) * secondsOf(interval))
    const calls = sumOf(seen, ({ api }) => api.calls)
    return { calls, events: sumOf(seen, ({ api }) => api.events), micros: cpuSeconds * SECOND_MICROS }
  },
}

export const WORKER: Part = {
  eventBaseBytes: DEFAULT.workerEventBaseBytes,
  eventsOfCall: DEFAULT.workerEventsPerCall,
  workOf: (load) => storing(present(load, (interval) => interval.worker && { interval, cores: interval.worker.cores })),
}

/** All copies of the shards: each is indexed. */
export const DATA_NODES: Part = {
  eventBaseBytes: DEFAULT.dataNodeEventBaseBytes,
  eventsOfCall: DEFAULT.dataNodeEventsPerCall,
  workOf: (load) => {
    const seen = present(load, (interval) => interval.nodes && { interval, cores: interval.nodes.cores })
    const work = storing(seen)
    const baseSeconds =
      sumOf(seen, ({ interval, cores }) => cores.length * secondsOf(interval)) * DEFAULT.dataNodeBaseCores
    return { ...work, micros: Math.max(0, work.micros - baseSeconds * SECOND_MICROS) }
  },
}

/** Stored events, and the calls that they arrived in: those of the API in the same intervals. */
function storing(seen: readonly { readonly interval: Interval; readonly cores: readonly number[] }[]): Work {
  const events = sumOf(seen, ({ interval }) => interval.worker?.events ?? 0)
  const calls = sumOf(seen, ({ interval }) => interval.api?.calls ?? 0)
  const received = sumOf(seen, ({ interval }) => interval.api?.events ?? 0)
  const cpuSeconds = sumOf(seen, ({ interval, cores }) => sumOf(cores, (core) => core) * secondsOf(interval))
  return {
    calls: received === 0 ? 0 : (events * calls) / received,
    events,
    micros: cpuSeconds * SECOND_MICROS,
  }
}

/** What a call and an event cost a part, in microseconds of CPU. */
export interface Costs {
  readonly call: number
  readonly event: number
  /** Whether two load tests separated them; otherwise their ratio is that of the default coefficients. */
  readonly separated: boolean
  /** From what they were derived, in words with the numbers in it. */
  readonly how: string
}

/**
 * The costs of a call and of an event, by one load test, or by two with calls of other sizes.
 *
 * @returns nothing if the part did too little, or was not seen.
 */
export function costsOf(part: Part, loadTest: LoadTest, beside?: LoadTest): Costs | undefined {
  const work = part.workOf(fullLoad(loadTest))
  if (tooLittle(work)) return undefined
  const how = shown(work)
  const other = beside && part.workOf(fullLoad(beside))
  if (beside === undefined || other === undefined || tooLittle(other)) return { ...inProportion(part, work), how }
  const weight = eventWeight(part.eventBaseBytes, beside.total.eventBytes, loadTest.total.eventBytes)
  const costs = separate(work, { ...other, events: other.events * weight })
  return costs === undefined ? { ...inProportion(part, work), how } : { ...costs, how: `${how} and ${shown(other)}` }
}

function tooLittle({ calls, events, micros }: Work): boolean {
  return calls === 0 || events === 0 || micros < LEAST_CPU_SECONDS * SECOND_MICROS
}

function shown({ calls, events, micros }: Work): string {
  return `${figure(micros / calls)} µs of CPU for a call of ${figure(events / calls)} events`
}

function inProportion({ eventsOfCall }: Part, { calls, events, micros }: Work) {
  const event = micros / (events + calls * eventsOfCall)
  return { call: event * eventsOfCall, event, separated: false }
}

/** The costs with which both take what they took; nothing if their calls are too much alike, or if a cost is not positive. */
function separate(one: Work, other: Work) {
  const [ofOne, ofOther] = [one.events / one.calls, other.events / other.calls]
  if (Math.max(ofOne, ofOther) < LEAST_DIFFERENCE * Math.min(ofOne, ofOther)) return undefined
  const event = (one.micros / one.calls - other.micros / other.calls) / (ofOne - ofOther)
  const call = one.micros / one.calls - event * ofOne
  return event > 0 && call > 0 ? { call, event, separated: true } : undefined
}
