/* global uPlot */

/** @typedef {import('../charts.ts').Chart} Chart */

const HEIGHT = 220
const FONT = '12px system-ui, sans-serif'
const COMPACT = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3, notation: 'compact' })
const PRECISE = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 })

/** @type {(name: string) => string} */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/** @type {(seconds: number) => string} 75 seconds as `1:15`. */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

/** Shades the spans of a chart behind its lines. @type {(chart: Chart) => (plot: uPlot) => void} */
const shade =
  ({ spans }) =>
  (plot) => {
    const { ctx, bbox } = plot
    ctx.save()
    ctx.globalAlpha = 0.13
    ctx.fillStyle = colour('fourth')
    const within = (/** @type {number} */ at) =>
      Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(at, 'x', true)))
    for (const { from, to } of spans) ctx.fillRect(within(from), bbox.top, within(to) - within(from), bbox.height)
    ctx.restore()
  }

/** @type {(chart: Chart) => import('uplot').Series[]} */
function seriesOf({ lines, limit }) {
  const value = (/** @type {uPlot} */ _plot, /** @type {number | null} */ of) =>
    of === null ? '–' : PRECISE.format(of)
  const drawn = lines.map(({ name, colour: of }) => ({
    label: name,
    stroke: () => colour(of),
    width: 1.6,
    points: { show: false },
    value,
  }))
  const marked = limit
    ? [{ label: limit.name, stroke: () => colour('bad'), dash: [5, 4], points: { show: false }, value }]
    : []
  return [{ label: 'at', value: (_plot, at) => (at === null ? '–' : clock(at)) }, ...drawn, ...marked]
}

/** @type {(host: HTMLElement, chart: Chart) => uPlot} */
function drawn(host, chart) {
  const { at, seconds, lines, limit, least = 0 } = chart
  const axis = { font: FONT, stroke: () => colour('quiet'), ticks: { show: false } }
  const grid = { stroke: () => colour('edge'), width: 1 }
  return new uPlot(
    {
      width: Math.max(1, host.clientWidth),
      height: HEIGHT,
      cursor: { y: false, sync: { key: 'load-test' }, drag: { x: true, y: false } },
      scales: {
        x: { time: false, range: (_plot, min, max) => (at.length === 0 ? [0, seconds] : [min, max]) },
        y: { range: (_plot, _min, max) => [0, Math.max(least, (max ?? 1) * 1.05, 1e-3)] },
      },
      axes: [
        {
          ...axis,
          size: 28,
          grid: { show: false },
          incrs: [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600],
          values: (_plot, splits) => splits.map(clock),
        },
        { ...axis, grid, size: 50, values: (_plot, splits) => splits.map((value) => COMPACT.format(value)) },
      ],
      series: seriesOf(chart),
      hooks: { drawAxes: [shade(chart)] },
    },
    [[...at], ...lines.map(({ values }) => [...values]), ...(limit ? [at.map(() => limit.value)] : [])],
    host,
  )
}

const data = document.getElementById('chart-data')?.textContent ?? '[]'
for (const chart of /** @type {readonly Chart[]} */ (JSON.parse(data))) {
  const figure = document.createElement('figure')
  figure.className = 'chart'
  const caption = document.createElement('figcaption')
  const unit = document.createElement('small')
  unit.textContent = chart.unit
  caption.append(`${chart.title} `, unit)
  const host = document.createElement('div')
  host.setAttribute('role', 'img')
  host.setAttribute('aria-label', `${chart.title}, ${chart.unit}, over ${clock(chart.seconds)} minutes`)
  figure.append(caption, host)
  document.getElementById('charts')?.append(figure)
  const plot = drawn(host, chart)
  new ResizeObserver(() => plot.setSize({ width: Math.max(1, host.clientWidth), height: HEIGHT })).observe(host)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw())
}
