import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../runtime/local/child.ts'
import { homeFolder, homeIn } from '../../runtime/local/home.ts'
import { type Artifact, artifacts, installArtifact } from '../../runtime/local/install.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { answersOk, untilReady } from '../../runtime/local/server.ts'
import { pythonWith } from '../clients/python.ts'
import { servers } from '../contract/servers.ts'

const { version } = artifacts.pulsar

/** What the image `pulsar-all` has in /pulsar/offloaders. */
const OFFLOADERS: Artifact = {
  name: 'offloaders',
  version,
  coordinates: `org.apache.pulsar:pulsar-offloader-distribution:${version}:tar.gz:bin`,
  megabytes: 288,
}

const LIMIT_MS = 60_000

/** A distribution of Pulsar with the offloaders, as the image `pulsar-all` is. The first run downloads them. */
export async function pulsarWithOffloaders(): Promise<string> {
  const home = homeIn(homeFolder(process.env, process.env['TRACARDI_HOME'] ?? '', process.getuid?.(), homedir()))
  const folder = await installArtifact(home, OFFLOADERS, () => {}, { java: servers().java })
  const { pulsar } = servers().distributions
  const distribution = join(servers().folder, 'pulsar-all')
  mkdirSync(distribution)
  for (const name of readdirSync(pulsar)) if (name !== 'bin') symlinkSync(join(pulsar, name), join(distribution, name))
  symlinkSync(join(folder, 'offloaders'), join(distribution, 'offloaders'))
  // A copy, because its scripts follow links to find where they are.
  cpSync(join(pulsar, 'bin'), join(distribution, 'bin'), { recursive: true })
  return distribution
}

/** A server that speaks S3, with an empty bucket. It forgets everything when it ends. */
export class ObjectStore {
  readonly endpoint: string
  readonly #server: Child

  private constructor(endpoint: string, server: Child) {
    this.endpoint = endpoint
    this.#server = server
  }

  static async start(bucket: string): Promise<ObjectStore> {
    const programs = pythonWith(['moto[server]==5.2.5'])
    const port = await freePort()
    const server = await startChild({
      name: 'object store',
      program: join(programs, 'moto_server'),
      args: ['-H', '127.0.0.1', '-p', String(port)],
      cwd: servers().folder,
      env: { PATH: process.env['PATH'] ?? '' },
      logFile: join(servers().folder, 'object-store.log'),
      runAs: undefined,
      stopLimitMs: 10_000,
    })
    const endpoint = `http://127.0.0.1:${port}`
    await untilReady(server, () => answersOk(`${endpoint}/`), LIMIT_MS)
    const store = new ObjectStore(endpoint, server)
    await store.#call('PUT', `/${bucket}`)
    return store
  }

  /** Keys of the objects in a bucket. */
  async keys(bucket: string): Promise<readonly string[]> {
    const text = await this.#call('GET', `/${bucket}?list-type=2`)
    return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key)
  }

  stop(): Promise<unknown> {
    return this.#server.stop()
  }

  async #call(method: string, path: string): Promise<string> {
    const answer = await fetch(`${this.endpoint}${path}`, { method })
    if (!answer.ok) throw new Error(`the object store answered ${answer.status} to ${method} ${path}`)
    return answer.text()
  }
}
