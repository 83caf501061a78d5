/**
 * Makes an element. Text is only ever set as text: dead letters quote what strangers have sent.
 *
 * @param {string} tag
 * @param {Readonly<Record<string, string>>} attributes
 * @param {readonly (Node | string)[]} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** @type {(id: string) => HTMLElement} An element of the page, which is always there. */
export function byId(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no element ${id}`)
  return found
}

/** @type {(id: string, text: string) => void} Sets a text, and changes nothing if it is already set. */
export function setText(id, text) {
  const place = byId(id)
  if (place.textContent !== text) place.textContent = text
}

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {boolean} [isNumber] to the right, with digits of the same width
 */

/**
 * A cell: its text, or a text with a word that says how good that is.
 *
 * @typedef {string | { text: string, severity: 'act' | 'watch' | 'hint' | 'well' }} Cell
 */

/**
 * Shows rows as a table, or nothing when there are none. On a narrow screen each row becomes a card, so every cell knows
 * the name of its column, and its role is explicit, because the changed layout would remove it.
 *
 * @param {string} id
 * @param {string} caption
 * @param {readonly Column[]} columns
 * @param {readonly (readonly Cell[])[]} rows
 */
export function showTable(id, caption, columns, rows) {
  const place = byId(id)
  place.hidden = rows.length === 0
  const classOf = (/** @type {number} */ column) => (columns[column]?.isNumber ? 'number' : 'text')
  const head = columns.map(({ name }, column) =>
    element('th', { scope: 'col', role: 'columnheader', class: classOf(column) }, [name]),
  )
  const body = rows.map((row) =>
    element(
      'tr',
      { role: 'row' },
      row.map((cell, column) => cellOf(cell, columns[column]?.name ?? '', classOf(column), column === 0)),
    ),
  )
  const table = element('table', { role: 'table' }, [
    element('caption', {}, [caption]),
    element('thead', { role: 'rowgroup' }, [element('tr', { role: 'row' }, head)]),
    element('tbody', { role: 'rowgroup' }, body),
  ])
  // Rebuilding what has not changed would end a selection of text.
  if (place.firstElementChild?.outerHTML !== table.outerHTML) place.replaceChildren(table)
}

/** @type {(cell: Cell, name: string, kind: string, isFirst: boolean) => HTMLElement} */
function cellOf(cell, name, kind, isFirst) {
  const content = typeof cell === 'string' ? cell : element('span', { class: `word ${cell.severity}` }, [cell.text])
  return isFirst
    ? element('th', { scope: 'row', role: 'rowheader', class: kind }, [content])
    : element('td', { role: 'cell', class: kind, 'data-name': name }, [content])
}
