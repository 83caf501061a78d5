import type { Outcome } from './line.ts'
import { median, type Spread, spreadOf } from './statistics.ts'

/** All rounds of one figure. */
export interface Summary {
  readonly name: string
  readonly rounds: number
  readonly eventsPerSecond: Spread
  /** Medians. */
  readonly cpuMicrosPerEvent: Readonly<Record<string, number>>
  /** The most of all rounds. */
  readonly rssMb: Readonly<Record<string, number>>
  /** Medians of the rounds. */
  readonly latencyMs?: { readonly p50: number; readonly p99: number }
}

/** Brings the outcomes together by name, in the order in which each name came first. */
export function summarise(outcomes: readonly Outcome[]): Summary[] {
  return [...Map.groupBy(outcomes, ({ name }) => name)].map(([name, rounds]) => summaryOf(name, rounds))
}

function summaryOf(name: string, rounds: readonly Outcome[]): Summary {
  const latencies = rounds.flatMap(({ latencyMs }) => latencyMs ?? [])
  return {
    name,
    rounds: rounds.length,
    eventsPerSecond: spreadOf(rounds.map((round) => round.eventsPerSecond)),
    cpuMicrosPerEvent: byProcess(
      rounds.map((round) => round.cpuMicrosPerEvent),
      median,
    ),
    rssMb: byProcess(
      rounds.map((round) => round.rssMb),
      (values) => Math.max(...values),
    ),
    ...(latencies.length > 0 && {
      latencyMs: { p50: median(latencies.map(({ p50 }) => p50)), p99: median(latencies.map(({ p99 }) => p99)) },
    }),
  }
}

function byProcess(
  rounds: readonly Readonly<Record<string, number>>[],
  combine: (values: readonly number[]) => number,
): Record<string, number> {
  const names = new Set(rounds.flatMap((round) => Object.keys(round)))
  return Object.fromEntries([...names].map((name) => [name, combine(rounds.flatMap((round) => round[name] ?? []))]))
}

/** The best of the ceilings: what the figures are compared with. */
export function ceilingOf(summaries: readonly Summary[]): Summary | undefined {
  return summaries
    .filter(({ name }) => name.startsWith('ceiling, '))
    .sort((one, other) => other.eventsPerSecond.median - one.eventsPerSecond.median)[0]
}

/** CPU time of an event in microseconds, of all processes that have to do with it: what it takes of a machine that is busy. */
export function cpuMicros({ cpuMicrosPerEvent }: Summary): number {
  return Object.entries(cpuMicrosPerEvent).reduce(
    (sum, [name, micros]) => (name === 'elsewhere' ? sum : sum + micros),
    0,
  )
}
