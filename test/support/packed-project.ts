import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const RUNTIME = join(ROOT, 'runtime')
const PROJECT = fileURLToPath(new URL('../package/project/', import.meta.url))

/** A project of its own that has the packed package. */
export interface PackedProject {
  readonly folder: string
  /** The files in the package. */
  readonly packed: readonly string[]
  remove(): void
}

/** Makes an empty project with the programs of `test/package/project`, in which the packed library is installed. */
export function packedProject(): PackedProject {
  const project = projectWith('tracardi-at-scale', ROOT)
  cpSync(PROJECT, project.folder, { recursive: true })
  return project
}

/** Makes an empty project in which the packed sender for servers is installed, and what its programs use besides. */
export function packedSender(...others: readonly string[]): PackedProject {
  return projectWith('@tracardi-at-scale/sdk', join(RUNTIME, 'sdk'), others)
}

/** Makes an empty project in which the packed browser library is installed. */
export function packedTracker(): PackedProject {
  return projectWith('@tracardi-at-scale/tracker', join(RUNTIME, 'tracker'))
}

/**
 * Installs as npm would: unpacked into node_modules, with the dependencies that the package names next to it. They are links to
 * those of this checkout, so that nothing is downloaded.
 */
function projectWith(name: string, packageFolder: string, others: readonly string[] = []): PackedProject {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, name)
  mkdirSync(installed, { recursive: true })
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: packageFolder, stdio: 'pipe' })
  const tarball = join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) as string)
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1'])
  const { dependencies = {} } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  for (const one of [...Object.keys(dependencies), ...others]) {
    mkdirSync(dirname(join(modules, one)), { recursive: true })
    // What the programs depend on in another version than the tools is in their own folder.
    const own = join(RUNTIME, 'node_modules', one)
    symlinkSync(existsSync(own) ? own : join(ROOT, 'node_modules', one), join(modules, one))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  const packed = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
  return { folder, packed, remove: () => rmSync(folder, { recursive: true }) }
}
