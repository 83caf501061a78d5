import type { Interval, Rehearsal } from '../../runtime/rehearsal/record.ts'
import { type Chart, type Line, lineChart } from './line-chart.ts'
import { FULL_CORE } from './saturation.ts'
import { busiestNode, most, secondsOf } from './window.ts'

/** The charts of a rehearsal, as HTML. */
export function chartsOf({ intervals, asked }: Pick<Rehearsal, 'intervals' | 'asked'>): string {
  const seconds = most([asked.seconds, ...intervals.map(({ toSeconds }) => toSeconds)])
  const line = (name: string, colour: Line['colour'], of: (interval: Interval) => number | null | undefined): Line => ({
    name,
    colour,
    points: intervals.map((interval) => {
      const y = of(interval)
      return y == null ? undefined : { x: interval.toSeconds, y }
    }),
  })
  const load =
    <T>(of: (interval: Interval) => T) =>
    (interval: Interval) =>
      interval.phase === 'drain' ? undefined : of(interval)
  const base = { seconds, spans: spansOf(intervals) }
  const charts: readonly Chart[] = [
    {
      ...base,
      title: 'Throughput',
      unit: 'events/s',
      lines: [
        line(
          'sent',
          'first',
          load((interval) => interval.load.sent / secondsOf(interval)),
        ),
        line('stored', 'second', (interval) => interval.worker && interval.worker.events / secondsOf(interval)),
      ],
    },
    {
      ...base,
      title: 'Latency of a call, from when it was due',
      unit: 'ms',
      lines: [
        line(
          'p99',
          'first',
          load((interval) => interval.load.latencyMs?.p99),
        ),
        line(
          'p50',
          'second',
          load((interval) => interval.load.latencyMs?.p50),
        ),
      ],
    },
    {
      ...base,
      title: 'Backlog',
      unit: 'messages that no worker is done with',
      lines: [line('messages', 'first', (interval) => interval.backlogMessages)],
    },
    {
      ...base,
      title: 'The busiest of each',
      unit: '% of its core; of all its cores for a data node and the machine',
      limit: { name: 'its limit', y: FULL_CORE * 100 },
      least: 100,
      lines: [
        line('API', 'first', ({ api }) => api && most(api.cores) * 100),
        line('worker', 'second', ({ worker }) => worker && most(worker.cores) * 100),
        line('Elasticsearch', 'third', (interval) => interval.nodes && busiestNode(interval) * 100),
        line("the rehearsal's machine", 'fourth', ({ generator }) => generator.machineBusy * 100),
      ],
    },
  ]
  return charts.map(lineChart).join('\n')
}

/** Stretches of the same phase but the plateau. */
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
