import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

/** The shell scripts before `shellcheck`, which is on the PATH. Fails for any finding; what is waived stands in `.shellcheckrc`. */
const scripts = globSync('infra/**/*.sh').sort()
if (scripts.length === 0) throw new Error('no script was found; run it from the root of the repository')
const { status, error } = spawnSync('shellcheck', ['--external-sources', ...scripts], { stdio: 'inherit' })
if (error) throw new Error(`shellcheck did not run (${error.message}); install it, see CONTRIBUTING.md`)
process.stdout.write(`shellcheck: ${status === 0 ? `nothing found in ${scripts.length} scripts` : `exit code ${status}`}\n`)
if (status !== 0) process.exitCode = 1
