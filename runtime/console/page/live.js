import { counted, number, size } from '../../telemetry/format.js'
import { byId, element, setText } from './element.js'
import { indented } from './json.js'
import { call, SignedOut } from './session.js'

/** @typedef {import('../../api/live-answers.ts').LiveEvent} LiveEvent */
/** @typedef {import('../../api/live-answers.ts').LiveEventsAnswer} LiveEventsAnswer */
/** @typedef {import('../state.ts').State} State */

const EVERY_MS = 500
/** More than fits on a screen. */
const MAX_ROWS = 100
const COLUMNS = ['Time', 'Source', 'Type', 'Session', 'Id', 'Size']
const FILTERS = /** @type {const} */ (['source', 'session', 'type'])

/** @type {AbortController | undefined} Of the events that are watched now. */
let watching
/** Since the page began to watch. */
let seen = 0
let shown = 0

const rows = element('tbody', { role: 'rowgroup', id: 'live-rows' })

/** Makes the controls work. */
export function handleLive() {
  const head = COLUMNS.map((name) => element('th', { scope: 'col', role: 'columnheader' }, [name]))
  byId('live-table').append(
    element('table', { role: 'table' }, [
      element('caption', {}, ['Events, the latest first']),
      element('thead', { role: 'rowgroup' }, [element('tr', { role: 'row' }, head)]),
      rows,
    ]),
  )
  byId('live-form').addEventListener('submit', (event) => {
    event.preventDefault()
    if (watching) pause('Paused. Events that arrive now are not shown.')
    else void watch()
  })
  // Another filter is another sample.
  byId('live-form').addEventListener('change', () => {
    if (!watching) return
    pause('')
    void watch()
  })
  byId('live-clear').addEventListener('click', clear)
}

/** @type {(state: State) => void} Whose events these are. */
export function showLiveProcess({ instances }) {
  const apis = instances.filter(({ program }) => program === 'api').length
  const others = apis > 1 ? ` Those that the other ${counted(apis - 1, 'API')} take are not among them.` : ''
  setText('live-lead', `Events that this API process takes, within a second of their call.${others}`)
}

/** @type {(isOn: boolean) => void} */
export function showWhetherLive(isOn) {
  byId('live-form').hidden = !isOn
  byId('live-off').hidden = isOn
}

/** @type {(text: string) => void} */
function pause(text) {
  watching?.abort()
  watching = undefined
  setText('live-toggle', 'Watch')
  setText('live-status', text)
}

function clear() {
  seen = 0
  shown = 0
  rows.replaceChildren()
  byId('live-table').hidden = true
}

async function watch() {
  const mine = new AbortController()
  watching = mine
  clear()
  setText('live-toggle', 'Pause')
  setText('live-status', 'Waiting for events …')
  const filter = filterOf()
  let cursor = ''
  while (!mine.signal.aborted) {
    if (!document.hidden) cursor = await renew(filter, cursor, mine.signal)
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
}

function filterOf() {
  return FILTERS.flatMap((name) => {
    const { value } = /** @type {HTMLInputElement} */ (byId(`live-${name}`))
    return value.trim() === '' ? [] : [[name, value.trim()]]
  })
}

/** @type {(filter: string[][], cursor: string, signal: AbortSignal) => Promise<string>} Answers the next cursor. */
async function renew(filter, cursor, signal) {
  const query = new URLSearchParams([...filter, ...(cursor === '' ? [] : [['after', cursor]])])
  try {
    const answer = /** @type {LiveEventsAnswer} */ (await call(`/console/events?${query}`, { signal }))
    if (signal.aborted) return cursor
    show(answer)
    return answer.cursor
  } catch (error) {
    if (signal.aborted) return cursor
    if (error instanceof SignedOut) pause('')
    else setText('live-status', `No events are shown: ${error instanceof Error ? error.message : String(error)}`)
    return cursor
  }
}

/** @type {(answer: LiveEventsAnswer) => void} */
function show({ events, seen: arrived, overwritten, isRestarted, process }) {
  seen += arrived
  shown += events.length
  const sampled = shown < seen ? ` (1 of ${number(seen / Math.max(1, shown))}: a filter shows more of them)` : ''
  const lost = overwritten > 0 ? ` ${counted(overwritten, 'event')} left the sample before they were shown.` : ''
  const restarted = isRestarted ? ' Events that arrived meanwhile are not shown.' : ''
  setText(
    'live-status',
    `${process}: ${counted(seen, 'event')} arrived, ${number(shown)} shown${sampled}.${lost}${restarted}`,
  )
  if (events.length === 0) return
  rows.prepend(...events.slice(-MAX_ROWS).reverse().map(rowOf))
  while (rows.children.length > MAX_ROWS) rows.lastElementChild?.remove()
  byId('live-table').hidden = false
}

/** @type {(event: LiveEvent) => HTMLElement} */
function rowOf({ key, receivedAt, source, type, session, id, characters, isStored }) {
  const button = element('button', { type: 'button', class: 'link', 'aria-expanded': 'false' }, [clock(receivedAt)])
  const cells = [source, type, session ?? '–', id || '–', size(characters)].map((text, index) =>
    element('td', { role: 'cell', class: 'text', 'data-name': COLUMNS[index + 1] ?? '' }, [text]),
  )
  if (!isStored) cells[1]?.append(' ', element('span', { class: 'word' }, ['not to be stored']))
  const row = element('tr', { role: 'row' }, [element('th', { scope: 'row', role: 'rowheader' }, [button]), ...cells])
  button.title = 'Show or hide the document'
  button.addEventListener('click', () => void toggle(row, button, key))
  return row
}

/** @type {(row: HTMLElement, button: HTMLElement, key: string) => Promise<void>} Shows the document of an event below it, or hides it. */
async function toggle(row, button, key) {
  const isOpen = button.getAttribute('aria-expanded') === 'true'
  button.setAttribute('aria-expanded', String(!isOpen))
  if (isOpen) {
    row.querySelector('.payload')?.remove()
    return
  }
  const place = element('td', { role: 'cell', class: 'payload' }, [element('pre', { tabindex: '0' }, ['Reading …'])])
  row.append(place)
  place.replaceChildren(element('pre', { tabindex: '0' }, [await documentText(key)]))
}

/** @type {(key: string) => Promise<string>} */
async function documentText(key) {
  try {
    const answer = await call(`/console/events/payload?${new URLSearchParams({ key })}`)
    const { payload = '', isCut } = /** @type {import('../../api/live-answers.ts').PayloadAnswer} */ (answer)
    return isCut ? `${payload} … (cut)` : indented(payload)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** @type {(iso: string) => string} */
function clock(iso) {
  const at = new Date(iso)
  return `${at.toLocaleTimeString('en-GB')}.${String(at.getMilliseconds()).padStart(3, '0')}`
}
