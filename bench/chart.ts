import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { escaped } from '../infra/load-test/html.ts'
import { grouped } from './goals.ts'
import { ceilingOf, type Summary } from './summary.ts'

const LABEL_WIDTH = 250
const VALUE_WIDTH = 150
const BAR_WIDTH = 360
const WIDTH = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH
const TITLE_HEIGHT = 36
const ROW_HEIGHT = 26
const BAR_HEIGHT = 16

/** Each colour of the light chart, and what it becomes where the page is dark. */
const DARK = { '#1f2328': '#e6edf3', '#0a69b7': '#58a6ff', '#8c959f': '#6e7681' }
const INK = '#1f2328'
const COLOURS = { ours: '#0a69b7', other: '#8c959f' } as const

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

/** The figures as an SVG that reads on light and dark pages. The thin line of a bar spans the rounds. */
export function chart(title: string, summaries: readonly Summary[]): Promise<string> {
  return svgOf(title, [stored(summaries), edge(summaries)])
}

/** The panels below one another; those without bars are omitted. */
export async function svgOf(title: string, all: readonly Panel[]): Promise<string> {
  const panels = all.filter(({ bars }) => bars.length > 0)
  const { spec } = compile(specOf(panels))
  const view = new View(parse(spec), { renderer: 'none' }).width(WIDTH).height(heightOf(panels))
  const svg = await view.toSVG()
  const [root, ...rest] = svg.split('>')
  return `${[`${root} role="img" aria-label="${escaped(title)}"`, `\n<style>${darkStyle()}</style`, ...rest].join('>')}\n`
}

/** Vega draws with fixed colours. A page that is dark swaps them. */
function darkStyle(): string {
  const rules = Object.entries(DARK).map(
    ([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`,
  )
  return `@media (prefers-color-scheme: dark){${rules.join('')}}`
}

function heightOf(panels: readonly Panel[]): number {
  return panels.reduce((height, { bars }) => height + TITLE_HEIGHT + bars.length * ROW_HEIGHT, 0)
}

function specOf(panels: readonly Panel[]): TopLevelSpec {
  return {
    vconcat: panels.map(panelSpec),
    resolve: { scale: { x: 'independent', y: 'independent' } },
    spacing: TITLE_HEIGHT,
    bounds: 'flush',
    background: 'transparent',
    // Without a canvas Vega estimates the widths of texts, far too large: what they need is stated.
    autosize: { type: 'none', contains: 'padding' },
    padding: { left: LABEL_WIDTH, top: TITLE_HEIGHT, right: VALUE_WIDTH, bottom: 0 },
    config: {
      aria: false,
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { anchor: 'start', frame: 'group', dx: 10 - LABEL_WIDTH, fontSize: 14, color: INK, offset: 10 },
      text: { fontSize: 13, fill: INK },
      rule: { stroke: INK, strokeWidth: 1.5 },
    },
  }
}

type PanelSpec = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number]

/** Bars with their labels on the left, the range of their rounds, and their figure at its end. */
function panelSpec({ title, bars, most = highest(bars) }: Panel): PanelSpec {
  return {
    title,
    data: { values: [...bars] },
    width: BAR_WIDTH,
    height: { step: ROW_HEIGHT },
    encoding: {
      y: {
        field: 'label',
        type: 'nominal',
        sort: null,
        axis: {
          ...{ title: null, domain: false, ticks: false, labelColor: INK, labelFontSize: 13, labelPadding: 10 },
          ...{ labelLimit: 0, minExtent: LABEL_WIDTH, maxExtent: LABEL_WIDTH },
        },
      },
    },
    layer: [
      {
        mark: { type: 'bar', height: BAR_HEIGHT },
        encoding: {
          x: { field: 'value', type: 'quantitative', axis: null, scale: { domain: [0, most], nice: false } },
          color: {
            field: 'kind',
            type: 'nominal',
            legend: null,
            scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
          },
        },
      },
      {
        mark: 'rule',
        encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 8 },
        encoding: { x: { field: 'high', type: 'quantitative' }, text: { field: 'text', type: 'nominal' } },
      },
    ],
  }
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

/** The end of the longest bar, its range included. */
export function highest(bars: readonly Bar[]): number {
  return Math.max(...bars.map(({ high }) => high))
}
