import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PackedProject, packedSender } from '../support/packed-project.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const versionsOf = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')).dependencies

describe('the packed sender for servers, in a project of its own', () => {
  let project: PackedProject
  const run = (file: string, args: readonly string[]) =>
    execFileSync(file, args, { cwd: project.folder, encoding: 'utf8', stdio: 'pipe' })

  before(() => {
    project = packedSender('@types/node', 'undici-types')
  })
  after(() => project.remove())

  it('has the compiled sender in it and what it uses, and no source', () => {
    assert.deepEqual(
      project.packed.filter((file) => !/^package\/dist\/.*\.(js|d\.ts)$/.test(file)),
      ['package/package.json'],
    )
    assert.ok(project.packed.includes('package/dist/sdk/index.d.ts'))
  })

  it('depends on the versions that the runtime has', () => {
    const { undici, uuid } = versionsOf('runtime/package.json')
    assert.deepEqual(versionsOf('runtime/sdk/package.json'), { undici, uuid })
  })

  it('is imported, and required, by its name', () => {
    for (const program of [
      `import { createSender } from '@tracardi-at-scale/sdk'; process.stdout.write(typeof createSender)`,
      `import { createRequire } from 'node:module'
       process.stdout.write(typeof createRequire(import.meta.url)('@tracardi-at-scale/sdk').createSender)`,
    ]) {
      assert.equal(run(process.execPath, ['--input-type=module', '--eval', program]), 'function')
    }
  })

  const typesOf = (text: string) => {
    writeFileSync(join(project.folder, 'typed.ts'), text)
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--types', 'node']
    try {
      run(join(ROOT, 'node_modules/.bin/tsc'), [...options, '--module', 'nodenext', '--target', 'es2024', 'typed.ts'])
      return 'accepted'
    } catch (error) {
      return /error (TS\d+)/.exec((error as { stdout: string }).stdout)?.[1]
    }
  }

  it('has types: a program is accepted, and an option that does not exist is refused', () => {
    const made =
      "import { createSender } from '@tracardi-at-scale/sdk'\nconst sender = createSender({ url: 'u', source: 's'"
    const tracked =
      "const { kind } = await sender.track('a', { b: 1 }, { session: 'c' })\nexport const isStored: boolean = kind === 'stored'"
    assert.equal(typesOf(`${made} })\n${tracked}`), 'accepted')
    assert.equal(typesOf(`${made}, batch: 1 })`), 'TS2353')
    assert.equal(typesOf(`${made}, bulkMs: '1' })`), 'TS2322')
  })
})
