import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { homeFolder, homeIn } from '../../runtime/local/home.ts'
import { installServers } from '../../runtime/local/install.ts'
import { freePort } from '../../runtime/local/ports.ts'
import type { RunRecord } from '../../runtime/local/run-record.ts'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))

/** A whole run as `npm start` makes it, on ports and in a home folder of its own. */
export class LocalRun {
  readonly home: string
  readonly ports: Readonly<Record<'public' | 'private' | 'broker' | 'admin' | 'elasticsearch', number>>
  /** What it has said so far. */
  output = ''
  readonly #child: ChildProcess

  private constructor(home: string, ports: LocalRun['ports'], settings: Readonly<Record<string, string>>) {
    this.home = home
    this.ports = ports
    this.#child = spawn(process.execPath, [CLI, 'local'], {
      env: {
        PATH: process.env['PATH'],
        JAVA_HOME: process.env['JAVA_HOME'],
        HOME: process.env['HOME'],
        TRACARDI_HOME: home,
        PUBLIC_PORT: String(ports.public),
        PRIVATE_PORT: String(ports.private),
        TRACARDI_PULSAR_PORT: String(ports.broker),
        TRACARDI_PULSAR_API_PORT: String(ports.admin),
        TRACARDI_ELASTIC_PORT: String(ports.elasticsearch),
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('utf8')
      })
    }
  }

  /** Resolves when it says that it is ready. @throws Error with what it has said when it ends instead */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<LocalRun> {
    const installed = homeIn(homeFolder(process.env, process.env['TRACARDI_HOME'] ?? '', process.getuid?.(), homedir()))
    await installServers(installed, () => undefined)
    const home = mkdtempSync(join(tmpdir(), 'tracardi-local-run-'))
    chmodSync(home, 0o755)
    symlinkSync(installed.servers, join(home, 'servers'))
    const [publicPort, privatePort] = [await freePort(), await freePort()]
    const [broker, admin, elasticsearch] = [await freePort(), await freePort(), await freePort()]
    const ports = { public: publicPort, private: privatePort, broker, admin, elasticsearch }
    const run = new LocalRun(home, ports, settings)
    await run.#ready()
    return run
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** What it has written for the commands. */
  get record(): RunRecord {
    return JSON.parse(readFileSync(join(this.home, 'run/environment.json'), 'utf8')) as RunRecord
  }

  get workerPort(): number {
    return Number(new URL(this.record.instances[1] ?? '').port)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGINT')
      await once(this.#child, 'exit')
    }
    rmSync(this.home, { recursive: true, force: true })
  }

  async #ready(): Promise<void> {
    const POLL_MS = 100
    while (!this.output.includes('npm run cli -- backlog')) {
      if (this.#child.exitCode !== null) throw new Error(`the run has ended:\n${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}
