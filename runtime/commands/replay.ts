import { Command } from 'commander'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { connectQueue } from '../queue/connect.ts'
import { type ReplayOptions, type ReplayProgress, type ReplayReport, replay } from '../replay/replay.ts'
import { createScreen, type Output } from '../screen.ts'
import { searchClient } from '../search/client.ts'
import { duration, number } from '../telemetry/format.js'
import { INCOMPLETE, isoOf, momentOf, printResult, STOPPED } from './output.ts'

/** The options of `replayCommand`, as texts. */
export interface ReplayFlags {
  readonly from: string
  readonly to: string
  readonly eventsPerSecond: string
  readonly json?: boolean
}

const MOST_EVENTS_PER_SECOND = 1_000_000

export function replayCommand(): Command {
  return new Command('replay')
    .description(
      'Stores again what Pulsar keeps, acknowledged messages included: for a lost index, or messages that no worker has stored. What is already stored stays, once. Exit code 0: the whole requested time; 2: some messages are no longer kept, or were skipped; 130: stopped before the end.',
    )
    .requiredOption(
      '--from <time>',
      'published at this time or later: 2026-11-28T06:00Z, 2h before now, or earliest for all that is kept',
    )
    .option('--to <time>', 'published before this time; now: everything up to the start of the replay', 'now')
    .option('--events-per-second <n>', 'maximum rate, so that Elasticsearch keeps up with live events', '2000')
    .option('--json', 'as JSON; progress is on standard error')
}

/** Answers the exit code. */
export async function runReplay(config: Config, flags: ReplayFlags, log: Logger): Promise<number> {
  const options = replayOptions(flags, Date.now())
  const report = await replayWithStatus(config, options, log, flags.json ? process.stderr : process.stdout)
  const code = exitCodeOf(report, options)
  printResult(flags.json, { ...report, exitCode: code }, () => reportLines(report, options).join('\n'))
  return code
}

/** Replays until the end, SIGINT or SIGTERM, and shows on a terminal how far it is. */
export async function replayWithStatus(
  config: Config,
  options: ReplayOptions,
  log: Logger,
  output: Output = process.stdout,
): Promise<ReplayReport> {
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const screen = createScreen(output)
  const admin = pulsarAdmin(config)
  const search = searchClient(config)
  try {
    const transport = await connectQueue(config, admin, log)
    try {
      const access = { config, admin, transport, search, log }
      const show = (progress: ReplayProgress) => screen.status(progressText(progress))
      const report = await replay(access, options, show, stopping.signal)
      screen.status('')
      return report
    } finally {
      await transport.close()
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await admin.close()
    await search.close()
  }
}

/** @throws AppError `command_invalid` with all faults together. */
export function replayOptions(flags: ReplayFlags, nowMs: number): ReplayOptions {
  const faults: string[] = []
  const time = (flag: string, text: string, allowed: string): number => {
    const timeMs = momentOf(text, nowMs)
    if (timeMs === undefined || timeMs > nowMs)
      faults.push(
        `--${flag} is "${text}"; allowed: a past time, like 2026-11-28T06:00Z, a time before now like 90s, 30m or 2h, or ${allowed}`,
      )
    return timeMs ?? Number.NaN
  }
  const fromMs = flags.from === 'earliest' ? undefined : time('from', flags.from, 'earliest')
  const toMs = flags.to === 'now' ? undefined : time('to', flags.to, 'now')
  const eventsPerSecond = Number(flags.eventsPerSecond)
  if (!/^[1-9]\d{0,6}$/.test(flags.eventsPerSecond) || eventsPerSecond > MOST_EVENTS_PER_SECOND)
    faults.push(
      `--events-per-second is "${flags.eventsPerSecond}"; allowed: a whole number from 1 to ${MOST_EVENTS_PER_SECOND}`,
    )
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    faults.push(`--from "${flags.from}" is not before --to "${flags.to}"`)
  if (faults.length > 0) throw new AppError('command_invalid', faults.join('\n'), { context: { faults } })
  return { fromMs, toMs, eventsPerSecond }
}

/** Whether Pulsar had no longer all that was asked for. */
function reachesTooFar({ keptSinceMs }: ReplayReport, { fromMs }: ReplayOptions): boolean {
  if (fromMs === undefined) return false
  return keptSinceMs === undefined || fromMs < keptSinceMs
}

export function exitCodeOf(report: ReplayReport, options: ReplayOptions): number {
  if (!report.finished) return STOPPED
  return reachesTooFar(report, options) || report.deleted > 0 || report.newer > 0 ? INCOMPLETE : 0
}

function progressText({ messages, events, reachedMs, openMessages }: ReplayProgress): string {
  if (reachedMs === undefined) return 'looking for the first message'
  return `${number(messages)} messages with ${number(events)} events read, published until ${isoOf(reachedMs)}; ${number(openMessages)} messages not stored yet`
}

/** What a replay did, and what it could not do, in lines for people. */
export function reportLines(report: ReplayReport, options: ReplayOptions): readonly string[] {
  const { messages, stored, duplicates, conflicts, erased, deadLetters, newer, deleted, keptSinceMs, seconds } = report
  return [
    `${number(messages)} messages read in ${duration(seconds)}: ${number(stored)} events stored, ${number(duplicates)} were already stored, ${number(conflicts)} conflicts, ${number(deadLetters)} dead letters.`,
    ...(erased > 0 ? [`${number(erased)} events were not stored, because their profiles were erased.`] : []),
    ...(conflicts > 0 ? ['In a conflict, the first event stays: docs/guarantees.md.'] : []),
    ...(reachesTooFar(report, options) ? [tooFar(options.fromMs as number, keptSinceMs)] : []),
    ...(deleted > 0
      ? [
          `${number(deleted)} messages were deleted by the retention of Pulsar before they could be read: raise --events-per-second, or PULSAR_RETENTION_SIZE_GIB.`,
        ]
      : []),
    ...(newer > 0
      ? [`${number(newer)} messages have a newer format and were skipped: replay with a newer version.`]
      : []),
    ...(report.finished ? [] : [stoppedText(report, options)]),
  ]
}

function tooFar(fromMs: number, keptSinceMs: number | undefined): string {
  const kept = keptSinceMs === undefined ? 'it keeps nothing' : `it keeps everything since ${isoOf(keptSinceMs)}`
  return `The replay was asked to begin at ${isoOf(fromMs)}, but Pulsar does not keep that much: ${kept}. Earlier messages, if any, are deleted or incomplete.`
}

function stoppedText({ resumeMs }: ReplayReport, { fromMs, toMs }: ReplayOptions): string {
  const from = resumeMs === undefined ? fromMs : Math.max(resumeMs, fromMs ?? 0)
  const flags = [from === undefined ? 'earliest' : isoOf(from), ...(toMs === undefined ? [] : ['--to', isoOf(toMs)])]
  return `Stopped before the end. Continue with: replay --from ${flags.join(' ')}`
}
