import { escaped } from '../infra/load-test/html.ts'
import { grouped } from './goals.ts'
import { ceilingOf, type Summary } from './summary.ts'

const WIDTH = 760
const LABEL_WIDTH = 250
const VALUE_WIDTH = 150
const BAR_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH
const ROW_HEIGHT = 26
const BAR_HEIGHT = 16
const PANEL_HEAD = 44

/** One bar: where it ends, the range of its rounds, and whose it is. */
export interface Bar {
  readonly label: string
  readonly value: number
  readonly low: number
  readonly high: number
  readonly text: string
  readonly kind: 'ours' | 'other'
}

export interface Panel {
  readonly title: string
  readonly bars: readonly Bar[]
  /** What a whole bar is for; the largest value of the panel when omitted. */
  readonly most?: number
}

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 14px; }
  .value { font-variant-numeric: tabular-nums; }
  .ours { fill: #0a69b7; } .other { fill: #8c959f; } .range { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .ours { fill: #58a6ff; } .other { fill: #6e7681; } .range { stroke: #e6edf3; }
  }`

/** The figures as an SVG that reads on light and dark pages. The thin line of a bar spans the rounds. */
export function chart(title: string, summaries: readonly Summary[]): string {
  return svgOf(title, [stored(summaries), edge(summaries)])
}

/** The panels below one another; those without bars are omitted. */
export function svgOf(title: string, all: readonly Panel[]): string {
  const panels = all.filter(({ bars }) => bars.length > 0)
  let top = 16
  const drawn = panels.map((panel) => {
    const text = drawPanel(panel, top)
    top += PANEL_HEAD + panel.bars.length * ROW_HEIGHT
    return text
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

function stored(summaries: readonly Summary[]): Panel {
  const best = ceilingOf(summaries)
  const shown = summaries.filter(
    (summary) => summary === best || /^(ceiling (of|with)|helpers|esutil|worker|chain)/.test(summary.name),
  )
  const percent = ({ eventsPerSecond }: Summary) =>
    best ? ` (${Math.round((eventsPerSecond.median / best.eventsPerSecond.median) * 100)} %)` : ''
  return {
    title: 'Events stored in Elasticsearch a second (share of the ceiling)',
    bars: shown.map((summary) => barOf(summary, /^(worker|chain)/, percent(summary))),
  }
}

function edge(summaries: readonly Summary[]): Panel {
  const shown = summaries.filter(({ name }) => /^(edge|bare Fastify)/.test(name))
  return {
    title: 'Events a second answered by the API after the receipt, and by bare Fastify',
    bars: shown.map((summary) => barOf(summary, /^edge/, '')),
  }
}

/** @param ours the pattern of our own lines' names. @param suffix follows the figure. */
export function barOf({ name, eventsPerSecond }: Summary, ours: RegExp, suffix: string): Bar {
  const { median, low, high } = eventsPerSecond
  const kind = ours.test(name) ? 'ours' : 'other'
  return { label: name, value: median, low, high, text: `${grouped(median)}${suffix}`, kind }
}

function drawPanel({ title, bars, most = highest(bars) }: Panel, top: number): string {
  const x = (value: number) => (LABEL_WIDTH + (value / most) * BAR_WIDTH).toFixed(1)
  const rows = bars.map((bar, index) => {
    const y = top + PANEL_HEAD - 16 + index * ROW_HEIGHT
    const middle = y + BAR_HEIGHT / 2
    const width = ((bar.value / most) * BAR_WIDTH).toFixed(1)
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${middle + 4.5}" text-anchor="end">${escaped(bar.label)}</text>`,
      `<rect class="${bar.kind}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<line class="range" x1="${x(bar.low)}" x2="${x(bar.high)}" y1="${middle}" y2="${middle}"/>`,
      `<text class="value" x="${Number(x(bar.high)) + 8}" y="${middle + 4.5}">${escaped(bar.text)}</text>`,
    ].join('')
  })
  return [`<text class="title" x="10" y="${top + 12}">${escaped(title)}</text>`, ...rows].join('\n')
}

/** The end of the longest bar, its range included. */
export function highest(bars: readonly Bar[]): number {
  return Math.max(...bars.map(({ high }) => high))
}
