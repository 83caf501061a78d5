import { globSync } from 'node:fs'

const PAGES = ['*.md', 'docs/**/*.md', 'bench/README.md']

/** Code whose comments and texts are checked. */
const CODE = [
  '{bench,docs,infra,runtime,stacks,test}/**/*.{ts,js,yaml,sh}',
  '{compose,Pulumi}.yaml',
  '.github/**/*.yml',
  'runtime/Dockerfile',
  'runtime/local/Dockerfile',
]

/** Built from what is checked, or the words themselves. */
const SKIPPED = /node_modules|tracker\/dist|test\/prose/

/** Every file that is checked, by its path from the top of the repository. */
export function checkedFiles(root: string): readonly string[] {
  return globSync([...PAGES, ...CODE], { cwd: root })
    .filter((file) => !SKIPPED.test(file))
    .sort()
}
