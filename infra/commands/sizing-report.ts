import type { Bill } from '../bill.ts'
import type { Cause } from '../causes.ts'
import type { Choice, Range } from '../choices.ts'
import type { Plan } from '../config/resolved.ts'
import { totalOf } from '../cost.ts'
import { hoursToCatchUp } from '../sizing/demand.ts'
import { counted, figure } from '../sizing/figures.ts'
import type { Prices } from '../sizing/prices.ts'
import { columns, wrapped } from './columns.ts'

/** Columns of a terminal that nobody has widened. */
const WIDTH = 80

/** Of a name in a comparison, so that its columns fit. */
const NAME_WIDTH = { withoutWarm: 30, withWarm: 14 }
const TOTALS = ['cores', 'mem GiB', 'disk GiB']

/** What a report is made from. */
export interface Sizing {
  readonly name: string
  /** Equal stacks that carry the load together. All else is of one of them. */
  readonly stacks: number
  readonly plan: Plan
  readonly bill: Bill
  readonly prices: Prices
  readonly choices: readonly Choice[]
  readonly causes: readonly Cause[]
  readonly range: Range | undefined
}

/** The first screen: the load, the bill, what decides it, and what is the matter. For a terminal of 80 columns. */
export function sizingReport(sizing: Sizing): string {
  return [
    wrapped(headOf(sizing), WIDTH),
    divided(sizing),
    tiers(sizing),
    causes(sizing),
    decisions(sizing),
    matters(sizing),
    footer(sizing),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

const money = (value: number) => figure(Math.round(value))

/** The load in one sentence. */
export function headOf({ name, plan: { load, platform, runtime } }: Sizing): string {
  if (load.peakEventsPerSecond === 0) return `${name}: no load is stated, so every number is stated or a default`
  const zones = platform.zones.length
  const mean = load.peakEventsPerSecond * load.meanToPeak
  return (
    `${name}: ${figure(load.peakEventsPerSecond)} events/s at peak, ${figure(mean)} on average, kept for ` +
    `${counted(load.retentionDays, 'day')} in ${counted(1 + runtime.indexReplicas, 'copy', 'copies')}` +
    `${zones > 1 ? ` over ${figure(zones)} zones` : ''}`
  )
}

/** What all stacks cost, where one cannot carry the load. */
export function divided({ stacks, bill, prices }: Sizing): string {
  if (stacks === 1) return ''
  return wrapped(
    `One of ${figure(stacks)} equal stacks: the load is more than one carries. All of them cost ` +
      `${money(stacks * bill.month)} ${prices.currency} a month.`,
    WIDTH,
  )
}

function tiers({ plan, bill, prices, range }: Sizing): string {
  const share = (month: number) => `${figure(Math.round((month / bill.month) * 100))} %`
  const total = totalOf(bill.tiers)
  const row = (tier: string, { pods, cpuMillicores, memoryMib, diskGib }: typeof total, month: number) => [
    ...[tier, figure(pods), figure(Math.round(cpuMillicores / 100) / 10), figure(Math.round(memoryMib / 1024))],
    ...[diskGib === 0 ? '' : figure(diskGib), money(month), share(month)],
  ]
  const crossed = ['between zones', '', '', '', '', money(bill.traffic.month), share(bill.traffic.month)]
  const { snapshots } = bill
  const stored = ['snapshots', '', '', '', figure(snapshots.gib), money(snapshots.month), share(snapshots.month)]
  const rows = [
    ['tier', 'pods', 'cores', 'mem GiB', 'disk GiB', `${prices.currency}/month`, ''],
    ...bill.tiers.map((tier) => row(tier.tier, tier, tier.month)),
    ...(bill.traffic.month > 0 ? [crossed] : []),
    ...(bill.snapshots.gib > 0 ? [stored] : []),
    row('all', total, bill.month),
  ]
  const uncertain =
    range === undefined || plan.load.peakEventsPerSecond === 0
      ? ''
      : ` As a new stack ${money(range.low)} to ${money(range.high)}, by how well your events compress: measure that first.`
  return `${columns(rows)}${wrapped(`Prices: ${prices.of}; yours by --prices FILE.${uncertain}`, WIDTH)}`
}

/** What the bill is for, in one sentence. */
function causes({ causes: all }: Sizing): string {
  if (all.length === 0) return ''
  const parts = all.map(({ what, month }) => `${what} ${money(month)}`)
  return wrapped(`As a new stack it is for ${parts.join(', ')}.`, WIDTH)
}

function decisions({ choices, prices }: Sizing): string {
  const rows = choices
    .slice(0, 3)
    .map(({ key, now, instead, saves, loses }) => [
      `  ${key.replace('runtime.', '')} ${instead}, not ${now}`,
      `-${money(saves)}`,
      loses,
    ])
  if (rows.length === 0) return ''
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  const lines = rows.map(
    ([what, saves, loses]) =>
      `${(what as string).padEnd(widths[0] as number)}  ${(saves as string).padStart(widths[1] as number)}  ${loses}`,
  )
  return `What would save most, in ${prices.currency} a month, and what it gives up\n${lines.join('\n')}\n`
}

function matters({ plan: { findings } }: Sizing): string {
  return findings.map(({ code, level, message }) => wrapped(`${level} ${code}: ${message}`, WIDTH, '  ')).join('')
}

function footer({ plan }: Sizing): string {
  const { load, coefficients, demand } = plan
  if (demand === undefined) return ''
  const hours = hoursToCatchUp(load, coefficients, demand.storingFactor)
  return wrapped(
    `A backlog of ${counted(load.backlogHours, 'hour')} is stored within ${figure(hours)} hours. ${states(plan)} ` +
      'Reasons of every number: --why.',
    WIDTH,
  )
}

/** For how long sessions and profiles have room. */
function states({ load, elasticsearch, runtime }: Plan): string {
  const room = counted(load.stateDays, 'day')
  const { sessionRetentionDays, profileRetentionDays } = runtime
  const expires = elasticsearch.expireIndices || elasticsearch.url !== ''
  const kept = [
    ...(expires && sessionRetentionDays > 0 ? [] : ['sessions']),
    ...(expires && profileRetentionDays > 0 ? [] : ['profiles']),
  ].join(' and ')
  return kept === '' ? '' : `There is room for ${room} of new ${kept}: nothing deletes them.`
}

/** Each number with where it comes from and why. */
export function reasonsReport({ reasons }: Plan): string {
  return reasons
    .map(({ key, value, unit, from, reason }) => {
      const why = from === 'derived' ? reason.replace(/^[\w,.]+: /, '') : reason
      return `${key} = ${`${typeof value === 'number' ? figure(value) : value} ${unit}`.trim()} (${from})\n${wrapped(why, WIDTH, '  ', '  ')}`
    })
    .join('\n')
}

/** One line for each of several sizings; a name that is too long for its column has a line of its own. */
export function comparison(sizings: readonly Sizing[], prices: Prices): string {
  const hasWarm = sizings.some(({ plan }) => plan.elasticsearch.warmNodes > 0)
  const width = hasWarm ? NAME_WIDTH.withWarm : NAME_WIDTH.withoutWarm
  const labelOf = ({ name, stacks }: Sizing) => (stacks === 1 ? name : `${name} (one of ${figure(stacks)})`)
  const rows = sizings.map((sizing) => {
    const { plan, bill } = sizing
    const label = labelOf(sizing)
    const total = totalOf(bill.tiers)
    const { dataNodes, dataGib, warmNodes, warmGib } = plan.elasticsearch
    return [
      ...[label.length > width ? '' : label, money(bill.month), `${dataNodes} × ${figure(dataGib)}`],
      ...(hasWarm ? [warmNodes === 0 ? '' : `${warmNodes} × ${figure(warmGib)}`] : []),
      ...[total.cpuMillicores / 1000, total.memoryMib / 1024, total.diskGib].map((value) => figure(Math.round(value))),
    ]
  })
  const head = ['', `${prices.currency}/month`, 'data nodes', ...(hasWarm ? ['warm nodes'] : []), ...TOTALS]
  const [first = '', ...lines] = columns([head, ...rows])
    .trimEnd()
    .split('\n')
  const named = sizings.flatMap((sizing, at) => {
    const label = labelOf(sizing)
    return [...(label.length > width ? [label] : []), lines[at] as string]
  })
  return `${[first, ...named].join('\n')}\n`
}
