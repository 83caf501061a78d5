import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

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

type Allowed = Readonly<Record<string, readonly string[]>>

/** Which folders a folder may import, besides itself and the files at the top. */
const RUNTIME: Allowed = {
  '.': [],
  telemetry: [],
  queue: ['telemetry'],
  search: [],
  api: ['queue', 'search'],
  worker: ['queue', 'search'],
  console: ['queue', 'search', 'telemetry'],
  programs: ['api', 'worker', 'console', 'queue', 'search'],
  send: [],
  replay: ['queue', 'search', 'worker'],
  'load-test': ['queue', 'search', 'send', 'telemetry'],
  commands: ['api', 'queue', 'search', 'send', 'load-test', 'replay', 'telemetry'],
  local: ['api', 'telemetry'],
}

/** What the report of a load test is made from. */
const LOAD_TEST_RECORD = [
  '../runtime/load-test/record.ts',
  '../runtime/load-test/summary.ts',
  '../runtime/telemetry/bottlenecks.ts',
  '../runtime/telemetry/format.js',
]

/** Errors have one base and one table of codes. */
const ERRORS = '../runtime/errors.ts'

/** Of the runtime: its settings, and the names that follow from them. Both are pure. */
const SETTINGS = ['../runtime/config.ts', '../runtime/names.ts']

/** The same for the infrastructure, which of the runtime knows the settings and, to start it, the run on one machine. */
const INFRA: Allowed = {
  sizing: [],
  config: ['sizing', ERRORS, '../runtime/config.ts'],
  kubernetes: ['config'],
  network: ['kubernetes'],
  pulsar: ['config', 'kubernetes', 'safety'],
  elasticsearch: ['config', 'kubernetes', 'safety', '../runtime/config.ts'],
  runtime: ['config', 'kubernetes', 'pulsar', 'elasticsearch', ...SETTINGS],
  observability: ['config', 'kubernetes', 'elasticsearch', ...SETTINGS],
  safety: ['kubernetes', ERRORS],
  pipeline: [ERRORS],
  'load-test': ['sizing', 'config', 'kubernetes', 'pulsar', 'elasticsearch', 'runtime', ...LOAD_TEST_RECORD],
  commands: [
    'sizing',
    'config',
    'pipeline',
    'load-test',
    '.',
    '../runtime/config.ts',
    ERRORS,
    '../runtime/local/run.ts',
    '../runtime/local/run-record.ts',
    '../runtime/commands/load-test.ts',
    ...LOAD_TEST_RECORD,
  ],
}

function forbidden(folder: string, allowed: Allowed, toTop: boolean): readonly string[] {
  return imports(folder)
    .filter(({ from }) => from !== '.')
    .filter(({ from, to }) => from !== to && !(toTop && to === '.') && !allowed[from]?.includes(to))
    .map(({ from, to }) => `${from} imports ${to}`)
}

describe('imports', () => {
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
