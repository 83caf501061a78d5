import { seriesOf } from '../telemetry/metrics.ts'
import { HISTORY_MS, type HistorySample, RATE_MS } from './history.ts'
import type { ChartPoint, Figures } from './state.ts'

const STEP_MS = 5000
/** Moments further apart than this have nothing between them that this API saw: nobody looked at the page then. */
const GAP_MS = 15_000

const ACCEPTED = seriesOf('tracardi_api_events_total', { outcome: 'accepted' })
const STORED = seriesOf('tracardi_worker_events_total', { outcome: 'stored' })

/**
 * The last 15 minutes in steps of 5 s, each at a multiple of it, so that the line moves and does not tremble. A rate is
 * that of the 10 s before its point.
 */
export function chartOf(moments: readonly HistorySample[]): Figures['chart'] {
  const last = moments.at(-1)
  const endMs = last ? Math.floor(last.atMs / STEP_MS) * STEP_MS : 0
  const firstMs = Math.ceil((moments[0]?.atMs ?? endMs) / STEP_MS) * STEP_MS
  const points: ChartPoint[] = []
  for (let atMs = Math.max(firstMs, endMs - HISTORY_MS + STEP_MS); atMs <= endMs && last; atMs += STEP_MS) {
    const rate = (key: string) => {
      const [now, then] = [at(moments, atMs, key), at(moments, atMs - RATE_MS, key)]
      return now === null || then === null ? null : ((now - then) * 1000) / RATE_MS
    }
    points.push({
      atMs,
      acceptedPerSecond: rate(ACCEPTED),
      storedPerSecond: rate(STORED),
      backlogMessages: backlogAt(moments, atMs),
    })
  }
  return { stepSeconds: STEP_MS / 1000, points }
}

/** A total at a time between two moments, on the straight line from one to the other; `null` where it was not seen. */
function at(moments: readonly HistorySample[], atMs: number, key: string): number | null {
  const around = neighbours(moments, atMs)
  if (!around) return null
  const [before, after] = around
  const [from, to] = [before.totals.get(key)?.value, after.totals.get(key)?.value]
  if (from === undefined || to === undefined) return null
  return after === before ? to : from + ((to - from) * (atMs - before.atMs)) / (after.atMs - before.atMs)
}

function backlogAt(moments: readonly HistorySample[], atMs: number): number | null {
  const backlog = neighbours(moments, atMs)?.[0].backlog
  return backlog ? [...backlog.values()].reduce((sum, one) => sum + one, 0) : null
}

/** The moments before and after a time, by halving: there are several hundred, and each point asks for some. */
function neighbours(
  moments: readonly HistorySample[],
  atMs: number,
): readonly [HistorySample, HistorySample] | undefined {
  let [low, high] = [0, moments.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((moments[middle] as HistorySample).atMs <= atMs) low = middle
    else high = middle - 1
  }
  const before = moments[low]
  if (!before || before.atMs > atMs) return undefined
  const after = moments[low + 1] ?? before
  if (after.atMs - before.atMs > GAP_MS || (after === before && before.atMs < atMs)) return undefined
  return [before, after]
}
