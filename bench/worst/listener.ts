import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../runtime/local/ports.ts'
import type { WorstBody } from './bodies.ts'

export interface Seen {
  /** The maximum time for which the event loop did nothing else. */
  readonly stoppedMs: number
  /** Most memory of the process. */
  readonly peakBytes: number
  /** What the budget still counts at the end. */
  readonly heldBytes: number
}

const PROGRAM = join(import.meta.dirname, '../programs/worst-listener.ts')
export const SOURCE_ID = 'my-source'

/** The public listener in a process of its own, with the heap that a pod has. */
export class WorstListener {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #port: number

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child
    this.#folder = folder
    this.#port = port
  }

  static async start(execArgv: readonly string[]): Promise<WorstListener> {
    const folder = mkdtempSync(join(tmpdir(), 'worst-'))
    const sourcesFile = join(folder, 'sources.json')
    writeFileSync(sourcesFile, JSON.stringify({ [SOURCE_ID]: {} }))
    const port = await freePort()
    const env = { ...process.env, PUBLIC_PORT: String(port), SOURCES_FILE: sourcesFile, LOGGING_LEVEL: 'warn' }
    const child = fork(PROGRAM, { execArgv: [...execArgv], env })
    await once(child, 'message')
    return new WorstListener(child, folder, port)
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** @returns the status of the answer; 0 when there is none. */
  async send({ body, encoding }: Pick<WorstBody, 'body' | 'encoding'>): Promise<number> {
    const headers = { 'content-type': 'application/json', ...(encoding && { 'content-encoding': encoding }) }
    const options = { method: 'POST', headers, body: new Uint8Array(body) }
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#port}/track`, options)
      await answer.text()
      return answer.status
    } catch {
      return 0
    }
  }

  /** What is seen of the process while the work is done. */
  async during(work: () => Promise<unknown>): Promise<Seen> {
    this.#child.send('begin')
    await once(this.#child, 'message')
    await work()
    this.#child.send('end')
    const [seen] = (await once(this.#child, 'message')) as [Seen]
    return seen
  }

  async stop(): Promise<void> {
    if (this.isAlive) {
      const ended = once(this.#child, 'exit')
      this.#child.disconnect()
      await ended
    }
    rmSync(this.#folder, { recursive: true })
  }
}
