import type { Goal } from '../goals.ts'
import type { Summary } from '../summary.ts'
import { elasticsearchMicros, lineOf, type ShardSummary } from './summary.ts'

/** A goal, and what the compared programs reach. */
export interface ShardGoal extends Goal {
  readonly before?: string
}

const WORKER_OF_CEILING = { 3: 1, 12: 1.5 }
const CHAIN_OF_CEILING = { 3: 0.75, 12: 1.1 }
const MOST_GROWTH = 0.15
const LATENCY_SHARDS = 12
const MAX_RSS_MB = 256

/** What shards may cost, held against the medians. A goal whose lines were not measured is omitted. */
export function judgeShards(all: readonly ShardSummary[]): ShardGoal[] {
  const memory = below('memory of the worker, every number of shards', MAX_RSS_MB, 'MB', (of) =>
    most(all, of, 'worker'),
  )
  return [
    ...sharesOfCeiling(all, 'worker', WORKER_OF_CEILING),
    ...growth(all),
    ...sharesOfCeiling(all, 'chain', CHAIN_OF_CEILING),
    ...latency(all, 'p50'),
    ...latency(all, 'p99'),
    ...memory,
  ]
}

type Whose = 'own' | 'compared'

function sharesOfCeiling(
  all: readonly ShardSummary[],
  line: string,
  wanted: Readonly<Record<number, number>>,
): ShardGoal[] {
  return Object.entries(wanted).flatMap(([shards, share]) => {
    const summary = all.find((one) => one.shards === Number(shards))
    const of = (whose: Whose) => {
      const rate = lineOf(summary?.[whose] ?? [], line)?.eventsPerSecond.median
      return rate === undefined || summary?.ceiling === undefined ? undefined : rate / summary.ceiling
    }
    const what = `${line} of the ceiling, ${shards} shards`
    return goal(what, `≥ ${percent(share)}`, of, percent, (got) => got >= share)
  })
}

/** From the lowest to the highest number of shards that was measured. */
function growth(all: readonly ShardSummary[]): ShardGoal[] {
  const [first, last] = [all[0], all.at(-1)]
  if (first === undefined || last === undefined || first === last) return []
  const micros = (summaries: readonly Summary[]) => {
    const worker = lineOf(summaries, 'worker')
    return worker && elasticsearchMicros(worker)
  }
  const of = (whose: Whose) => {
    const [from, to] = [micros(first[whose]), micros(last[whose])]
    return from === undefined || to === undefined ? undefined : to / from - 1
  }
  const what = `worker, ${first.shards} → ${last.shards} shards: growth of Elasticsearch's CPU for an event`
  return goal(what, `< ${percent(MOST_GROWTH)}`, of, percent, (got) => got < MOST_GROWTH)
}

/** Not above what it was: only where programs are compared. */
function latency(all: readonly ShardSummary[], which: 'p50' | 'p99'): ShardGoal[] {
  const summary = all.find(({ shards }) => shards === LATENCY_SHARDS)
  const of = (whose: Whose) => lineOf(summary?.[whose] ?? [], 'receipt')?.latencyMs?.[which]
  const before = of('compared')
  if (before === undefined) return []
  const what = `receipt to stored at 10 % load, ${LATENCY_SHARDS} shards, ${which}`
  return goal(what, 'not above before', of, milliseconds, (got) => got <= before)
}

function below(what: string, wanted: number, unit: string, of: (whose: Whose) => number | undefined): ShardGoal[] {
  return goal(
    what,
    `< ${wanted} ${unit}`,
    of,
    (value) => `${value.toFixed(0)} ${unit}`,
    (got) => got < wanted,
  )
}

function goal(
  what: string,
  wanted: string,
  of: (whose: Whose) => number | undefined,
  inWords: (value: number) => string,
  meets: (value: number) => boolean,
): ShardGoal[] {
  const [got, before] = [of('own'), of('compared')]
  if (got === undefined) return []
  return [
    { what, wanted, ...(before !== undefined && { before: inWords(before) }), got: inWords(got), met: meets(got) },
  ]
}

/** The most that a program held, whatever the number of shards. */
function most(all: readonly ShardSummary[], whose: Whose, process: string): number | undefined {
  const values = all.flatMap((summary) => summary[whose].flatMap(({ rssMb }) => rssMb[process] ?? []))
  return values.length === 0 ? undefined : Math.max(...values)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(0)} ms`
}
