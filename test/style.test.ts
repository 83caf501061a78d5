import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const runtime = fileURLToPath(new URL('../runtime/', import.meta.url))

interface Import {
  readonly from: string
  readonly to: string
}

/** Every import between files of the runtime, by folder: `api/track.ts` is in `api`, `config.ts` in `.`. */
function imports(): Import[] {
  const files = readdirSync(runtime, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.includes('node_modules'),
  )
  return files.flatMap((file) => {
    const text = readFileSync(join(runtime, file), 'utf8')
    const targets = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] as string)
    return targets.map((target) => ({
      from: folderOf(file),
      to: folderOf(relative(runtime, join(runtime, file, '..', target))),
    }))
  })
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] as string) : '.'
}

/** Which folders a folder may import, besides itself and the files at the top. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  '.': [],
  queue: [],
  search: [],
  api: ['queue', 'search'],
  worker: ['queue', 'search'],
  programs: ['api', 'worker', 'queue', 'search'],
  send: [],
  commands: ['queue', 'search', 'send'],
  local: [],
}

describe('imports in the runtime', () => {
  it('go one way: api and worker meet only through the queue and the documents', () => {
    const wrong = imports().filter(({ from, to }) => from !== to && to !== '.' && !ALLOWED[from]?.includes(to))
    // The command line is the one place that knows everything.
    assert.deepEqual(
      wrong.filter(({ from }) => from !== '.').map(({ from, to }) => `${from} imports ${to}`),
      [],
    )
    const top = wrong.filter(({ from }) => from === '.').map(({ to }) => to)
    assert.deepEqual([...new Set(top)].sort(), ['commands', 'local', 'programs'])
  })
})
