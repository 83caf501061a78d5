import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from '../support/until.ts'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))

interface Shown {
  readonly kind: 'event' | 'refused'
  readonly type?: string
}

/** The command `tail` with `--json`, in an environment of just these settings, until it is stopped. */
export class Tail {
  readonly #child: ChildProcess
  #output = ''
  #notes = ''

  constructor(env: Record<string, string>, ...args: string[]) {
    this.#child = spawn(process.execPath, [CLI, 'tail', ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } })
    this.#child.stdout?.on('data', (chunk) => {
      this.#output += chunk
    })
    this.#child.stderr?.on('data', (chunk) => {
      this.#notes += chunk
    })
  }

  /** Resolves when it shows what arrives from then on. */
  async follows(): Promise<void> {
    await eventually(async () => this.#notes.includes('Shows the events that arrive'))
  }

  /** What it has printed so far. */
  events(): readonly Shown[] {
    return this.#output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Shown)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    await ended
  }
}
