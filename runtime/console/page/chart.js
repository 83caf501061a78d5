import { number } from './format.js'

const SVG = 'http://www.w3.org/2000/svg'
/** What a chart may show of the past, and the minutes that it names: a console that was just opened has little of it. */
const SPANS = [
  { minutes: 2, named: [2, 1, 0] },
  { minutes: 5, named: [5, 3, 1, 0] },
  { minutes: 15, named: [15, 10, 5, 0] },
]
const LEFT = 52
const RIGHT = 10
const TOP = 10
const BOTTOM = 24

/**
 * @typedef {object} Series
 * @property {string} name its class in the style sheet
 * @property {boolean} [isArea] filled down to 0
 * @property {readonly (readonly [atMs: number, value: number | null])[]} points
 */

/**
 * The steps of an axis from 0: 1, 2 or 5 times a power of ten, the last at or above the greatest value.
 *
 * @param {number} greatest
 * @returns {readonly number[]} at most five, at least 0 and 1
 */
export function axisSteps(greatest) {
  const least = Math.max(greatest, 1) / 4
  const power = 10 ** Math.floor(Math.log10(least))
  const step = Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((size) => size >= least) ?? 10 * power)
  const count = Math.max(1, Math.ceil(greatest / step))
  return Array.from({ length: count + 1 }, (_, at) => at * step)
}

/**
 * The runs of points between which nothing is missing: a line must not be drawn over what nobody saw.
 *
 * @param {Series['points']} points
 * @returns {readonly (readonly (readonly [number, number])[])[]}
 */
export function unbroken(points) {
  /** @type {[number, number][][]} */
  const runs = [[]]
  for (const [atMs, value] of points) {
    if (value === null) runs.push([])
    else runs.at(-1)?.push([atMs, value])
  }
  return runs.filter((run) => run.length > 0)
}

/**
 * The minimum time that shows all samples.
 *
 * @param {number} firstMs
 * @param {number} nowMs
 * @returns {number} minutes
 */
export function spanMinutes(firstMs, nowMs) {
  return SPANS.find(({ minutes }) => nowMs - firstMs <= minutes * 60_000)?.minutes ?? 15
}

/**
 * Draws series into an SVG of the page, at its present size, over the given minutes before `nowMs`.
 *
 * @param {SVGSVGElement} svg
 * @param {readonly Series[]} series
 * @param {number} nowMs
 * @param {number} minutes
 */
export function drawChart(svg, series, nowMs, minutes) {
  const { clientWidth: width, clientHeight: height } = svg
  if (width === 0) return
  const values = series.flatMap(({ points }) => points.map(([, value]) => value ?? 0))
  const steps = axisSteps(Math.max(0, ...values))
  const top = steps.at(-1) ?? 1
  const x = (/** @type {number} */ atMs) => LEFT + ((atMs - nowMs) / (minutes * 60_000) + 1) * (width - LEFT - RIGHT)
  const y = (/** @type {number} */ value) => height - BOTTOM - (value / top) * (height - TOP - BOTTOM)
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
  const grid = steps.flatMap((value) => [
    shape('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
    label(number(value), LEFT - 8, y(value) + 4, 'end'),
  ])
  const named = SPANS.find((span) => span.minutes === minutes)?.named ?? []
  const times = named.map((ago) => {
    const anchor = ago === minutes ? 'start' : ago === 0 ? 'end' : 'middle'
    return label(ago === 0 ? 'now' : `−${ago} min`, x(nowMs - ago * 60_000), height - 6, anchor)
  })
  const lines = series.flatMap(({ name, isArea, points }) =>
    unbroken(points).flatMap((run) => {
      const line = run.map(([atMs, value]) => `${x(atMs).toFixed(1)},${y(value).toFixed(1)}`)
      const [first, last] = [run[0]?.[0] ?? nowMs, run.at(-1)?.[0] ?? nowMs]
      const area = [`${x(first).toFixed(1)},${y(0)}`, ...line, `${x(last).toFixed(1)},${y(0)}`]
      return [
        ...(isArea ? [shape('polygon', { class: `area ${name}`, points: area.join(' ') })] : []),
        shape('polyline', { class: `line ${name}`, points: line.join(' ') }),
      ]
    }),
  )
  svg.replaceChildren(...grid, ...times, ...lines)
}

/**
 * The time under the pointer, in milliseconds since the epoch.
 *
 * @param {SVGSVGElement} svg
 * @param {number} offsetX
 * @param {number} nowMs
 * @param {number} minutes
 */
export function timeAt(svg, offsetX, nowMs, minutes) {
  return nowMs + ((offsetX - LEFT) / (svg.clientWidth - LEFT - RIGHT) - 1) * minutes * 60_000
}

/** @type {(tag: string, attributes: Readonly<Record<string, string | number>>) => SVGElement} */
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  return /** @type {SVGElement} */ (made)
}

/** @type {(text: string, x: number, y: number, anchor: string) => SVGElement} */
function label(text, x, y, anchor) {
  const made = shape('text', { x, y, 'text-anchor': anchor })
  made.textContent = text
  return made
}
