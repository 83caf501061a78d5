import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { barOf, highest, type Panel, svgOf } from '../chart.ts'
import { grouped } from '../goals.ts'
import type { Material } from '../material.ts'
import { say } from '../say.ts'
import { ceilingOf, cpuMicros, type Summary } from '../summary.ts'
import { markdown } from '../table.ts'
import { judgeShards, type ShardGoal } from './goals.ts'
import { elasticsearchMicros, lineOf, type ShardOutcome, type ShardSummary } from './summary.ts'

export interface ShardRun {
  readonly material: Pick<Material, 'mix' | 'events' | 'bytesPerEvent'>
  /** Events a second of the low load. */
  readonly lowLoad: number
  /** The other checkout. */
  readonly compare: string | undefined
}

/** Prints the tables, and writes them as a page, with every round as JSON, and as a chart. */
export async function reportShards(
  folder: string,
  { material: { mix, events, bytesPerEvent }, lowLoad, compare }: ShardRun,
  summaries: readonly ShardSummary[],
  outcomes: readonly ShardOutcome[],
): Promise<void> {
  const goals = judgeShards(summaries)
  const tables = `${shardTable(summaries)}\n\n${shardGoalTable(goals)}\n`
  say(`\n${tables}`)
  const bytes = Math.round(bytesPerEvent)
  const rounds = Math.min(...summaries.flatMap(({ own }) => own.map((summary) => summary.rounds)))
  const head = `${events} ${mix} documents, ${bytes} bytes each with its action line; medians of ${rounds} rounds. The low load is ${lowLoad} events/s.`
  const facts = { mix, events, bytesPerEvent: bytes, lowLoad, compared: compare !== undefined, node: process.version }
  const name = mix === 'realistic' ? 'shards' : `shards-${mix}`
  mkdirSync(folder, { recursive: true })
  for (const [ending, text] of [
    ['md', `# What shards cost\n\n${head}\n\n${tables}`],
    ['json', `${JSON.stringify({ ...facts, summaries, goals, outcomes }, null, 2)}\n`],
    ['svg', await shardChart(summaries)],
  ] as const) {
    const path = join(folder, `${name}.${ending}`)
    writeFileSync(path, text)
    say(`Written: ${path}`)
  }
}

/** Whose programs a line is of, behind its name. */
const COMPARED = ' (before)'

interface Row extends Summary {
  readonly shards: number
  readonly share: number | undefined
}

/** The lines for one number of shards: those of the compared programs before ours. */
function rowsOf({ shards, own, compared, ceiling }: ShardSummary): Row[] {
  const before = compared.map((summary) => ({ ...summary, name: `${summary.name}${COMPARED}` }))
  const names = [...new Set([...own, ...compared].map(({ name }) => name))]
  return names.flatMap((name) =>
    [...before.filter((one) => one.name === `${name}${COMPARED}`), ...own.filter((one) => one.name === name)].map(
      (summary) => ({ ...summary, shards, share: shareOf(summary, ceiling) }),
    ),
  )
}

/** At a low load a rate says nothing. */
function shareOf({ latencyMs, eventsPerSecond }: Summary, ceiling: number | undefined): number | undefined {
  return ceiling === undefined || latencyMs ? undefined : eventsPerSecond.median / ceiling
}

const HEAD = [
  'shards',
  'line',
  'events/s',
  'lowest–highest',
  'of ceiling',
  'Elasticsearch µs',
  'all µs',
  'p50, p99 ms',
  'worker MB',
]

export function shardTable(summaries: readonly ShardSummary[]): string {
  const rows = summaries
    .flatMap(rowsOf)
    .map((row) => [
      String(row.shards),
      row.name,
      grouped(row.eventsPerSecond.median),
      `${grouped(row.eventsPerSecond.low)}–${grouped(row.eventsPerSecond.high)}`,
      row.share === undefined ? '' : `${Math.round(row.share * 100)} %`,
      elasticsearchMicros(row).toFixed(1),
      cpuMicros(row).toFixed(1),
      row.latencyMs ? `${row.latencyMs.p50.toFixed(0)}, ${row.latencyMs.p99.toFixed(0)}` : '',
      row.rssMb['worker']?.toFixed(0) ?? '',
    ])
  return markdown(HEAD, rows)
}

export function shardGoalTable(goals: readonly ShardGoal[]): string {
  return markdown(
    ['goal', 'wanted', 'before', 'measured', 'met'],
    goals.map(({ what, wanted, before, got, met }) => [what, wanted, before ?? '', got, met ? 'yes' : 'no']),
  )
}

/** Lines of our own programs, those of this checkout. */
const OURS = /^(worker|chain)(?!.*\(before\))/

/** Events a second for each number of shards, by one scale; then what an event costs Elasticsearch, as shards grow. */
export function shardChart(summaries: readonly ShardSummary[]): Promise<string> {
  const panels = summaries.map((summary): Panel => {
    const best = ceilingOf(summary.own)
    const shown = rowsOf(summary).filter(
      ({ name, latencyMs }) => !latencyMs && (!/^ceiling, /.test(name) || name === best?.name),
    )
    const count = `${summary.shards} shard${summary.shards === 1 ? '' : 's'}`
    return {
      title: `${count}: events stored a second (share of Elasticsearch alone)`,
      bars: shown.map((row) => barOf(row, OURS, row.share === undefined ? '' : ` (${Math.round(row.share * 100)} %)`)),
    }
  })
  const most = Math.max(...panels.map(({ bars }) => highest(bars)))
  return svgOf('What shards cost', [...panels.map((panel) => ({ ...panel, most })), costPanel(summaries)])
}

function costPanel(summaries: readonly ShardSummary[]): Panel {
  const lines = [
    { label: 'Elasticsearch alone', of: ({ own }: ShardSummary) => ceilingOf(own), kind: 'other' },
    { label: 'worker (before)', of: ({ compared }: ShardSummary) => lineOf(compared, 'worker'), kind: 'other' },
    { label: 'worker', of: ({ own }: ShardSummary) => lineOf(own, 'worker'), kind: 'ours' },
  ] as const
  const bars = lines.flatMap(({ label, of, kind }) =>
    summaries.flatMap((summary) => {
      const line = of(summary)
      if (line === undefined) return []
      const value = elasticsearchMicros(line)
      return [{ label: `${label}, ${summary.shards}`, value, low: value, high: value, text: value.toFixed(1), kind }]
    }),
  )
  return { title: "µs of Elasticsearch's CPU for an event, by shards", bars }
}
