import type { LoadTest } from '../../runtime/load-test/record.ts'
import { type Coefficients, readCoefficients } from '../sizing/coefficients.ts'
import type { Derived } from '../sizing/derived.ts'
import { type Count, compareCounts, isShort, leastSizes } from './counts.ts'
import { coefficientsFile, type Measured, measuredCoefficients } from './measured.ts'
import { judge, type Objectives, type Verdict } from './verdict.ts'

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
  const documentsPerEvent = 1 + c.statesPerCall / perCall
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
    ...of('one worker, by its CPU', 'eventsPerSecondPerWorker', c.eventsPerSecondPerWorker / documentsPerEvent),
    ...of('one worker, by its bulks', 'bulkMillis', ((c.bulksInFlight * 1000) / c.bulkMillis) * settings.bulkSize),
    ...of(
      'one data node of two cores',
      'eventsPerSecondPerDataNode',
      c.eventsPerSecondPerDataNode / documentsPerEvent / (1 + settings.indexReplicas),
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
