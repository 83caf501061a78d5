import type { LoadTest } from '../../runtime/load-test/record.ts'
import { counted, figure } from '../sizing/figures.ts'
import { firstSaturation, isBehind, type Saturation } from './saturation.ts'
import { most } from './window.ts'

/** What is asked of the system besides that it loses nothing. */
export interface Objectives {
  /** Of the latency of a call, from when it was due, in milliseconds. */
  readonly p99Ms: number
}

/** Something that was asked of the system and was not held. */
export interface VerdictFault {
  readonly code: string
  readonly facts: Readonly<Record<string, number>>
  readonly text: string
}

/** Whether the load was held. */
export interface Verdict {
  readonly holds: boolean
  /** Why not. */
  readonly faults: readonly VerdictFault[]
  readonly saturation: Saturation | undefined
}

/** A generator that is later than this did not make the load that was asked for. */
const LATE_MS = 1000

/** Judges a load test: nothing lost, nothing twice, every call taken in time, and the backlog no longer than workers hold. */
export function judge(loadTest: LoadTest, { p99Ms }: Objectives): Verdict {
  const { comparison, total, drainSeconds, intervals, settings } = loadTest
  const load = intervals.filter(({ phase }) => phase !== 'drain')
  const last = load.at(-1)
  const late = most(load.map((interval) => interval.load.lateMs))
  const p99 = total.latencyMs?.p99 ?? 0
  const faults = [
    ...fault(
      comparison.lost > 0,
      'events_lost',
      { events: comparison.lost },
      `${counted(comparison.lost, 'event')} that got a 200 ${comparison.lost === 1 ? 'is' : 'are'} not stored`,
    ),
    ...fault(
      comparison.twice > 0,
      'events_twice',
      { events: comparison.twice },
      `${counted(comparison.twice, 'event')} ${comparison.twice === 1 ? 'is' : 'are'} stored more than once`,
    ),
    ...fault(
      total.failed > 0,
      'events_refused',
      { events: total.failed },
      `${counted(total.failed, 'event')} were refused: ${total.firstRefusal ?? 'no answer'}`,
    ),
    ...fault(comparison.accepted === 0, 'nothing_accepted', {}, 'no event got a 200'),
    ...fault(drainSeconds === null, 'not_drained', {}, 'the backlog did not drain'),
    ...fault(
      last !== undefined && isBehind(last, settings),
      'backlog_grew',
      { messages: last?.backlogMessages ?? 0 },
      `the backlog grew to ${counted(last?.backlogMessages ?? 0, 'message')} by the end of the load`,
    ),
    ...fault(
      p99 > p99Ms,
      'latency_high',
      { p99Ms: p99, askedMs: p99Ms },
      `the p99 latency is ${figure(p99)} ms; ${figure(p99Ms)} ms was the maximum`,
    ),
    ...fault(
      late > LATE_MS,
      'load_late',
      { lateMs: late },
      `calls were sent up to ${figure(late)} ms after they were due: less load was sent than requested`,
    ),
  ]
  return { holds: faults.length === 0, faults, saturation: firstSaturation(loadTest) }
}

function fault(is: boolean, code: string, facts: VerdictFault['facts'], text: string): readonly VerdictFault[] {
  return is ? [{ code, facts, text }] : []
}
