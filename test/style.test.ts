import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { INFRA, type Rooms, RUNTIME } from './support/rooms.ts'

const root = fileURLToPath(new URL('../', import.meta.url))

interface Import {
  readonly from: string
  readonly to: string
}

/** Every import between files of a folder, by folder in it: `api/track.ts` is in `api`, `config.ts` in `.`. */
function imports(folder: string): readonly Import[] {
  const base = join(root, folder)
  const files = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.includes('node_modules'),
  )
  return files.flatMap((file) => {
    const text = readFileSync(join(base, file), 'utf8')
    const targets = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] as string)
    return targets.map((target) => {
      const path = relative(base, join(base, file, '..', target))
      return { from: folderOf(file), to: path.startsWith('..') ? path : folderOf(path) }
    })
  })
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] as string) : '.'
}

function forbidden(folder: string, rooms: Rooms, toTop: boolean): readonly string[] {
  const allowed = (from: string) => rooms[from]?.mayImport.map((to) => (/\.[jt]s$/.test(to) ? `../${to}` : to))
  return imports(folder)
    .filter(({ from }) => from !== '.')
    .filter(({ from, to }) => from !== to && !(toTop && to === '.') && !allowed(from)?.includes(to))
    .map(({ from, to }) => `${from} imports ${to}`)
}

function foldersOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map(({ name }) => name)
}

describe('imports', () => {
  it('have a rule for each folder', () => {
    assert.deepEqual(Object.keys(RUNTIME).sort(), [...foldersOf('runtime')].sort())
    assert.deepEqual(Object.keys(INFRA).sort(), [...foldersOf('infra')].sort())
  })

  it('go one way in the runtime: api and worker meet only through the queue and the documents', () => {
    assert.deepEqual(forbidden('runtime', RUNTIME, true), [])
    // The command line is the one place that knows everything.
    const top = imports('runtime').filter(({ from, to }) => from === '.' && to !== '.')
    assert.deepEqual([...new Set(top.map(({ to }) => to))].sort(), ['commands', 'load-test', 'local', 'programs'])
  })

  it('of the runtime stay in it: its images have nothing of Pulumi', () => {
    assert.deepEqual(
      imports('runtime').filter(({ to }) => to.startsWith('..')),
      [],
    )
    const packages = JSON.parse(readFileSync(join(root, 'runtime/package.json'), 'utf8'))
    const names = Object.keys({ ...packages.dependencies, ...packages.optionalDependencies })
    assert.deepEqual(
      names.filter((name) => name.includes('pulumi')),
      [],
    )
  })

  it('go one way in the infrastructure, from the platform through its parts to the configuration', () => {
    assert.deepEqual(forbidden('infra', INFRA, false), [])
  })
})
