import { counted, number } from '../../telemetry/format.js'
import { byId, setText, showTable } from './element.js'
import { chosenIds, clearLetters, filterOf, showLetters } from './letters.js'
import { call } from './session.js'

/** @typedef {import('../state.ts').State} State */
/** @typedef {import('../dead-letters.ts').DeadLetterView} DeadLetterView */
/** @typedef {import('../letter.ts').LetterFilter} LetterFilter */

/** As many as one call replays, exports or drops. */
const AT_ONCE = 1000
const BUTTONS = ['dead-look', 'dead-replay', 'dead-export', 'dead-drop']

/** Number that wait, or that fit the filter once it is known. */
let waiting = 0
/** @type {number | undefined} */
let matching
/** Ends the question that the dialog asks. @type {(isConfirmed: boolean) => void} */
let settle = () => undefined

/** @type {(state: State) => void} */
export function showDeadLetters({ queue, faults }) {
  waiting = queue.deadLetters ?? 0
  const lead =
    queue.deadLetters === null
      ? 'Pulsar does not report how many there are.'
      : waiting === 0
        ? 'None. Operations that Elasticsearch refuses permanently appear here, with the reason.'
        : `${counted(waiting, 'operation')} that Elasticsearch refused permanently. They wait until you replay or drop them.`
  setText('dead-lead', lead)
  for (const id of BUTTONS) byId(id).toggleAttribute('disabled', waiting === 0)
  showTable(
    'faults',
    'Refused since the workers started, by fault',
    [{ name: 'Fault' }, { name: 'Operations', isNumber: true }],
    faults.map(({ name, count }) => [name, number(count)]),
  )
}

/** Makes the buttons work. */
export function handleDeadLetters() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dead-dialog'))
  dialog.addEventListener('close', () => {
    // The event comes later: the dialog may ask the next question by then.
    if (!dialog.open) settle(dialog.returnValue === 'confirmed')
  })
  byId('dead-look').addEventListener('click', () => whileBusy('Reading …', look))
  byId('dead-filters').addEventListener('change', () => whileBusy('Reading …', look))
  byId('dead-export').addEventListener('click', () => whileBusy('Exporting …', exportThem))
  byId('dead-replay').addEventListener('click', async () => {
    const { count, what } = selected()
    const rest = waiting > AT_ONCE && count === AT_ONCE ? ' More remain for another replay.' : ''
    const text = `${what} will be published again.${rest} Do it once the cause is fixed: nothing is stored twice, and what is still refused becomes a dead letter again.`
    if (await confirmed('Replay dead letters?', text, 'Replay')) await whileBusy('Replaying …', replay)
  })
  byId('dead-drop').addEventListener('click', async () => {
    const text = `${selected().what} will be exported to a file of your browser, then removed permanently.`
    if (await confirmed('Drop dead letters?', text, 'Export and drop')) await whileBusy('Exporting …', drop)
  })
}

/** What the buttons apply to: the chosen ones, otherwise all that fit the filter. */
function selected() {
  const ids = chosenIds()
  const count = Math.min(AT_ONCE, ids.length > 0 ? ids.length : (matching ?? waiting))
  const chosen = ids.length > 0 ? ' that you chose' : Object.keys(filterOf()).length > 0 ? ' that fit the filter' : ''
  /** @type {LetterFilter} */
  const filter = ids.length > 0 ? { ids } : filterOf()
  return { count, what: `${counted(count, 'dead letter')}${chosen}`, filter }
}

/** @type {(title: string, text: string, action: string) => Promise<boolean>} */
function confirmed(title, text, action) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dead-dialog'))
  setText('dead-dialog-title', title)
  setText('dead-dialog-text', text)
  setText('dead-dialog-action', action)
  dialog.returnValue = 'cancel'
  dialog.showModal()
  return new Promise((resolve) => {
    settle(false)
    settle = resolve
  })
}

/** @type {(doing: string, work: () => Promise<string>) => Promise<void>} */
async function whileBusy(doing, work) {
  setText('dead-done', doing)
  try {
    setText('dead-done', await work())
  } catch (error) {
    setText('dead-done', `That failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** @type {(path: string, body: object) => Promise<unknown>} */
function post(path, body) {
  const headers = { 'content-type': 'application/json' }
  return call(`/console/dead-letters/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function look() {
  const view = /** @type {DeadLetterView} */ (await call(`/console/dead-letters?${new URLSearchParams(filterOf())}`))
  matching = view.matching
  showLetters(view)
  if (view.deadLetters.length === 0) return 'None are left.'
  const more = view.matching > view.deadLetters.length ? ` of ${number(view.matching)}` : ''
  return `${number(view.deadLetters.length)}${more} shown; none is removed.`
}

async function replay() {
  const answer = await post('replay', selected().filter)
  const { replayed, refused, reason } = /** @type {import('../../queue/dead-letters.ts').Replayed} */ (answer)
  clearLetters()
  matching = undefined
  const kept = refused === 0 ? '' : ` Pulsar refused ${number(refused)}, which still wait: ${reason}.`
  return `${counted(replayed, 'dead letter was', 'dead letters were')} published again. What is still refused becomes a dead letter again.${kept}`
}

async function exportThem() {
  const { ids, lines } = await exported()
  save(lines)
  return `${counted(ids.length, 'dead letter')} exported; none is removed.`
}

/** Only what the export has is dropped. */
async function drop() {
  const { ids, lines } = await exported()
  if (ids.length === 0) return 'None are left.'
  save(lines)
  const { dropped } = /** @type {{ dropped: number }} */ (await post('drop', { ids }))
  clearLetters()
  matching = undefined
  return `${counted(dropped, 'dead letter was', 'dead letters were')} dropped. They are in the file that your browser saved.`
}

async function exported() {
  return /** @type {import('../dead-letters.ts').ExportedLetters} */ (await post('export', selected().filter))
}

/** @type {(lines: string) => void} */
function save(lines) {
  const url = URL.createObjectURL(new Blob([lines], { type: 'application/x-ndjson' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `dead-letters-${new Date().toISOString().replaceAll(':', '-')}.jsonl`
  link.click()
  URL.revokeObjectURL(url)
}
