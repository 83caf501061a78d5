import { showAdvice } from './advice.js'
import { handleDeadLetters, showDeadLetters } from './dead-letters.js'
import { byId, element, setText } from './element.js'
import { handleHistory, renewHistory, showHistory } from './history.js'
import { handleLive, showLiveProcess } from './live.js'
import { showBacklog, showBalance, showBulks, showFlow } from './pipeline.js'
import { renewRefusals } from './refusals.js'
import { showIndices, showInstances, showServers } from './servers.js'
import { call, handleSignIn, isSignedIn, SignedOut } from './session.js'

/** @typedef {import('../state.ts').State} State */

const EVERY_MS = 2000
const ANSWER_LIMIT_MS = 10_000

/** Of every time on the page, except those that say UTC. */
const ZONE = zoneOf(new Date())

/** @type {State | undefined} */
let shown
let shownAtMs = 0

/** @type {(state: State) => void} */
function show(state) {
  shown = state
  shownAtMs = Date.now()
  byId('notice').hidden = true
  document.body.classList.remove('stale')
  setText('version', state.version)
  setText('fresh', `${time(state.atMs)} ${ZONE}, renewed every 2 s`)
  showAdvice(state)
  showFlow(state)
  showBalance(state)
  showBacklog(state)
  showBulks(state)
  showLiveProcess(state)
  showDeadLetters(state)
  showInstances(state)
  showServers(state)
  showIndices(state)
  showHistory(state)
  showLinks(state)
}

/** @type {(state: State) => void} */
function showLinks({ links }) {
  const all = [
    ['Grafana', links.grafana],
    ['Kibana', links.kibana],
  ]
  const shownLinks = all.flatMap(([name = '', href = '']) =>
    href === '' ? [] : [element('a', { href, rel: 'noreferrer', target: '_blank' }, [name])],
  )
  if (byId('links').childElementCount !== shownLinks.length) byId('links').replaceChildren(...shownLinks)
}

/** @type {(date: Date) => string} As `local time, UTC+1`. */
function zoneOf(date) {
  const minutes = -date.getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const size = Math.abs(minutes)
  const rest = size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`
  return `local time, UTC${minutes < 0 ? '-' : '+'}${Math.floor(size / 60)}${rest}`
}

/** @type {(ms: number) => string} */
function time(ms) {
  return new Date(ms).toLocaleTimeString('en-GB')
}

async function renew() {
  if (!isSignedIn()) return
  try {
    show(/** @type {State} */ (await call('/console/state', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })))
    await renewRefusals()
    void renewHistory()
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
handleHistory()
handleLive()
handleDeadLetters()
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void renew()
})
void renewWhileVisible()
