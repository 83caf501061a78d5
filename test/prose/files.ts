import { globSync } from 'node:fs'

const PAGES = ['*.md', 'docs/**/*.md', 'bench/README.md']

/** Folders of code whose comments and texts are checked. */
const CODE: readonly string[] = []

export function checkedFiles(root: string): readonly string[] {
  return globSync([...PAGES, ...CODE], { cwd: root, exclude: (name) => String(name).includes('node_modules') }).sort()
}
