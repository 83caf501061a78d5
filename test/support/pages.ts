import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Every page of the documentation, by its path from the top of the repository. */
export function allPages(): readonly string[] {
  return globSync(['*.md', '.github/**/*.md', 'docs/**/*.md', 'bench/**/*.md'], { cwd: root }).sort()
}

export function readPage(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8')
}

/** The page without what is no prose of its own: blocks of code. */
function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '')
}

/** The anchors of the sections of a page, as GitHub makes them. */
export function anchorsOf(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

export interface Link {
  /** Empty for a section of the same page. */
  readonly target: string
  readonly anchor: string | undefined
}

/** The links and images of a page that lead to files of the repository. */
export function linksOf(text: string): readonly Link[] {
  const found = withoutCode(text).matchAll(/(?:\]\(|src=")(?!https?:)([^)#"\s]*)(?:#([^)"]+))?[)"]/g)
  return [...found].map(([, target = '', anchor]) => ({ target, anchor }))
}
