import { ceilingOf, type Summary } from './summary.ts'

export interface Goal {
  readonly what: string
  readonly wanted: string
  readonly got: string
  readonly met: boolean
}

const MICROS_PER_SECOND = 1_000_000
const MAX_RSS_MB = 256
const MAX_P99_MS = 25

/** What the project wants to reach, held against the medians. A goal whose lines were not measured is omitted. */
export function judge(summaries: readonly Summary[]): Goal[] {
  const found = (name: string) => summaries.find((summary) => summary.name === name)
  const rate = (name: string) => found(name)?.eventsPerSecond.median
  const ceiling = ceilingOf(summaries)?.eventsPerSecond.median
  const sinkMicros = summaries.find(({ name }) => name.startsWith('null sink'))?.cpuMicrosPerEvent['worker']
  const perCore = sinkMicros === undefined ? undefined : MICROS_PER_SECOND / sinkMicros
  return [
    share('worker (native) of the ceiling', rate('worker, native'), ceiling, 0.85),
    share('worker (native) of the official helper', rate('worker, native'), rate('helpers.bulk (JavaScript)'), 1),
    share('chain of the ceiling', rate('chain'), ceiling, 0.75),
    atLeast('edge with 50 events a call', rate('edge, 50 events a call'), 60_000),
    share('edge with 1 event of bare Fastify', rate('edge, 1 event a call'), rate('bare Fastify, 1 event a call'), 0.4),
    atLeast('null sink for each core of the worker', perCore, 300_000),
    below('p99 of /track at half load', found('/track at half load')?.latencyMs?.p99, MAX_P99_MS, 'ms'),
    below('memory of the API', most(summaries, 'api'), MAX_RSS_MB, 'MB'),
    below('memory of the worker', most(summaries, 'worker'), MAX_RSS_MB, 'MB'),
  ].flatMap((goal) => goal ?? [])
}

function share(what: string, value: number | undefined, of: number | undefined, wanted: number): Goal | undefined {
  if (value === undefined || of === undefined) return undefined
  const got = value / of
  return { what, wanted: `≥ ${percent(wanted)}`, got: percent(got), met: got >= wanted }
}

function atLeast(what: string, value: number | undefined, wanted: number): Goal | undefined {
  if (value === undefined) return undefined
  return { what, wanted: `≥ ${grouped(wanted)} events/s`, got: `${grouped(value)} events/s`, met: value >= wanted }
}

function below(what: string, value: number | undefined, wanted: number, unit: string): Goal | undefined {
  if (value === undefined) return undefined
  return { what, wanted: `< ${wanted} ${unit}`, got: `${value.toFixed(1)} ${unit}`, met: value < wanted }
}

function most(summaries: readonly Summary[], process: string): number | undefined {
  const values = summaries.flatMap(({ rssMb }) => rssMb[process] ?? [])
  return values.length === 0 ? undefined : Math.max(...values)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** Thousands with a comma. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}
