import type { LoadTest } from '../../runtime/load-test/record.ts'
import { summaryOf } from '../../runtime/load-test/summary.ts'
import { figure } from '../sizing/figures.ts'
import { type Count, type Findings, isShort } from './findings.ts'
import { sumOf } from './window.ts'

/** What a load test found, as text for a terminal. */
export function textReport(loadTest: LoadTest, findings: Findings): string {
  const { verdict, advice, measured, capacities, counts } = findings
  const sections: readonly (readonly string[])[] = [
    [headline(loadTest, findings), ...verdict.faults.map(({ text }) => item(text))],
    summaryOf(loadTest),
    [saturationLine(findings)],
    section(
      'What one of each carries',
      capacities.map(({ what, eventsPerSecond, basis }) => `${what}: ${figure(eventsPerSecond)} events/s (${basis})`),
    ),
    section(
      'Bulks by flush reason',
      flushReasons(loadTest).map(({ reason, count }) => `${reason}: ${figure(count)}`),
    ),
    section(
      'Coefficients for the sizing model',
      measured.map(({ key, value, basis, how }) => `${key} ${value} (${basis}): ${how}`),
    ),
    section(countsTitle(findings), counts.map(countText)),
    section('What to change', advice),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

export function headline({ asked }: LoadTest, { verdict }: Findings): string {
  return `${figure(asked.eventsPerSecond)} events/s: ${verdict.holds ? 'the load was held.' : 'the load was NOT held.'}`
}

export function saturationLine({ verdict: { saturation } }: Findings): string {
  if (saturation === undefined) return 'Nothing reached its limit.'
  return `The first to reach its limit, after ${figure(Math.round(saturation.fromSeconds))} s: ${saturation.part}, because ${saturation.reason}.`
}

export function countsTitle({ stack }: Findings): string {
  return stack === undefined ? 'Counts that the load needs' : `Counts that stack ${stack} needs for the load`
}

function countText(count: Count): string {
  const { key, seen, needed } = count
  const ran = seen === 0 ? 'not seen' : `${figure(seen)} ran`
  return `${key}: ${ran}, ${figure(needed)} needed${isShort(count) ? ': too few' : ''}`
}

/** Bulks of all workers under load and while draining, most frequent first. */
export function flushReasons({ intervals }: LoadTest): readonly { readonly reason: string; readonly count: number }[] {
  const reasons = new Set(intervals.flatMap(({ worker }) => Object.keys(worker?.flushes ?? {})))
  return [...reasons]
    .map((reason) => ({ reason, count: sumOf(intervals, ({ worker }) => worker?.flushes[reason] ?? 0) }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count)
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map(item)]
}

function item(text: string): string {
  return `  ${text}`
}
