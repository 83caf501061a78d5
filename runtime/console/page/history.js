import { counted, duration, rate } from '../../telemetry/format.js'
import { TimeChart } from './chart.js'
import { byId, element, setText, showTable } from './element.js'
import { call } from './session.js'

/** @typedef {import('../state.ts').State} State */
/** @typedef {import('../state.ts').ChartPoint} Point */
/** @typedef {import('../timeline.ts').Timeline} Timeline */

const MINUTE_MS = 60_000
const EVERY_MS = 30_000
/** Points further apart have a time between them that nobody observed. */
const GAP_MS = 5 * MINUTE_MS
/** A chart begins with the first point, and shows at least this. */
const LEAST_MINUTES = 2
/** What the charts can show at most. */
const SPANS_MINUTES = [15, 60, 360, 1440]

/** @type {Timeline} */
let timeline = { stepSeconds: 60, samples: [], marks: [] }
let askedAtMs = 0
let spanMinutes = SPANS_MINUTES[0] ?? 15
/** @type {State | undefined} */
let shown

const rates = new TimeChart(
  byId('rate-chart'),
  [
    { label: 'stored', colour: '--stored', isArea: true },
    { label: 'in', colour: '--accepted' },
  ],
  rate,
)
const backlog = new TimeChart(
  byId('backlog-chart'),
  [{ label: 'backlog', colour: '--backlog', isArea: true }],
  (messages) => (messages === null ? 'not observed' : counted(messages, 'message')),
)

/** Shows charts over another time when one is chosen. */
export function handleHistory() {
  const names = SPANS_MINUTES.map((minutes) => {
    const id = `span-${minutes}`
    const choice = element('input', { type: 'radio', name: 'span', id, value: String(minutes) })
    if (minutes === spanMinutes) choice.setAttribute('checked', '')
    return [choice, element('label', { for: id }, [duration(minutes * 60)])]
  })
  byId('spans').append(...names.flat())
  byId('spans').addEventListener('change', (event) => {
    spanMinutes = Number(/** @type {HTMLInputElement} */ (event.target).value)
    for (const chart of [rates, backlog]) chart.showAll()
    if (shown) showHistory(shown)
  })
}

/** Asks for the samples of the day, at most every 30 s. Without them the charts have what this API has observed. */
export async function renewHistory() {
  if (Date.now() - askedAtMs < EVERY_MS) return
  askedAtMs = Date.now()
  try {
    timeline = /** @type {Timeline} */ (await call('/console/history'))
  } catch {
    // The figures say that the API does not answer, or asks for another token.
    askedAtMs = 0
    return
  }
  showMarks()
  if (shown) showHistory(shown)
}

/** @type {(state: State) => void} */
export function showHistory(state) {
  shown = state
  const { atMs, acceptedPerSecond, storedPerSecond, queue } = state
  const now = `Now ${rate(acceptedPerSecond)} in and ${rate(storedPerSecond)} stored`
  byId('rate-chart').setAttribute('aria-label', now)
  const waiting = queue.messages === null ? 'unknown' : counted(queue.messages, 'message')
  byId('backlog-chart').setAttribute('aria-label', `Now ${waiting}`)
  const points = withGaps(merged(state.chart.points)).filter((point) => point.atMs >= atMs - spanMinutes * MINUTE_MS)
  const age = Math.ceil((atMs - (points[0]?.atMs ?? atMs)) / MINUTE_MS)
  const minutes = Math.min(spanMinutes, Math.max(LEAST_MINUTES, age))
  const fromMs = atMs - minutes * MINUTE_MS
  for (const id of ['rate-span', 'backlog-span']) setText(id, `last ${duration(minutes * 60)}`)
  const times = points.map((point) => point.atMs)
  const values = (/** @type {(point: Point) => number | null} */ of) => points.map(of)
  const { marks } = timeline
  rates.show(times, [values((one) => one.storedPerSecond), values((one) => one.acceptedPerSecond)], fromMs, atMs, marks)
  backlog.show(times, [values((one) => one.backlogMessages)], fromMs, atMs, marks)
}

/** @type {(fine: readonly Point[]) => Point[]} Samples of minutes in which this API has observed nothing itself, and all that it has. */
function merged(fine) {
  const minuteOf = (/** @type {{ readonly atMs: number }} */ { atMs }) => Math.floor(atMs / MINUTE_MS)
  const isSeen = (/** @type {Point} */ { acceptedPerSecond, storedPerSecond, backlogMessages }) =>
    acceptedPerSecond !== null || storedPerSecond !== null || backlogMessages !== null
  const seen = new Set(fine.filter(isSeen).map(minuteOf))
  const samples = timeline.samples.filter((one) => !seen.has(minuteOf(one)))
  const sampled = new Set(samples.map(minuteOf))
  return [...samples, ...fine.filter((one) => !sampled.has(minuteOf(one)))].sort((one, other) => one.atMs - other.atMs)
}

/** @type {(points: readonly Point[]) => Point[]} */
function withGaps(points) {
  return points.flatMap((point, at) => {
    const before = points[at - 1]
    if (!before || point.atMs - before.atMs <= GAP_MS) return [point]
    const none = { acceptedPerSecond: null, storedPerSecond: null, backlogMessages: null }
    return [{ atMs: before.atMs + 1, ...none }, point]
  })
}

function showMarks() {
  const { marks, reason } = timeline
  const note = reason === undefined ? '' : `The history of the day is not complete: ${reason}`
  setText('history-note', note)
  byId('history-note').hidden = note === ''
  byId('marks-details').hidden = marks.length === 0
  setText('marks-count', `${counted(marks.length, 'start or deployment', 'starts and deployments')} in the last day`)
  showTable(
    'marks',
    'Starts and deployments, the latest first',
    [{ name: 'When' }, { name: 'What' }, { name: 'Version' }],
    [...marks]
      .reverse()
      .map(({ atMs, kind, program, version, processes }) => [
        new Date(atMs).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
        `${counted(processes, program === 'api' ? 'API' : 'worker')} ${kind}`,
        version,
      ]),
  )
}
