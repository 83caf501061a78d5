import { type CauseCode, hiddenBy } from '../telemetry/causes.ts'
import type { Finding } from './advice/rule.ts'
import type { Advice, PastAdvice } from './state.ts'

/** What was advised up to now, and what the next observation needs. */
export interface AdviceLog {
  /** The advice now, the most urgent first. */
  readonly standing: readonly Advice[]
  /** What has gone, the latest first. */
  readonly past: readonly PastAdvice[]
  /** What was found without a pause, whether it is shown or not, and since when. */
  readonly found: ReadonlyMap<CauseCode, number>
  /** When each cause that was shown stood last. */
  readonly lastAtMs: ReadonlyMap<CauseCode, number>
  readonly atMs: number
}

export const NOTHING_ADVISED: AdviceLog = {
  standing: [],
  past: [],
  found: new Map(),
  lastAtMs: new Map(),
  atMs: 0,
}

/** Lines of history that are shown, and those in memory. */
const MOST_PAST = 50
/** What is counted over 20 s still shows a cause that has gone. */
const ECHO_MS = 30_000
/** Between two observations lie 2 s. After a longer time nobody knows what was meanwhile. */
const UNSEEN_MS = 15_000

/** How long some causes must be found before they are shown: one answer that is late under load is none. */
const SHOWN_AFTER_MS: Readonly<Partial<Record<CauseCode, number>>> = {
  instance_silent: 3000,
  // A worker that is late is not gone, and `instance_silent` says more of one that is.
  no_worker: 3000,
  // A lane that a single refusal closes opens again at the next attempt.
  lane_closed: 5000,
  worker_not_receiving: 5000,
  // The rate is over 10 s, or less where the observing has just begun.
  nothing_stored: 10_000,
  partition_lags: 10_000,
  backlog_grows: 5000,
  calls_unrouted: 3000,
}

/**
 * The advice after another observation: without what follows from a deeper cause, or followed from one that has just gone. Pure.
 *
 * @param findings what holds now, the most urgent first.
 * @param atMs of the observation, in milliseconds since the epoch.
 */
export function nextAdvice(log: AdviceLog, findings: readonly Finding[], atMs: number): AdviceLog {
  const isContinued = atMs - log.atMs <= UNSEEN_MS
  const found = new Map(findings.map(({ code }) => [code, (isContinued ? log.found.get(code) : undefined) ?? atMs]))
  const shown = findings.filter(({ code }) => atMs - (found.get(code) as number) >= (SHOWN_AFTER_MS[code] ?? 0))
  const hidden = new Set([...shown.map(({ code }) => code), ...echoing(log, atMs)].flatMap(hiddenBy))
  const standing = shown
    .filter(({ code }) => !hidden.has(code))
    .map((finding) => ({ ...finding, sinceMs: sinceOf(log, finding, found.get(finding.code) as number) }))
  const codes = new Set<CauseCode>(standing.map(({ code }) => code))
  const gone = log.standing
    .filter(({ code }) => !codes.has(code))
    .map((one) => pastOf(one, isContinued ? atMs : log.atMs))
  // One that comes back soon is the same occurrence.
  const kept = log.past.filter(({ code, untilMs }) => !(codes.has(code) && atMs - untilMs <= ECHO_MS))
  const lastAtMs = new Map([...log.lastAtMs, ...[...codes].map((code) => [code, atMs] as const)])
  return { standing, past: [...gone, ...kept].slice(0, MOST_PAST), found, lastAtMs, atMs }
}

/** Causes that stood until a moment ago, but not now. */
function echoing({ lastAtMs }: AdviceLog, atMs: number): readonly CauseCode[] {
  return [...lastAtMs].filter(([, last]) => atMs - last <= ECHO_MS).map(([code]) => code)
}

function sinceOf({ standing, past }: AdviceLog, { code, sinceMs }: Finding, foundAtMs: number): number {
  const before = standing.find((one) => one.code === code)
  if (before) return before.sinceMs
  const earlier = past.find((one) => one.code === code && foundAtMs - one.untilMs <= ECHO_MS)
  return earlier?.fromMs ?? Math.min(sinceMs ?? foundAtMs, foundAtMs)
}

/**
 * The past advice of several APIs. Lines of one code that overlap are one line; a cause that is back has none. The latest first.
 *
 * @param lines in any order.
 */
export function mergedPast(lines: readonly PastAdvice[], standing: readonly Advice[]): readonly PastAdvice[] {
  const merged: PastAdvice[] = []
  for (const line of [...lines].sort((one, other) => one.fromMs - other.fromMs)) {
    const at = merged.findLastIndex(({ code, untilMs }) => code === line.code && line.fromMs <= untilMs)
    const same = merged[at]
    if (!same) merged.push(line)
    else merged[at] = { ...same, untilMs: Math.max(same.untilMs, line.untilMs) }
  }
  return merged
    .filter(({ code, untilMs }) => !standing.some((one) => one.code === code && one.sinceMs <= untilMs))
    .sort((one, other) => other.untilMs - one.untilMs)
    .slice(0, MOST_PAST)
}

function pastOf({ code, severity, title, where, sinceMs: fromMs }: Advice, untilMs: number): PastAdvice {
  return { code, severity, title, where, fromMs, untilMs }
}
