import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PublishedFile } from '../../runtime/tracker/build.ts'
import { type PackedProject, packedTracker } from '../support/packed-project.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BEGIN = "import { createTracker } from '@tracardi-at-scale/tracker'\n"

describe('the packed browser library, in a project of its own', () => {
  let project: PackedProject
  const run = (file: string, args: readonly string[]) =>
    execFileSync(file, args, { cwd: project.folder, encoding: 'utf8', stdio: 'pipe' })

  before(() => {
    project = packedTracker()
  })
  after(() => project.remove())

  it('has the built files in it, and no source', () => {
    assert.deepEqual(
      project.packed.filter((file) => !file.startsWith('package/dist/')),
      ['package/package.json'],
    )
  })

  it('is imported by its names, with the hashes of the published scripts', () => {
    const program = `${BEGIN}import { trackPages } from '@tracardi-at-scale/tracker/pages'
import published from '@tracardi-at-scale/tracker/published.json' with { type: 'json' }
process.stdout.write(JSON.stringify([typeof createTracker, typeof trackPages, published]))`
    const [create, pages, published] = JSON.parse(run(process.execPath, ['--input-type=module', '--eval', program]))
    assert.deepEqual([create, pages], ['function', 'function'])
    assert.deepEqual(
      (published as PublishedFile[]).map(({ name, integrity }) => [name, integrity.slice(0, 7)]),
      [
        ['tracker.js', 'sha384-'],
        ['pages.js', 'sha384-'],
      ],
    )
  })

  it('has types: a page is accepted, and an option that does not exist is refused', () => {
    const typesOf = (text: string) => {
      writeFileSync(join(project.folder, 'typed.ts'), BEGIN + text)
      const options = ['--noEmit', '--strict', '--types', '', '--lib', 'es2022,dom']
      try {
        run(join(ROOT, 'node_modules/.bin/tsc'), [...options, '--module', 'nodenext', '--target', 'es2022', 'typed.ts'])
        return 'accepted'
      } catch (error) {
        return /error (TS\d+)/.exec((error as { stdout: string }).stdout)?.[1]
      }
    }
    const made = "const tracker = createTracker({ api: 'https://events.example.com', source: 's'"
    const pages = "import { trackPages } from '@tracardi-at-scale/tracker/pages'\n"
    assert.equal(
      typesOf(`${pages}${made} })\ntrackPages(tracker, { hash: true })\nvoid tracker.track('a')`),
      'accepted',
    )
    assert.equal(typesOf(`${made}, batch: 1 })`), 'TS2353')
    assert.equal(typesOf(`${pages}${made} })\ntrackPages(tracker, { hash: 1 })`), 'TS2322')
  })
})
