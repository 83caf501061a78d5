type Row = readonly string[]

/** Rows as columns of text: the first to the left, the others to the right. */
export function columns(rows: readonly Row[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return rows.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('')
}

/** A text in lines of at most `width` characters. All lines except the first are indented; the first one as `first` says. */
export function wrapped(text: string, width: number, indent = '', first = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const next = line === '' ? first + word : `${line} ${word}`
    if (next.length > width && line !== '') {
      lines.push(line)
      line = indent + word
    } else line = next
  }
  return `${[...lines, line].join('\n')}\n`
}
