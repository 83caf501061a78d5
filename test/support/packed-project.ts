import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROJECT = fileURLToPath(new URL('../package/project/', import.meta.url))

/** A project of its own that has the packed package. */
export interface PackedProject {
  readonly folder: string
  /** The files in the package. */
  readonly packed: readonly string[]
  remove(): void
}

/**
 * Makes an empty project with the programs of `test/package/project`, in which the packed package is installed as npm would: unpacked
 * into node_modules, with the dependencies that it names next to it. They are links to those of this checkout, so that nothing is downloaded.
 */
export function packedProject(): PackedProject {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'tracardi-at-scale')
  mkdirSync(installed, { recursive: true })
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, stdio: 'pipe' })
  const tarball = join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) as string)
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1'])
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  cpSync(PROJECT, folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  const packed = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
  return { folder, packed, remove: () => rmSync(folder, { recursive: true }) }
}
