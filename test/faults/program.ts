import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { eventually } from '../support/until.ts'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))
const CLOCK = new URL('clock.mjs', import.meta.url).href

/** The API or a worker as its image runs it: a process of its own, which can be killed and started again. */
export class Program {
  readonly privateUrl: string
  /** Most memory that it was seen to have, over all its lives. */
  peakRssMb = 0
  readonly #name: 'api' | 'worker'
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #ending = false
  #endedByItself: string | undefined

  constructor(name: 'api' | 'worker', env: Readonly<Record<string, string>>) {
    this.#name = name
    this.#env = env
    this.privateUrl = `http://127.0.0.1:${env['PRIVATE_PORT']}`
  }

  /** @param clockOffsetMs how far its clock is ahead. */
  start(clockOffsetMs = 0): void {
    const clock = clockOffsetMs === 0 ? {} : { CLOCK_OFFSET_MS: `${clockOffsetMs}` }
    this.#child = spawn(process.execPath, [...(clockOffsetMs === 0 ? [] : ['--import', CLOCK]), CLI, this.#name], {
      env: { PATH: process.env['PATH'] ?? '', ...this.#env, ...clock },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    this.#ending = false
    this.#child.once('exit', (code, signal) => {
      if (!this.#ending) this.#endedByItself = `the ${this.#name} ended by itself with ${code ?? signal}`
    })
  }

  /** @throws Error when it ended without a request. */
  assertAlive(): void {
    if (this.#endedByItself !== undefined) throw new Error(this.#endedByItself)
  }

  /** Resolves when its process is gone; how it ended is its exit code, or nothing when it was killed. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    this.#ending = true
    const gone = once(child, 'exit')
    child.kill(signal)
    const [code] = await gone
    return code
  }

  async restart(signal: 'SIGKILL' | 'SIGTERM', clockOffsetMs = 0): Promise<number | null> {
    const code = await this.end(signal)
    this.start(clockOffsetMs)
    return code
  }

  /** It does nothing until it is continued, and its connections stay open. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  continue(): void {
    this.#child?.kill('SIGCONT')
  }

  untilReady(): Promise<void> {
    return eventually(() =>
      fetch(`${this.privateUrl}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  }

  /** The value of a metric, by its whole line without the value; nothing while the program is down. */
  async metric(line: string): Promise<number | undefined> {
    try {
      const text = await (await fetch(`${this.privateUrl}/metrics`)).text()
      const found = text.split('\n').find((one) => one.startsWith(`${line} `))
      return found === undefined ? undefined : Number(found.slice(line.length + 1))
    } catch {
      return undefined
    }
  }

  /** Looks at its memory once. */
  watch(): void {
    try {
      const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8')
      const rssMb = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
      this.peakRssMb = Math.max(this.peakRssMb, rssMb)
    } catch {
      // It has just been killed.
    }
  }
}
