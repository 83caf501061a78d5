import { spawnSync } from 'node:child_process'

/**
 * The workflows before `actionlint` and `zizmor`, which are on the PATH. Fails for any finding; what is waived, and why, is in
 * `.github/zizmor.yml`. zizmor asks nobody: what it looks up online, such as a known fault of an action, is not part of it.
 */
const LINTERS = [
  ['actionlint'],
  ['zizmor', '--offline', '--persona=auditor', '--no-progress', '--config=.github/zizmor.yml', '.github'],
] as const

for (const [command, ...args] of LINTERS) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) throw new Error(`${command} did not run (${error.message}); install it, see CONTRIBUTING.md`)
  process.stdout.write(`${command}: ${status === 0 ? 'nothing found' : `exit code ${status}`}\n`)
  if (status !== 0) process.exitCode = 1
}
