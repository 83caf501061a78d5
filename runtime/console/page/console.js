import { drawChart, spanMinutes, timeAt } from './chart.js'
import { handleDeadLetters, showDeadLetters } from './dead-letters.js'
import { byId, setText } from './element.js'
import { counted, duration, rate } from './format.js'
import { showAdvice, showBacklog, showBulks, showFlow } from './pipeline.js'
import { showIndices, showInstances, showServers } from './servers.js'
import { call, handleSignIn, isSignedIn, SignedOut } from './session.js'

/** @typedef {import('../state.ts').State} State */

const EVERY_MS = 2000
const ANSWER_LIMIT_MS = 10_000

/** @type {State | undefined} */
let shown
let shownAtMs = 0
let minutes = 15

/** @type {(state: State) => void} */
function show(state) {
  shown = state
  shownAtMs = Date.now()
  byId('notice').hidden = true
  document.body.classList.remove('stale')
  setText('version', state.version)
  setText('fresh', `${time(state.atMs)}, renewed every 2 s`)
  showAdvice(state)
  showFlow(state)
  showBacklog(state)
  showBulks(state)
  showDeadLetters(state)
  showInstances(state)
  showServers(state)
  showIndices(state)
  drawCharts()
}

function drawCharts() {
  if (!shown) return
  const { chart, atMs, acceptedPerSecond, storedPerSecond, queue } = shown
  const { points } = chart
  minutes = spanMinutes(points[0]?.atMs ?? atMs, atMs)
  for (const id of ['rate-span', 'backlog-span']) setText(id, `last ${duration(minutes * 60)}`)
  const rates = svg('rate-chart')
  rates.setAttribute('aria-label', `Now ${rate(acceptedPerSecond)} in and ${rate(storedPerSecond)} stored`)
  drawChart(
    rates,
    [
      { name: 'stored', isArea: true, points: points.map((point) => [point.atMs, point.storedPerSecond]) },
      { name: 'accepted', points: points.map((point) => [point.atMs, point.acceptedPerSecond]) },
    ],
    atMs,
    minutes,
  )
  const backlog = svg('backlog-chart')
  backlog.setAttribute('aria-label', `Now ${queue.messages === null ? 'unknown' : counted(queue.messages, 'message')}`)
  const waiting = points.map((point) => /** @type {const} */ ([point.atMs, point.backlogMessages]))
  drawChart(backlog, [{ name: 'backlog', isArea: true, points: waiting }], atMs, minutes)
}

/** @type {(id: string) => SVGSVGElement} */
function svg(id) {
  return /** @type {SVGSVGElement} */ (/** @type {unknown} */ (byId(id)))
}

/** Shows the figures under the pointer. @type {(id: string, readout: string) => void} */
function tellUnderPointer(id, readout) {
  const chart = svg(id)
  chart.addEventListener('pointermove', ({ offsetX }) => {
    if (!shown) return
    const atMs = timeAt(chart, offsetX, shown.atMs, minutes)
    const distance = (/** @type {{ atMs: number }} */ point) => Math.abs(point.atMs - atMs)
    const [nearest] = [...shown.chart.points].sort((one, other) => distance(one) - distance(other))
    const { acceptedPerSecond, storedPerSecond, backlogMessages } = nearest ?? {}
    const backlog = backlogMessages == null ? '' : `, ${counted(backlogMessages, 'message')} wait`
    setText(
      readout,
      nearest && distance(nearest) < 10_000
        ? `${time(nearest.atMs)}: ${rate(acceptedPerSecond ?? null)} in, ${rate(storedPerSecond ?? null)} stored${backlog}`
        : 'not observed',
    )
  })
  chart.addEventListener('pointerleave', () => setText(readout, ''))
}

/** @type {(ms: number) => string} */
function time(ms) {
  return new Date(ms).toLocaleTimeString('en-GB')
}

async function renew() {
  if (!isSignedIn()) return
  try {
    show(/** @type {State} */ (await call('/console/state', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })))
  } catch (error) {
    if (error instanceof SignedOut) return
    document.body.classList.add('stale')
    const notice = byId('notice')
    const since = shown ? ` The figures are from ${time(shownAtMs)}.` : ''
    setText('notice', `The API that serves this console does not answer.${since}`)
    notice.hidden = false
    setText('state', 'No answer')
    byId('state').dataset['severity'] = 'act'
  }
}

/** Nobody looks at a hidden page, and then nothing need be observed. */
async function renewWhileVisible() {
  for (;;) {
    if (!document.hidden) await renew()
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
}

handleSignIn(() => void renew())
handleDeadLetters()
tellUnderPointer('rate-chart', 'rate-readout')
tellUnderPointer('backlog-chart', 'backlog-readout')
new ResizeObserver(drawCharts).observe(byId('rate-chart'))
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void renew()
})
void renewWhileVisible()
