import { type Metric, sumOf } from '../metrics-text.ts'

/** What the run shows of the pipeline at one moment. Values that could not be read are omitted. */
export interface Sample {
  readonly atMs: number
  readonly eventsIn?: number | undefined
  readonly stored?: number | undefined
  readonly duplicates?: number | undefined
  readonly deadLettered?: number | undefined
  readonly backlogMessages?: number | undefined
  readonly lastFlush?: Flush | undefined
}

export interface Flush {
  readonly reason: string
  readonly atMs: number
}

export function sampleOf(
  atMs: number,
  api: readonly Metric[],
  worker: readonly Metric[],
  backlogMessages: number | undefined,
): Sample {
  const done = (outcome: string): number | undefined => sumOf(worker, 'tracardi_worker_events_total', { outcome })
  return {
    atMs,
    eventsIn: sumOf(api, 'tracardi_api_events_total', { outcome: 'accepted' }),
    stored: done('stored'),
    duplicates: done('duplicate'),
    deadLettered: done('dead_lettered'),
    backlogMessages,
    lastFlush: lastFlush(worker),
  }
}

/** The flush of the greatest timestamp; a reason that never flushed has 0. */
function lastFlush(worker: readonly Metric[]): Flush | undefined {
  const flushes = worker
    .filter(({ name, value }) => name === 'tracardi_worker_last_flush_timestamp_seconds' && value > 0)
    .sort((one, other) => other.value - one.value)
  const latest = flushes[0]
  return latest && { reason: latest.labels['reason'] ?? 'unknown', atMs: latest.value * 1000 }
}

/** Counts across restarts of a program, whose own counters begin at 0 again. */
export function goOnCounting(): (reading: number | undefined) => number | undefined {
  let before = 0
  let last: number | undefined
  return (reading) => {
    if (reading !== undefined) {
      if (last !== undefined && reading < last) before += last
      last = reading
    }
    return last === undefined ? undefined : before + last
  }
}

/** The line that is shown. Rates are since the `earlier` sample. */
export function formatStatus(sample: Sample, earlier: Sample): string {
  const seconds = (sample.atMs - earlier.atMs) / 1000
  const counted = (now: number | undefined, then: number | undefined): string => {
    if (now === undefined) return '?'
    const rate = seconds > 0 ? Math.max(0, Math.round((now - (then ?? now)) / seconds)) : 0
    return rate > 0 ? `${grouped(now)} (${grouped(rate)}/s)` : grouped(now)
  }
  return [
    `events in ${counted(sample.eventsIn, earlier.eventsIn)}`,
    `stored ${counted(sample.stored, earlier.stored)}`,
    `backlog ${sample.backlogMessages === undefined ? '?' : counting(sample.backlogMessages, 'message')}`,
    ...seldom(sample.duplicates, 'duplicate'),
    ...seldom(sample.deadLettered, 'dead letter'),
    flushed(sample),
  ].join(' · ')
}

/** What makes two lines different for somebody who reads a log: the numbers, not how long ago something was. */
export function statusKey({ atMs: _, ...facts }: Sample): string {
  return JSON.stringify(facts)
}

function flushed({ atMs, lastFlush }: Sample): string {
  if (!lastFlush) return 'no flush yet'
  return `last flush ${Math.max(0, Math.round((atMs - lastFlush.atMs) / 1000))} s ago (${lastFlush.reason})`
}

/** Shown only when there are some, because they are worth a look. */
function seldom(count: number | undefined, noun: string): string[] {
  return count ? [counting(count, noun)] : []
}

function counting(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
