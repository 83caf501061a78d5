/** Texts of the page. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Line {
  readonly name: string
  /** A part without a value is a gap. */
  readonly points: readonly (Point | undefined)[]
  readonly colour: 'first' | 'second' | 'third' | 'fourth'
}

export interface Chart {
  readonly title: string
  readonly unit: string
  readonly lines: readonly Line[]
  /** End of the x axis, in seconds. */
  readonly seconds: number
  /** Spans that are shaded, with their names. */
  readonly spans: readonly { readonly name: string; readonly from: number; readonly to: number }[]
  /** A level that is marked across the chart. */
  readonly limit?: { readonly name: string; readonly y: number }
  /** Least end of the y axis. */
  readonly least?: number
}

const WIDTH = 1000
const HEIGHT = 200

/** A line chart: the drawing stretches to its place, and its texts, which are HTML, stay as large as others. */
export function lineChart(chart: Chart): string {
  const ys = chart.lines.flatMap(({ points }) => points.flatMap((point) => (point ? [point.y] : [])))
  const top = niceEnd(Math.max(chart.least ?? 0, chart.limit?.y ?? 0, ...ys))
  const left = (x: number) => ((x / chart.seconds) * WIDTH).toFixed(1)
  const up = (y: number) => (HEIGHT - (y / top) * HEIGHT).toFixed(1)
  const spans = chart.spans.map(
    ({ name, from, to }) =>
      `<rect class="span" x="${left(from)}" width="${left(to - from)}" y="0" height="${HEIGHT}"><title>${escaped(name)}</title></rect>`,
  )
  const grid = [0.25, 0.5, 0.75].map(
    (part) => `<line class="grid" x1="0" x2="${WIDTH}" y1="${HEIGHT * part}" y2="${HEIGHT * part}"/>`,
  )
  const limit = chart.limit
    ? [`<line class="limit" x1="0" x2="${WIDTH}" y1="${up(chart.limit.y)}" y2="${up(chart.limit.y)}"/>`]
    : []
  const lines = chart.lines.map(({ points, colour }) => `<path class="${colour}" d="${pathOf(points, left, up)}"/>`)
  const yLabels = [0, 0.5, 1].map((part) => `<span style="bottom:${part * 100}%">${axisFigure(top * part)}</span>`)
  const xLabels = timeTicks(chart.seconds).map(
    (seconds) => `<span style="left:${((seconds / chart.seconds) * 100).toFixed(1)}%">${clock(seconds)}</span>`,
  )
  const legend = [
    ...chart.lines.map(({ name, colour }) => `<li class="${colour}">${escaped(name)}</li>`),
    ...(chart.limit ? [`<li class="limit">${escaped(chart.limit.name)}</li>`] : []),
  ]
  const label = `${chart.title}, ${chart.unit}, over ${clock(chart.seconds)} minutes`
  return `<figure class="chart">
<figcaption>${escaped(chart.title)} <small>${escaped(chart.unit)}</small></figcaption>
<ul class="legend">${legend.join('')}</ul>
<div class="plot"><div class="y">${yLabels.join('')}</div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escaped(label)}">${[...spans, ...grid, ...limit, ...lines].join('')}</svg>
<div class="x">${xLabels.join('')}</div></div>
</figure>`
}

function pathOf(points: Line['points'], left: (x: number) => string, up: (y: number) => string): string {
  let gap = true
  return points
    .map((point) => {
      if (point === undefined) {
        gap = true
        return ''
      }
      const command = `${gap ? 'M' : 'L'}${left(point.x)} ${up(point.y)}`
      gap = false
      return command
    })
    .join('')
}

/** The next of 1, 2, 5 and their tenfolds: what ends an axis is a number that is read at a glance. */
export function niceEnd(value: number): number {
  if (value <= 0) return 1
  const ten = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 4, 5, 8, 10].find((step) => step * ten >= value * (1 - 1e-9)) ?? 10) * ten
}

const TICK_SECONDS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200]
const MOST_TICKS = 6

/** Round times from 0 on, at most six besides it: minutes are read at a glance, quarters of a run are not. */
export function timeTicks(seconds: number): readonly number[] {
  const apart = TICK_SECONDS.find((step) => seconds / step <= MOST_TICKS) ?? niceEnd(seconds / MOST_TICKS)
  return Array.from({ length: Math.floor(seconds / apart) + 1 }, (_, index) => index * apart)
}

const AXIS = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3, notation: 'compact' })

function axisFigure(value: number): string {
  return AXIS.format(value)
}

/** 75 seconds as `1:15`. */
function clock(seconds: number): string {
  const rounded = Math.round(seconds)
  return `${Math.floor(rounded / 60)}:${String(rounded % 60).padStart(2, '0')}`
}
