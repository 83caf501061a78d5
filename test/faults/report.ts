import type { Comparison } from './comparison.ts'

/** One time that a fault was injected. */
export interface Injection {
  readonly fault: string
  /** From the end of the fault until a new event was answered 200 and stored. */
  readonly recoveryMs: number
}

export interface Row {
  readonly fault: string
  readonly times: number
  readonly accepted: number
  readonly lost: number
  readonly twice: number
  readonly medianRecoveryMs: number
  readonly longestRecoveryMs: number
}

/** A line for each fault, in the order in which they first came, and one for all. */
export function rowsOf(injections: readonly Injection[], comparisons: ReadonlyMap<string, Comparison>): readonly Row[] {
  const faults = [...new Set([...injections.map(({ fault }) => fault), ...comparisons.keys()])]
  const rows = faults.map((fault) =>
    row(
      fault,
      injections.filter((one) => one.fault === fault),
      [comparisons.get(fault)],
    ),
  )
  return [...rows, row('all', injections, [...comparisons.values()])]
}

function row(fault: string, injections: readonly Injection[], comparisons: readonly (Comparison | undefined)[]): Row {
  const sum = (count: (of: Comparison) => number) =>
    comparisons.reduce((total, of) => total + (of === undefined ? 0 : count(of)), 0)
  const recoveries = injections.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b)
  return {
    fault,
    times: injections.length,
    accepted: sum(({ accepted }) => accepted),
    lost: sum(({ lost }) => lost.length),
    twice: sum(({ twice }) => twice.length),
    medianRecoveryMs: recoveries[Math.floor(recoveries.length / 2)] ?? 0,
    longestRecoveryMs: recoveries.at(-1) ?? 0,
  }
}

const seconds = (ms: number) => (ms / 1000).toFixed(1)

/** The rows as a table of Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ fault, times, accepted, lost, twice, medianRecoveryMs, longestRecoveryMs }) =>
      `| ${fault} | ${accepted.toLocaleString('en')} | ${times} | ${lost} | ${twice} | ${seconds(medianRecoveryMs)} | ${seconds(longestRecoveryMs)} |`,
  )
  const head = ['| fault | events with a 200 | times | lost | twice | recovery, median s | longest s |']
  return [...head, '| --- | ---: | ---: | ---: | ---: | ---: | ---: |', ...lines].join('\n')
}
