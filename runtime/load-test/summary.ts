import { duration, number } from '../telemetry/format.js'
import type { Asked, Interval, LoadTest } from './record.ts'

/** Whether everything that got a 200 is stored, once, and every call got one. */
export function isWhole({ comparison, drainSeconds, total }: LoadTest): boolean {
  return drainSeconds !== null && comparison.lost === 0 && comparison.twice === 0 && total.failed === 0
}

/** What became of the events, in a few lines. */
export function summaryOf(loadTest: LoadTest): readonly string[] {
  const { total, comparison, drainSeconds, asked } = loadTest
  const { latencyMs } = total
  const answers = Object.entries(total.answers).map(([status, count]) => `${status} × ${number(count)}`)
  return [
    `${number(total.events)} events in ${number(total.calls)} calls within ${duration(asked.seconds)}; ${number(comparison.accepted)} got a 200 (${answers.join(', ') || 'no answers'})`,
    ...(total.failed > 0
      ? [`${number(total.failed)} events were refused; the first refusal: ${total.firstRefusal}`]
      : []),
    `lost ${number(comparison.lost)}, twice ${number(comparison.twice)}, of ${number(comparison.accepted)} compared with Elasticsearch by their ids`,
    ...(comparison.storedWithout200 > 0
      ? [`${number(comparison.storedWithout200)} are stored although their call got no 200: nobody was promised those`]
      : []),
    ...(latencyMs === undefined
      ? []
      : [
          `latency from when a call was due: p50 ${duration(latencyMs.p50 / 1000)}, p90 ${duration(latencyMs.p90 / 1000)}, p99 ${duration(latencyMs.p99 / 1000)}, p99.9 ${duration(latencyMs.p999 / 1000)}, longest ${duration(latencyMs.max / 1000)}`,
        ]),
    drainSeconds === null
      ? 'the backlog did not drain: what is not stored yet counts as lost'
      : `the backlog was empty ${duration(drainSeconds)} after the load`,
    ...loadTest.notes,
  ]
}

/** One line about the present interval. */
export function progress({ seconds }: Pick<Asked, 'seconds'>, interval: Interval): string {
  const { load, toSeconds, fromSeconds, phase, backlogMessages, worker } = interval
  const perSecond = (count: number) => number(count / (toSeconds - fromSeconds))
  const backlog = backlogMessages === undefined ? '?' : number(backlogMessages)
  const stored = worker === undefined ? [] : [`stored ${perSecond(worker.events)}/s`]
  const tail = [...stored, `backlog ${backlog} messages`]
  if (phase === 'drain') return [`${clock(toSeconds)} draining`, ...tail].join(' · ')
  return [
    `${clock(toSeconds)} of ${clock(seconds)} ${phase}`,
    `sent ${perSecond(load.sent)}/s`,
    `answered ${perSecond(load.accepted)}/s`,
    ...(load.failed > 0 ? [`given up ${number(load.failed)}`] : []),
    ...(load.latencyMs === undefined ? [] : [`p99 ${number(load.latencyMs.p99)} ms`]),
    ...tail,
  ].join(' · ')
}

function clock(seconds: number): string {
  const rounded = Math.round(seconds)
  return `${Math.floor(rounded / 60)}:${String(rounded % 60).padStart(2, '0')}`
}
