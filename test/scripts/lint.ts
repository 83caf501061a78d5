import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'

/**
 * The shell scripts of the pods before `shellcheck`, which is on the PATH, with a value for each placeholder. Fails for any
 * warning but an unused variable (SC2034): the counter of a loop, in a script whose every change restarts every bookie.
 */
const scripts = globSync('infra/**/*.sh').sort()
if (scripts.length === 0) throw new Error('no script was found; run it from the root of the repository')
for (const script of scripts) {
  const input = readFileSync(script, 'utf8').replaceAll(/__[A-Z_]+__/g, (name) =>
    /(SECONDS|PORT)__$/.test(name) ? '1' : 'value',
  )
  const flags = ['--shell=bash', '--severity=warning', '--exclude=SC2034', '-']
  const { status, stdout, error } = spawnSync('shellcheck', flags, { input, encoding: 'utf8' })
  if (error) throw new Error(`shellcheck did not run (${error.message}); install it, see CONTRIBUTING.md`)
  process.stdout.write(status === 0 ? `${script}: nothing found\n` : `${script}:\n${stdout}`)
  if (status !== 0) process.exitCode = 1
}
