import type { Interval, LoadTest } from '../../runtime/load-test/record.ts'
import { type Chart, type Line, lineChart, type Point } from './line-chart.ts'
import { FULL_CORE } from './saturation.ts'
import { busiestNode, most, secondsOf, sumOf } from './window.ts'

/** More points would be a thicket. */
const MOST_POINTS = 120

type Value = (interval: Interval) => number | null | undefined
type Join = (values: readonly number[]) => number

/** The charts of a load test, as HTML. */
export function chartsOf({ intervals, asked }: Pick<LoadTest, 'intervals' | 'asked'>): string {
  const seconds = most([asked.seconds, ...intervals.map(({ toSeconds }) => toSeconds)])
  const base = { seconds, spans: spansOf(intervals) }
  const stretches = stretchesOf(intervals)
  const line = (name: string, colour: Line['colour'], of: Value, join: Join = mean): Line => ({
    name,
    colour,
    points: stretches.map((stretch) => pointOf(stretch, of, join)),
  })
  const charts: readonly Chart[] = [
    {
      ...base,
      title: 'Throughput',
      unit: 'events/s',
      lines: [line('sent', 'first', sent), line('stored', 'second', stored)],
    },
    {
      ...base,
      title: 'Latency of a call, from when it was due',
      unit: 'ms, the maximum of each interval',
      lines: [
        line('p99', 'first', ({ load }) => load.latencyMs?.p99, most),
        line('p50', 'second', ({ load }) => load.latencyMs?.p50, most),
      ],
    },
    {
      ...base,
      title: 'Backlog',
      unit: 'messages not yet acknowledged, the maximum of each interval',
      lines: [line('messages', 'first', ({ backlogMessages }) => backlogMessages, most)],
    },
    {
      ...base,
      title: 'The busiest of each',
      unit: '% of its core; of all its cores for a data node and the machine',
      limit: { name: 'its limit', y: FULL_CORE * 100 },
      least: 100,
      lines: [
        line("the load test's machine", 'fourth', ({ generator }) => generator.machineBusy * 100),
        line('Elasticsearch', 'third', (interval) => interval.nodes && busiestNode(interval) * 100),
        line('API', 'first', ({ api }) => api && most(api.cores) * 100),
        line('worker', 'second', ({ worker }) => worker && most(worker.cores) * 100),
      ],
    },
  ]
  return charts.map(lineChart).join('\n')
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

function pointOf(stretch: readonly Interval[], of: Value, join: Join): Point | undefined {
  const values = stretch.map(of).filter((value) => value != null)
  return values.length === 0 ? undefined : { x: stretch.at(-1)?.toSeconds ?? 0, y: join(values) }
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
