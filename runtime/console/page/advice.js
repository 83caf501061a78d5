import { duration } from '../../telemetry/format.js'
import { byId, element, setText, showTable } from './element.js'

/** @typedef {import('../state.ts').State} State */
/** @typedef {State['advice'][number]} Advice */

const SEVERITIES = { act: 'Act now', watch: 'Watch', hint: 'Hint' }

/** @type {Map<string, { item: HTMLElement, show: (advice: Advice) => void }>} Kept, so that numbers change and focus and selection stay. */
const shown = new Map()

/** @type {(state: State) => void} */
export function showAdvice(state) {
  const { advice } = state
  const worst = advice[0]?.severity ?? 'well'
  const word = { act: 'Act now', watch: 'Watch', hint: 'All is well', well: 'All is well' }[worst]
  setText('state', word)
  byId('state').dataset['severity'] = worst === 'hint' ? 'well' : worst
  for (const code of shown.keys()) if (!advice.some((one) => one.code === code)) shown.delete(code)
  const items = advice.map((one) => {
    const known = shown.get(one.code) ?? itemFor(one)
    shown.set(one.code, known)
    known.show(one)
    return known.item
  })
  setItems(items.length > 0 ? items : [calmItem(state)])
  showPast(state)
  // Numbers change every 2 s; what is spoken changes only with what there is to do.
  setText(
    'advice-spoken',
    advice.length === 0
      ? 'Nothing to do'
      : advice.map(({ severity, title }) => `${SEVERITIES[severity]}: ${title}`).join('. '),
  )
}

/** @type {(items: readonly HTMLElement[]) => void} Moves nothing that is in its place. */
function setItems(items) {
  const list = byId('advice-list')
  const isSame = items.length === list.children.length && items.every((item, at) => list.children[at] === item)
  if (!isSame) list.replaceChildren(...items)
}

/** @type {(advice: Advice) => { item: HTMLElement, show: (advice: Advice) => void }} */
function itemFor({ code }) {
  const word = element('span', { class: 'word' })
  const title = element('span')
  const text = element('p')
  const where = element('p', { class: 'where' })
  const reason = element('p', { class: 'reason' })
  const commands = element('ul', { class: 'commands' })
  const link = element('a', { href: `console/causes#${code}` }, ['What this means'])
  const item = element('li', {}, [
    element('p', { class: 'title' }, [word, ' ', title]),
    text,
    reason,
    where,
    commands,
    element('p', { class: 'where' }, [link]),
  ])
  const show = (/** @type {Advice} */ advice) => {
    item.className = advice.severity
    word.className = `word ${advice.severity}`
    set(word, SEVERITIES[advice.severity])
    set(title, advice.title)
    set(text, advice.text)
    set(reason, advice.reason === undefined ? '' : `Last reason: ${advice.reason}`)
    reason.hidden = advice.reason === undefined
    set(where, `Where: ${advice.where}. Since ${timeOf(advice.sinceMs)}.`)
    const given = advice.commands.join('\n')
    if (commands.dataset['given'] === given) return
    commands.dataset['given'] = given
    commands.replaceChildren(...advice.commands.map(commandItem))
  }
  return { item, show }
}

/** @type {(command: string) => HTMLElement} */
function commandItem(command) {
  const copy = element('button', { type: 'button', 'aria-label': `Copy ${command}` }, ['Copy'])
  copy.addEventListener('click', async () => {
    // Browsers give the clipboard to pages of this machine and of HTTPS only.
    await navigator.clipboard?.writeText(command).then(
      () => set(copy, 'Copied'),
      () => set(copy, 'Select it'),
    )
  })
  return element('li', {}, [element('code', {}, [command]), copy])
}

/** @type {(place: HTMLElement, text: string) => void} */
function set(place, text) {
  if (place.textContent !== text) place.textContent = text
}

/** @type {(state: State) => void} */
function showPast({ pastAdvice }) {
  byId('advice-past').hidden = pastAdvice.length === 0
  setText('advice-past-count', `Before (${pastAdvice.length})`)
  showTable(
    'advice-past-table',
    'What was advised before',
    [{ name: 'Advice' }, { name: 'Where' }, { name: 'From' }, { name: 'Until' }, { name: 'For', isNumber: true }],
    pastAdvice.map(({ title, severity, where, fromMs, untilMs }) => [
      { text: title, severity },
      where,
      timeOf(fromMs),
      timeOf(untilMs),
      duration((untilMs - fromMs) / 1000),
    ]),
  )
}

/** @type {(ms: number) => string} */
function timeOf(ms) {
  const at = new Date(ms)
  const isToday = at.toDateString() === new Date().toDateString()
  return isToday
    ? at.toLocaleTimeString('en-GB')
    : at.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}

/** @type {(state: State) => HTMLElement} */
function calmItem(state) {
  return element('li', { class: 'well' }, [element('p', {}, [calmWords(state)])])
}

/** @type {(state: State) => string} */
function calmWords({ queue, acceptedPerSecond }) {
  if (!queue.isInHand && queue.secondsToDrain) {
    return `Nothing to do: the backlog shrinks, and is empty in ${duration(queue.secondsToDrain)}.`
  }
  return acceptedPerSecond
    ? 'Nothing to do: events arrive and are stored.'
    : 'Nothing to do: no events arrive at present.'
}
