import type { Interval, LoadTest } from '../../runtime/load-test/record.ts'
import { FULL_CORE } from '../../runtime/telemetry/bottlenecks.ts'
import { busiestNode, most, secondsOf, sumOf } from './window.ts'

/** More points would be a thicket. */
const MOST_POINTS = 120

type Value = (interval: Interval) => number | null | undefined
type Join = (values: readonly number[]) => number

export interface Line {
  readonly name: string
  /** Custom property of the style sheet. */
  readonly colour: 'first' | 'second' | 'third' | 'fourth'
  /** One for each time of the chart; `null` is a gap. */
  readonly values: readonly (number | null)[]
}

/** A chart over the seconds of a load test, as the script of the page draws it. */
export interface Chart {
  readonly title: string
  readonly unit: string
  /** Times of the values, in seconds since the beginning. */
  readonly at: readonly number[]
  /** End of the x axis, in seconds. */
  readonly seconds: number
  readonly lines: readonly Line[]
  /** Spans that are shaded, with their names. */
  readonly spans: readonly { readonly name: string; readonly from: number; readonly to: number }[]
  /** A level that is marked across the chart. */
  readonly limit?: { readonly name: string; readonly value: number }
  /** Minimum end of the y axis. */
  readonly least?: number
}

/** What the charts of a load test show. */
export function chartsOf({ intervals, asked }: Pick<LoadTest, 'intervals' | 'asked'>): readonly Chart[] {
  const seconds = most([asked.seconds, ...intervals.map(({ toSeconds }) => toSeconds)])
  const stretches = stretchesOf(intervals)
  const at = stretches.map((stretch) => stretch.at(-1)?.toSeconds ?? 0)
  const base = { at, seconds, spans: spansOf(intervals) }
  const line = (name: string, colour: Line['colour'], of: Value, join: Join = mean): Line => ({
    name,
    colour,
    values: stretches.map((stretch) => valueOfStretch(stretch, of, join)),
  })
  return [
    {
      ...base,
      title: 'Throughput',
      unit: 'events/s',
      lines: [line('sent', 'first', sent), line('stored', 'second', stored)],
    },
    {
      ...base,
      title: 'Latency of a call, from when it was due',
      unit: 'ms, maximum of each interval',
      lines: [
        line('p99', 'first', ({ load }) => load.latencyMs?.p99, most),
        line('p50', 'second', ({ load }) => load.latencyMs?.p50, most),
      ],
    },
    {
      ...base,
      title: 'Backlog',
      unit: 'messages not acknowledged, maximum of each interval',
      lines: [line('messages', 'first', ({ backlogMessages }) => backlogMessages, most)],
    },
    {
      ...base,
      title: 'The busiest of each',
      unit: '% of its core; of all its cores for a data node and the machine',
      limit: { name: 'its limit', value: FULL_CORE * 100 },
      least: 100,
      lines: [
        line("the load test's machine", 'fourth', ({ generator }) => generator.machineBusy * 100),
        line('Elasticsearch', 'third', (interval) => interval.nodes && busiestNode(interval) * 100),
        line('API', 'first', ({ api }) => api && most(api.cores) * 100),
        line('worker', 'second', ({ worker }) => worker && most(worker.cores) * 100),
      ],
    },
  ]
}

function sent(interval: Interval): number | undefined {
  return interval.phase === 'drain' ? undefined : interval.load.sent / secondsOf(interval)
}

function stored(interval: Interval): number | undefined {
  return interval.worker && interval.worker.events / secondsOf(interval)
}

function stretchesOf(intervals: readonly Interval[]): readonly (readonly Interval[])[] {
  const each = Math.max(1, Math.ceil(intervals.length / MOST_POINTS))
  const count = Math.ceil(intervals.length / each)
  return Array.from({ length: count }, (_, index) => intervals.slice(index * each, (index + 1) * each))
}

function valueOfStretch(stretch: readonly Interval[], of: Value, join: Join): number | null {
  const values = stretch.map(of).filter((value) => value != null)
  return values.length === 0 ? null : join(values)
}

function mean(values: readonly number[]): number {
  return sumOf(values, (value) => value) / values.length
}

/** Spans of the same phase, but for the plateau. */
function spansOf(intervals: readonly Interval[]): Chart['spans'] {
  const spans: { name: string; from: number; to: number }[] = []
  for (const { phase, fromSeconds, toSeconds } of intervals) {
    const last = spans.at(-1)
    if (phase === 'plateau') continue
    if (last?.name === phase && last.to === fromSeconds) last.to = toSeconds
    else spans.push({ name: phase, from: fromSeconds, to: toSeconds })
  }
  return spans
}
