import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../runtime/local/ports.ts'
import { eventually } from '../support/until.ts'

/** The proxies that are tried: the file of the documentation, how each is started with it, and how its version is asked for. */
export const PROXIES = {
  nginx: {
    file: 'nginx.conf',
    version: ['-v'],
    start: (file: string, folder: string) => [
      ...['-p', folder, '-c', file, '-e', 'stderr', '-g'],
      `daemon off; pid ${folder}/pid; error_log stderr warn; ${process.getuid?.() === 0 ? 'user root;' : ''}`,
    ],
  },
  haproxy: { file: 'haproxy.cfg', version: ['-v'], start: (file: string) => ['-db', '-f', file] },
  caddy: {
    file: 'Caddyfile',
    version: ['version'],
    start: (file: string) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
} as const
export type ProxyName = keyof typeof PROXIES

/** Each API has an address of the loopback to itself, so that both may have the same ports, as on two machines. */
const HOSTS = { 'api-1': '127.0.0.11', 'api-2': '127.0.0.12' } as const
export type ApiName = keyof typeof HOSTS

export function isInstalled(name: ProxyName): boolean {
  return spawnSync(name, [...PROXIES[name].version]).status === 0
}

interface Ports {
  readonly public: number
  readonly private: number
  readonly proxy: number
}

/** Two APIs behind a proxy, each a process of its own. */
export class Machines {
  readonly #folder = mkdtempSync(join(tmpdir(), 'proxies-'))
  readonly #apis = new Map<ApiName, ChildProcess>()
  readonly #settings: Record<string, string>
  readonly #ports: Ports
  #proxy: ChildProcess | undefined
  /** What the proxy has written. */
  proxyLog = ''

  private constructor(ports: Ports, settings: Record<string, string>) {
    this.#ports = ports
    this.#settings = settings
  }

  /** @param changes texts of the configuration file that the test has in another way. */
  static async start(
    proxy: ProxyName,
    settings: Record<string, string> = {},
    changes: Readonly<Record<string, string>> = {},
  ): Promise<Machines> {
    const ports = { public: await freePort(), private: await freePort(), proxy: await freePort() }
    const machines = new Machines(ports, settings)
    try {
      await Promise.all([machines.startApi('api-1'), machines.startApi('api-2')])
      await machines.#startProxy(proxy, changes)
      return machines
    } catch (error) {
      await machines.stop()
      throw error
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.proxy}`
  }

  async startApi(name: ApiName): Promise<void> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'api.ts')], {
      env: {
        ...process.env,
        PUBLIC_HOST: HOSTS[name],
        PRIVATE_HOST: HOSTS[name],
        PUBLIC_PORT: String(this.#ports.public),
        PRIVATE_PORT: String(this.#ports.private),
        TRUSTED_PROXIES: '1',
        LOGGING_LEVEL: 'error',
        ...this.#settings,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    this.#apis.set(name, child)
    const ready = `http://${HOSTS[name]}:${this.#ports.private}/health/ready`
    await eventually(() =>
      fetch(ready).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  }

  /** Answers the exit code. */
  async stopApi(name: ApiName): Promise<number> {
    const child = this.#apis.get(name)
    child?.kill('SIGTERM')
    const [code] = child ? await once(child, 'exit') : [0]
    this.#apis.delete(name)
    return code
  }

  async stop(): Promise<void> {
    const children = [this.#proxy, ...this.#apis.values()].filter((child) => child !== undefined)
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'exit')
      }),
    )
    rmSync(this.#folder, { recursive: true })
  }

  async #startProxy(name: ProxyName, changes: Readonly<Record<string, string>>): Promise<void> {
    const { file, start } = PROXIES[name]
    const source = readFileSync(join(import.meta.dirname, '../../docs/proxies', file), 'utf8')
    const all = {
      'api-1.internal': HOSTS['api-1'],
      'api-2.internal': HOSTS['api-2'],
      '8585': String(this.#ports.public),
      '8686': String(this.#ports.private),
      '8080': String(this.#ports.proxy),
    }
    for (const from of Object.keys(changes)) if (!source.includes(from)) throw new Error(`${file} has no ${from}`)
    const text = Object.entries({ ...changes, ...all }).reduce((said, [from, to]) => said.replaceAll(from, to), source)
    const target = join(this.#folder, file)
    writeFileSync(target, text)
    mkdirSync(join(this.#folder, 'logs'))
    const env = { ...process.env, XDG_DATA_HOME: this.#folder, XDG_CONFIG_HOME: this.#folder }
    const child = spawn(name, start(target, this.#folder), { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (data) => {
        this.proxyLog += data
      })
    }
    this.#proxy = child
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${this.proxyLog}`)
      return answers(this.#ports.proxy)
    })
    // The first checks of its servers.
    await eventually(() => fetch(`${this.url}/tracker/tracker.js`).then(({ ok }) => ok))
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    return await once(socket, 'connect').then(
      () => true,
      () => false,
    )
  } finally {
    socket.destroy()
  }
}
