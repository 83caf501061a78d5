import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What the tests of clients install, kept between runs. */
export const CACHE = join(homedir(), '.cache', 'tracardi-at-scale')

/**
 * The programs of a virtual environment with packages of PyPI, made by the first run.
 *
 * @param packages as `name==version`.
 */
export function pythonWith(packages: readonly string[]): string {
  const name = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12)
  const environment = join(CACHE, `python-${name}`)
  const [programs, complete] = [join(environment, 'bin'), join(environment, 'complete')]
  if (existsSync(complete)) return programs
  mkdirSync(environment, { recursive: true })
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
  execFileSync(join(programs, 'pip'), ['install', '--quiet', ...packages], { stdio: 'inherit' })
  writeFileSync(complete, packages.join('\n'))
  return programs
}
