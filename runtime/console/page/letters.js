import { number, size } from '../../telemetry/format.js'
import { byId, element } from './element.js'
import { indented } from './json.js'

/** @typedef {import('../dead-letters.ts').DeadLetterView} DeadLetterView */
/** @typedef {import('../letter.ts').DeadLetterRow} DeadLetterRow */

const COLUMNS = ['Refused at', 'Status', 'Fault', 'Source', 'Type', 'Session', 'Reason']
const FILTERS = /** @type {const} */ (['fault', 'source', 'type'])

/** @returns {Record<string, string>} */
export function filterOf() {
  return Object.fromEntries(
    // The first choice filters nothing.
    FILTERS.filter((name) => selectOf(name).selectedIndex > 0).map((name) => [name, selectOf(name).value]),
  )
}

/** @type {(name: string) => HTMLSelectElement} */
function selectOf(name) {
  return /** @type {HTMLSelectElement} */ (byId(`dead-${name}`))
}

/** The ids of the letters with a mark. */
export function chosenIds() {
  const marks = byId('dead-letters').querySelectorAll('input:checked')
  return [...marks].map((mark) => /** @type {HTMLInputElement} */ (mark).value)
}

export function clearLetters() {
  byId('dead-letters').hidden = true
  byId('dead-letters').replaceChildren()
  byId('dead-filters').hidden = true
  for (const name of FILTERS) selectOf(name).replaceChildren()
}

/** @type {(view: DeadLetterView) => void} */
export function showLetters({ deadLetters, counts }) {
  for (const name of FILTERS) showChoices(selectOf(name), counts[name])
  byId('dead-filters').hidden = false
  const head = COLUMNS.map((name) => element('th', { scope: 'col', role: 'columnheader' }, [name]))
  const place = byId('dead-letters')
  place.hidden = deadLetters.length === 0
  place.replaceChildren(
    element('table', { role: 'table' }, [
      element('caption', {}, ['The oldest dead letters']),
      element('thead', { role: 'rowgroup' }, [element('tr', { role: 'row' }, head)]),
      element('tbody', { role: 'rowgroup' }, deadLetters.map(rowOf)),
    ]),
  )
}

/** @type {(select: HTMLSelectElement, counts: DeadLetterView['counts']['fault']) => void} Keeps what is chosen. */
function showChoices(select, counts) {
  const chosen = select.selectedIndex > 0 ? counts.findIndex(({ name }) => name === select.value) : -1
  const names = counts.map(({ name, count }) =>
    element('option', { value: name }, [`${name || 'none'} (${number(count)})`]),
  )
  select.replaceChildren(element('option', { value: '' }, ['any']), ...names)
  select.selectedIndex = chosen + 1
}

/** @type {(row: DeadLetterRow) => HTMLElement} */
function rowOf(letter) {
  const { id, failedAt, status, fault, source, type, session, reason } = letter
  const time = failedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC') || 'unknown'
  const mark = element('input', { type: 'checkbox', value: id, 'aria-label': `Choose the one refused at ${time}` })
  const button = element('button', { type: 'button', class: 'link', 'aria-expanded': 'false' }, [time])
  const texts = [status === 0 ? '–' : String(status), fault, source || '–', type || '–', session || '–', reason]
  const row = element('tr', { role: 'row' }, [
    element('th', { scope: 'row', role: 'rowheader' }, [mark, ' ', button]),
    ...texts.map((text, at) =>
      element('td', { role: 'cell', class: 'text', 'data-name': COLUMNS[at + 1] ?? '' }, [text]),
    ),
  ])
  button.title = 'Show or hide the payload'
  button.addEventListener('click', () => {
    const isOpen = button.getAttribute('aria-expanded') === 'true'
    button.setAttribute('aria-expanded', String(!isOpen))
    if (isOpen) row.nextElementSibling?.remove()
    else row.after(detailOf(letter))
  })
  return row
}

/** @type {(letter: DeadLetterRow) => HTMLElement} */
function detailOf({ operation, bytes, payload, isCut }) {
  const cut = isCut ? '\n… (cut; an export has all of it)' : ''
  const text = payload
    .trimEnd()
    .split('\n')
    .map((line) => indented(line))
    .join('\n')
  return element('tr', { role: 'row', class: 'detail' }, [
    element('td', { role: 'cell', class: 'payload', colspan: String(COLUMNS.length) }, [
      element('p', { class: 'note' }, [`${operation}, ${size(bytes)}`]),
      element('pre', { tabindex: '0' }, [text + cut]),
    ]),
  ])
}
