import { durationText } from './duration.ts'
import type { LoadTest } from './record.ts'

/** Whether everything that got a 200 is stored, once, and every call got one. */
export function isWhole({ comparison, drainSeconds, total }: LoadTest): boolean {
  return drainSeconds !== null && comparison.lost === 0 && comparison.twice === 0 && total.failed === 0
}

/** What became of the events, in a few lines. */
export function summaryOf(loadTest: LoadTest): readonly string[] {
  const { total, comparison, drainSeconds, asked } = loadTest
  const { latencyMs } = total
  const answers = Object.entries(total.answers).map(([status, count]) => `${status} × ${figure(count)}`)
  return [
    `${figure(total.events)} events in ${figure(total.calls)} calls within ${durationText(asked.seconds)}; ${figure(comparison.accepted)} got a 200 (${answers.join(', ') || 'no answers'})`,
    ...(total.failed > 0
      ? [`${figure(total.failed)} events were refused; the first refusal: ${total.firstRefusal}`]
      : []),
    `lost ${figure(comparison.lost)}, twice ${figure(comparison.twice)}, of ${figure(comparison.accepted)} compared with Elasticsearch by their ids`,
    ...(comparison.storedWithout200 > 0
      ? [`${figure(comparison.storedWithout200)} are stored although their call got no 200: nobody was promised those`]
      : []),
    ...(latencyMs === undefined
      ? []
      : [
          `latency from when a call was due: p50 ${ms(latencyMs.p50)}, p90 ${ms(latencyMs.p90)}, p99 ${ms(latencyMs.p99)}, p99.9 ${ms(latencyMs.p999)}, longest ${ms(latencyMs.max)}`,
        ]),
    drainSeconds === null
      ? 'the backlog did not drain: what is not stored yet counts as lost'
      : `the backlog was empty ${durationText(drainSeconds)} after the load`,
    ...loadTest.notes,
  ]
}

function ms(value: number): string {
  return value < 1000 ? `${figure(value)} ms` : `${figure(value / 1000)} s`
}

function figure(value: number): string {
  return value.toLocaleString('en-US', value < 10 ? { maximumFractionDigits: 1 } : { maximumFractionDigits: 0 })
}
