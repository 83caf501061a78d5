import { number } from '../../telemetry/format.js'
import uPlot from './uplot.js'

const HEIGHT = 210
const AXIS_FONT = '11px system-ui, sans-serif'
/** Opacity of the area below a line, as two digits of a colour. */
const AREA = '29'

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} colour name of a custom property of the style sheet
 * @property {boolean} [isArea] filled down to 0
 */

/** @typedef {Pick<import('../timeline.ts').Mark, 'atMs' | 'kind'>} Mark */

/**
 * A chart over time. The legend has the values under the pointer. A drag zooms into a time, a double click shows the whole
 * time again. A zoomed chart does not move.
 */
export class TimeChart {
  #plot
  #isZoomed = false
  /** @type {readonly Mark[]} */
  #marks = []
  /** @type {[fromSeconds: number, toSeconds: number]} */
  #whole = [0, 1]

  /**
   * @param {HTMLElement} host
   * @param {readonly Series[]} series
   * @param {(value: number | null) => string} format of a value in the legend
   */
  constructor(host, series, format) {
    const axis = { font: AXIS_FONT, stroke: () => colour('--quiet'), ticks: { show: false } }
    const grid = { stroke: () => colour('--line'), width: 1 }
    /** @type {import('uplot').Options} */
    const options = {
      width: Math.max(1, host.clientWidth),
      height: HEIGHT,
      cursor: { y: false, sync: { key: 'console' }, drag: { x: true, y: false } },
      scales: { y: { range: (_plot, _least, greatest) => [0, Math.max(1, greatest ?? 1) * 1.05] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          space: 70,
          values: (_plot, splits, _axis, _space, stepSeconds) => splits.map((at) => clock(at, stepSeconds < 60)),
        },
        { ...axis, grid, size: 52, values: (_plot, splits) => splits.map((value) => number(value)) },
      ],
      series: [
        { label: 'at', value: (_plot, at) => (at === null ? '–' : clock(at, true)) },
        ...series.map(({ label, colour: name, isArea }) => ({
          label,
          width: 1.75,
          stroke: () => colour(name),
          points: { show: false },
          value: valueIn(format),
          ...(isArea ? { fill: () => `${colour(name)}${AREA}` } : {}),
        })),
      ],
      hooks: {
        draw: [(plot) => drawMarks(plot, this.#marks)],
        setSelect: [
          (plot) => {
            this.#isZoomed = plot.select.width > 0
          },
        ],
      },
    }
    this.#plot = new uPlot(options, [[], ...series.map(() => [])], host)
    this.#plot.over.addEventListener('dblclick', () => this.showAll())
    new ResizeObserver(() => this.#plot.setSize({ width: Math.max(1, host.clientWidth), height: HEIGHT })).observe(host)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw())
  }

  /**
   * @param {readonly number[]} atMs
   * @param {readonly (readonly (number | null)[])[]} values of each series
   * @param {number} fromMs
   * @param {number} toMs
   * @param {readonly Mark[]} marks as vertical lines
   */
  show(atMs, values, fromMs, toMs, marks) {
    this.#marks = marks
    this.#whole = [fromMs / 1000, toMs / 1000]
    this.#plot.setData([atMs.map((ms) => ms / 1000), ...values.map((all) => [...all])], false)
    if (this.#isZoomed) this.#plot.redraw()
    else this.#showWhole()
  }

  /** Ends the zoom. */
  showAll() {
    this.#isZoomed = false
    this.#showWhole()
  }

  #showWhole() {
    const [min, max] = this.#whole
    this.#plot.setScale('x', { min, max })
  }
}

/**
 * What the legend has: nothing while no pointer is over the chart.
 *
 * @param {(value: number | null) => string} format
 * @returns {uPlot.Series.Value}
 */
function valueIn(format) {
  return (_plot, value, _series, index) => (index === null ? '–' : format(value))
}

/** @type {(plot: uPlot, marks: readonly Mark[]) => void} A dashed line for each start, a whole one for a deployment. */
function drawMarks(plot, marks) {
  const { ctx, bbox } = plot
  ctx.save()
  for (const { atMs, kind } of marks) {
    const x = plot.valToPos(atMs / 1000, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.strokeStyle = colour(kind === 'deployed' ? '--hint' : '--quiet')
    ctx.lineWidth = devicePixelRatio * (kind === 'deployed' ? 2 : 1)
    ctx.setLineDash(kind === 'deployed' ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio])
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}

/** @type {(name: string) => string} As `#rrggbb`, whatever the theme. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/** @type {(atSeconds: number, hasSeconds?: boolean) => string} */
function clock(atSeconds, hasSeconds = false) {
  const format = /** @type {const} */ ({ hour: '2-digit', minute: '2-digit' })
  return new Date(atSeconds * 1000).toLocaleTimeString('en-GB', hasSeconds ? { ...format, second: '2-digit' } : format)
}
