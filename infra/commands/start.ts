import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runLocal } from '../../runtime/local/run.ts'
import { readStackFile } from '../config/stack-file.ts'
import { usage, withMessages } from './command.ts'
import { leftOut, localRunOf } from './local-run.ts'

/** `npm start`: the pipeline on this machine, with the settings of a stack if one is named. */
const HELP = `Usage: npm start -- [--stack <name>] [--fresh]

  --stack <name>  with the settings of stacks/Pulumi.<name>.yaml; variables of the environment win
  --fresh         delete the data of earlier runs first
`

await withMessages(async () => {
  const options = { stack: { type: 'string' }, fresh: { type: 'boolean' }, help: { type: 'boolean' } } as const
  const { values } = usage(HELP, () => parseArgs({ options }))
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const settings = values.stack === undefined ? {} : settingsOf(values.stack)
  process.exitCode = await runLocal({ fresh: values.fresh === true, env: { ...settings, ...process.env } })
})

function settingsOf(stack: string): Record<string, string> {
  const { env, sources, ignored } = localRunOf(readStackFile(stack))
  const stated = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  process.stdout.write(`Stack ${stack}: ${stated.join(' ') || 'every setting has its default'}\n`)
  if (ignored.length > 0) process.stdout.write(`Ignored (cluster-only settings): ${leftOut(ignored)}\n`)
  return sources === undefined ? { ...env } : { ...env, SOURCES_FILE: sourcesFile(stack, sources) }
}

function sourcesFile(stack: string, sources: Readonly<Record<string, unknown>>): string {
  const file = join(mkdtempSync(join(tmpdir(), 'tracardi-')), `sources-of-${stack}.json`)
  writeFileSync(file, `${JSON.stringify(sources, null, 2)}\n`)
  return file
}
