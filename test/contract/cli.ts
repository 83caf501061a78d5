import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs a command as an operator would, in an environment of just these settings. */
export function cli(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  return cliWith(env, '', ...args)
}

/** The same with a text on its standard input. */
export async function cliWith(env: Record<string, string>, input: string, ...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [CLI, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, output, errors }
}
