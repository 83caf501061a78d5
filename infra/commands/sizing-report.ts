import type { Plan } from '../config/resolved.ts'
import { costOf, type TierCost, totalOf } from '../cost.ts'
import { platformSettings } from '../stack-args.ts'

type Row = readonly string[]

/** The numbers of a stack with their reasons, and what its tiers ask of a cluster, as text for a terminal. */
export function sizingReport(plan: Plan): string {
  const numbers = plan.reasons.map(({ key, value, unit, from, reason }) => [
    key,
    `${value} ${unit}`.trim(),
    from,
    reason,
  ])
  const costs = costOf(platformSettings(plan))
  const total = ['all', ...figures(totalOf(costs))]
  return [
    columns([['key', 'value', 'from', 'why'], ...numbers]),
    columns([['tier', 'pods', 'CPU', 'memory', 'disk'], ...costs.map((cost) => [cost.tier, ...figures(cost)]), total]),
    ...plan.warnings.map((warning) => `warning: ${warning}\n`),
  ].join('\n')
}

/** Pods, CPU cores, memory and disk, as people read them. */
export function figures({ pods, cpuMillicores, memoryMib, diskGib }: Omit<TierCost, 'tier'>): Row {
  const short = (value: number) => String(Math.round(value * 100) / 100)
  return [
    String(pods),
    short(cpuMillicores / 1000),
    `${short(memoryMib / 1024)} GiB`,
    diskGib === 0 ? '' : `${diskGib} GiB`,
  ]
}

function columns(rows: readonly Row[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, n) => cell.padEnd(widths[n] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
