import { number } from '../telemetry/format.js'
import type { Asked, Interval } from './record.ts'

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
