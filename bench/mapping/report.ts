import { type Panel, svgOf } from '../chart.ts'
import { say } from '../say.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import { markdown } from '../table.ts'
import { write } from '../write.ts'
import type { Comparison } from './variants.ts'

/** What one round of one variant gave. */
export interface VariantOutcome {
  readonly name: string
  /** While they were sent. */
  readonly eventsPerSecond: number
  /** CPU time of Elasticsearch for an event, in microseconds: until all of it is searchable and merged as Elasticsearch merges by itself. */
  readonly cpuMicros: number
  /** What else the machine did meanwhile. */
  readonly elsewhereMicros: number
  /** Bytes on disk for an event, in the segments as they were written. */
  readonly asWrittenBytes: number
  /** The same in one segment for each shard. */
  readonly mergedBytes: number
  /** Until a search has answered 50 documents, in milliseconds. */
  readonly readMs: number
}

export interface MappingFacts {
  readonly events: number
  /** Document and action line of an event together, as they are sent, by the mix of the documents. */
  readonly bytesPerEvent: Readonly<Record<string, number>>
}

/** All rounds of one variant, and how its medians differ from those of the first variant of its table. */
export interface VariantSummary {
  readonly name: string
  readonly rounds: number
  readonly eventsPerSecond: Spread
  readonly cpuMicros: Spread
  readonly asWrittenBytes: Spread
  readonly mergedBytes: Spread
  readonly readMs: Spread
  readonly cpuChange: number
  readonly bytesChange: number
}

/** In the order of the table; variants that were not measured are omitted. */
export function summariseVariants(
  { variants }: Comparison,
  outcomes: readonly VariantOutcome[],
): readonly VariantSummary[] {
  const measured = variants
    .map(({ name }) => outcomes.filter((outcome) => outcome.name === name))
    .filter((rounds) => rounds.length > 0)
  const spread = (rounds: readonly VariantOutcome[], key: Exclude<keyof VariantOutcome, 'name'>) =>
    spreadOf(rounds.map((round) => round[key]))
  const change = (rounds: readonly VariantOutcome[], key: 'cpuMicros' | 'mergedBytes') =>
    spread(rounds, key).median / spread(measured[0] ?? [], key).median - 1
  return measured.map((rounds) => ({
    name: rounds[0]?.name ?? '',
    rounds: rounds.length,
    eventsPerSecond: spread(rounds, 'eventsPerSecond'),
    cpuMicros: spread(rounds, 'cpuMicros'),
    asWrittenBytes: spread(rounds, 'asWrittenBytes'),
    mergedBytes: spread(rounds, 'mergedBytes'),
    readMs: spread(rounds, 'readMs'),
    cpuChange: change(rounds, 'cpuMicros'),
    bytesChange: change(rounds, 'mergedBytes'),
  }))
}

/** Prints the tables, and writes them as a page, with every round as JSON, and as a chart. */
export function reportMapping(
  folder: string,
  tables: readonly Comparison[],
  outcomes: readonly VariantOutcome[],
  facts: MappingFacts,
): void {
  const results = tables
    .map((table) => ({ title: table.title, summaries: summariseVariants(table, outcomes) }))
    .filter(({ summaries }) => summaries.length > 0)
  const text = results.map(({ title, summaries }) => `## ${title}\n\n${variantTable(summaries)}\n`).join('\n')
  say(`\n${text}`)
  const rounds = spreadOf(results.flatMap(({ summaries }) => summaries.map((summary) => summary.rounds)))
  const measured = rounds.low === rounds.high ? String(rounds.low) : `${rounds.low} to ${rounds.high}`
  const sizes = Object.entries(facts.bytesPerEvent).map(([mix, bytes]) => `${bytes} bytes of a ${mix} one`)
  const head = `${facts.events} documents with their action lines, ${sizes.join(', ')}; 3 shards, no replica; medians of ${measured} rounds.`
  write(folder, 'mapping.md', `# What a field costs\n\n${head}\n\n${text}`)
  write(folder, 'mapping.json', `${JSON.stringify({ ...facts, node: process.version, results, outcomes }, null, 2)}\n`)
  write(folder, 'mapping.svg', svgOf('What a field costs in Elasticsearch', panels(results)))
}

const HEAD = [
  'index',
  'CPU µs an event',
  'lowest–highest',
  'change',
  'stored bytes',
  'change',
  'before merging',
  'ms to read 50',
  'events/s',
]

export function variantTable(summaries: readonly VariantSummary[]): string {
  const rows = summaries.map(
    ({ name, cpuMicros, cpuChange, mergedBytes, bytesChange, asWrittenBytes, readMs, eventsPerSecond }) => [
      name,
      cpuMicros.median.toFixed(1),
      `${cpuMicros.low.toFixed(1)}–${cpuMicros.high.toFixed(1)}`,
      percent(cpuChange),
      mergedBytes.median.toFixed(0),
      percent(bytesChange),
      asWrittenBytes.median.toFixed(0),
      readMs.median.toFixed(1),
      Math.round(eventsPerSecond.median).toLocaleString('en-GB'),
    ],
  )
  return markdown(HEAD, rows)
}

function panels(
  results: readonly { readonly title: string; readonly summaries: readonly VariantSummary[] }[],
): Panel[] {
  return results.flatMap(({ title, summaries }) => [
    {
      title: `${title}: CPU µs an event`,
      bars: summaries.map(({ name, cpuMicros, cpuChange }) => bar(name, cpuMicros, cpuChange, 1)),
    },
    {
      title: `${title}: stored bytes an event`,
      bars: summaries.map(({ name, mergedBytes, bytesChange }) => bar(name, mergedBytes, bytesChange, 0)),
    },
  ])
}

function bar(label: string, { median, low, high }: Spread, change: number, digits: number): Panel['bars'][number] {
  const kind = label.includes('set-up') ? 'ours' : 'other'
  return { label, value: median, low, high, text: `${median.toFixed(digits)} (${percent(change)})`, kind }
}

function percent(change: number): string {
  const points = Math.round(change * 1000) / 10
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)} %`
}
