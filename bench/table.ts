import { type Goal, grouped } from './goals.ts'
import { ceilingOf, cpuMicros, type Summary } from './summary.ts'

const HEAD = [
  'line',
  'events/s',
  'lowest–highest',
  'of ceiling',
  'of Fastify',
  'CPU µs per event',
  'by process',
  'memory MB',
]
/** Lines that put events into Elasticsearch, and so can be compared with the ceiling. */
const STORES = /^(ceiling|helpers\.bulk|esutil|worker|chain)/

/** The table in Markdown, aligned, so that it reads as well in a terminal as in a page. */
export function resultTable(summaries: readonly Summary[]): string {
  const ceiling = ceilingOf(summaries)?.eventsPerSecond.median
  const rows = summaries.map((summary) => [
    nameOf(summary),
    grouped(summary.eventsPerSecond.median),
    `${grouped(summary.eventsPerSecond.low)}–${grouped(summary.eventsPerSecond.high)}`,
    ceiling !== undefined && STORES.test(summary.name) ? percent(summary.eventsPerSecond.median / ceiling) : '',
    shareOfFastify(summary, summaries),
    cpuMicros(summary).toFixed(1),
    inWords(summary.cpuMicrosPerEvent, 1),
    inWords(summary.rssMb, 0, ['api', 'worker']),
  ])
  return markdown(HEAD, rows)
}

export function goalTable(goals: readonly Goal[]): string {
  return markdown(
    ['goal', 'wanted', 'measured', 'met'],
    goals.map(({ what, wanted, got, met }) => [what, wanted, got, met ? 'yes' : 'no']),
  )
}

/** Aligned Markdown: the first column to the left, as wide as its widest cell. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** Next to each line of the edge, what bare Fastify does with the same calls. */
function shareOfFastify({ name, eventsPerSecond }: Summary, summaries: readonly Summary[]): string {
  const bare = summaries.find((other) => other.name === name.replace(/^edge, /, 'bare Fastify, '))
  return bare === undefined || bare.name === name ? '' : percent(eventsPerSecond.median / bare.eventsPerSecond.median)
}

function nameOf({ name, latencyMs }: Summary): string {
  return latencyMs ? `${name}: p50 ${latencyMs.p50.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms` : name
}

function inWords(values: Readonly<Record<string, number>>, digits: number, only?: readonly string[]): string {
  return Object.entries(values)
    .filter(([name]) => only?.includes(name) ?? true)
    .map(([name, value]) => `${name} ${value.toFixed(digits)}`)
    .join(', ')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
