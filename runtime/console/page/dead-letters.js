import { counted, number } from '../../telemetry/format.js'
import { byId, setText, showTable } from './element.js'
import { call } from './session.js'

/** @typedef {import('../state.ts').State} State */
/** @typedef {import('../dead-letters.ts').DeadLetterRow} DeadLetterRow */

/** As many as one call replays. */
const REPLAYED_AT_ONCE = 1000

/** @type {(state: State) => void} */
export function showDeadLetters({ queue, faults }) {
  const waiting = queue.deadLetters
  const lead =
    waiting === null
      ? 'Pulsar does not report how many there are.'
      : waiting === 0
        ? 'None. Operations that Elasticsearch refuses permanently appear here, with the reason.'
        : `${counted(waiting, 'operation')} that Elasticsearch refused permanently. They wait until you replay them.`
  setText('dead-lead', lead)
  byId('dead-letters').dataset['waiting'] = String(waiting ?? 0)
  for (const id of ['dead-look', 'dead-replay']) byId(id).toggleAttribute('disabled', !waiting)
  showTable(
    'faults',
    'Refused since the workers started, by fault',
    [{ name: 'Fault' }, { name: 'Operations', isNumber: true }],
    faults.map(({ name, count }) => [name, number(count)]),
  )
}

/** Makes the buttons work. */
export function handleDeadLetters() {
  byId('dead-look').addEventListener('click', () => whileBusy('Reading …', look))
  byId('dead-replay').addEventListener('click', async () => {
    const waiting = Number(byId('dead-letters').dataset['waiting'])
    if (await confirmed(waiting)) await whileBusy('Replaying …', replay)
  })
}

/** @type {(waiting: number) => Promise<boolean>} */
function confirmed(waiting) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('replay-dialog'))
  const count = Math.min(waiting, REPLAYED_AT_ONCE)
  const rest = waiting > count ? ` ${number(waiting - count)} remain for another replay.` : ''
  setText(
    'replay-text',
    `${counted(count, 'dead letter')} will be published again.${rest} Do it once the cause is fixed: nothing is stored twice, and what is still refused becomes a dead letter again.`,
  )
  dialog.returnValue = 'cancel'
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'replay'), { once: true })
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

async function look() {
  const { deadLetters } = /** @type {{ deadLetters: readonly DeadLetterRow[] }} */ (await call('/console/dead-letters'))
  showTable(
    'dead-letters',
    'The oldest dead letters',
    [
      { name: 'Refused at' },
      { name: 'Status', isNumber: true },
      { name: 'Fault' },
      { name: 'Reason' },
      { name: 'Operation' },
    ],
    deadLetters.map(({ failedAt, status, fault, reason, operation }) => [
      failedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'),
      status === 0 ? '–' : String(status),
      fault,
      reason,
      operation,
    ]),
  )
  return deadLetters.length === 0
    ? 'None are left.'
    : `${counted(deadLetters.length, 'dead letter')} shown; none is removed.`
}

async function replay() {
  const { replayed } = /** @type {{ replayed: number }} */ (
    await call('/console/dead-letters/replay', { method: 'POST' })
  )
  byId('dead-letters').hidden = true
  return `${counted(replayed, 'dead letter was', 'dead letters were')} published again. What is still refused becomes a dead letter again.`
}
