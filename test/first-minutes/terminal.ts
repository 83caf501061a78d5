import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 50

/** A command that continues in a terminal of its own. */
export class Terminal {
  readonly command: string
  /** What it has printed. */
  output = ''
  readonly #child: ChildProcess
  readonly #beganAtMs = Date.now()

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.command = command
    // A group of its own, as in a terminal: Ctrl-C goes to all of it.
    this.#child = spawn('sh', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('utf8')
      })
  }

  /** Seconds from its start until it has printed something. @throws Error with what it printed when it ends instead */
  async until(text: RegExp): Promise<number> {
    while (!text.test(this.output)) {
      if (this.#hasEnded) throw new Error(`${this.command} has ended:\n${this.output}`)
      await sleep(POLL_MS)
    }
    return (Date.now() - this.#beganAtMs) / 1000
  }

  /** Seconds from a moment until it has printed something. */
  async since(atMs: number, text: RegExp): Promise<number> {
    await this.until(text)
    return (Date.now() - atMs) / 1000
  }

  /** Ctrl-C, and the wait for its end. */
  async stop(): Promise<void> {
    if (this.#hasEnded || this.#child.pid === undefined) return
    const ended = once(this.#child, 'exit')
    process.kill(-this.#child.pid, 'SIGINT')
    await ended
  }

  /** By itself, or by a signal: then it has no exit code. */
  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}
