import { readdirSync, readFileSync } from 'node:fs'

interface Decision {
  readonly file: string
  readonly number: number
  readonly title: string
  readonly date: string
  /** `accepted`, `replaced`, or `replaced in part`. */
  readonly status: string
  /** The file of the decision that replaces it. */
  readonly replacedBy: string | undefined
}

const FOLDER = new URL('adr/', import.meta.url)

/** Every decision, as its page begins: `# <number>. <title>`, then `<date> · <status>` and what replaces it. */
export function decisions(): readonly Decision[] {
  const files = readdirSync(FOLDER).filter((file) => /^\d{4}-/.test(file))
  return files.sort().map((file) => {
    const [heading = '', , line = ''] = readFileSync(new URL(file, FOLDER), 'utf8').split('\n')
    const [, number, title = ''] = /^# (\d+)\. (.+)$/.exec(heading) ?? []
    const [, date = '', status = '', replacedBy] =
      /^(\d{4}-\d{2}-\d{2}) · ([a-z ]+?)(?: by \[\d+\]\((\S+)\))?$/.exec(line) ?? []
    return { file, number: Number(number), title, date, status, replacedBy }
  })
}
