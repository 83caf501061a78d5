import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../runtime/local/ports.ts'

/**
 * compose.yaml on a real Docker: it comes up, stores, and comes back whatever is restarted or killed. Skipped, with the reason, where
 * there is no Docker or no Compose. `E2E_IMAGES` may name a prebuilt image, as JSON; otherwise Compose builds it. Processes are killed
 * from outside of their containers, which needs the right to do so: run it as root, on the machine of the Docker daemon.
 */
const IMAGES = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as { readonly mode?: string; readonly runtime?: string }
const PREBUILT = IMAGES.mode === 'prebuilt' ? IMAGES.runtime : undefined
const PROJECT = `tracardi-compose-${randomUUID().slice(0, 8)}`
/** The least time that covers Docker's longest pause between two starts (1 min) and the start of Pulsar. */
const RECOVERY_MS = 240_000
const LASTING = ['api', 'worker', 'pulsar', 'elasticsearch'] as const

const run = promisify(execFile)
const say = (line: string) => process.stdout.write(`      ${line}\n`)
const seconds = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`

describe('compose.yaml on Docker', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-compose-'))
  const override = join(folder, 'override.yaml')
  const sent: string[] = []
  let publicPort: number

  const docker = async (...args: readonly string[]) =>
    (await run('docker', args, { maxBuffer: 64 << 20 })).stdout.trim()
  const compose = (...args: readonly string[]) =>
    docker(
      'compose',
      '--project-directory',
      root,
      '-p',
      PROJECT,
      '-f',
      join(root, 'compose.yaml'),
      '-f',
      override,
      ...args,
    )
  const up = async () => {
    const from = performance.now()
    await compose('up', '--detach', ...(PREBUILT === undefined ? ['--build'] : ['--no-build']))
    say(`up: ${seconds(from)}`)
  }
  const containerOf = (service: string) => compose('ps', '--all', '--quiet', service)
  const inspect = async (service: string) => JSON.parse(await docker('inspect', await containerOf(service)))[0]

  before(async function () {
    try {
      await docker('version', '--format', '{{.Server.Version}}').then((version) => say(`Docker ${version}`))
      await docker('compose', 'version', '--short').then((version) => say(`Compose ${version}`))
    } catch (error) {
      say(`Skipped, because Docker or Compose does not answer: ${(error as Error).message}`)
      this.skip()
    }
    publicPort = await freePort()
    const program = PREBUILT === undefined ? '{}' : `{ image: "${PREBUILT}", pull_policy: never }`
    writeFileSync(
      override,
      `services:
  set-up: ${program}
  worker: ${program}
  api:
    ${PREBUILT === undefined ? '' : `image: "${PREBUILT}"\n    pull_policy: never`}
    ports: !override ["127.0.0.1:${publicPort}:8585"]
`,
    )
    process.env['PRIVATE_TOKEN'] = randomUUID() + randomUUID()
  })
  after(async () => {
    await compose('down', '--volumes', '--timeout', '10').catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  })

  async function within<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    const from = performance.now()
    let last: unknown
    while (performance.now() - from < RECOVERY_MS) {
      try {
        const value = await attempt()
        if (value !== undefined) {
          say(`${what}: ${seconds(from)}`)
          return value
        }
      } catch (error) {
        last = error
      }
      await sleep(500)
    }
    throw new Error(`${what} did not happen within ${RECOVERY_MS / 1000} s: ${last}`)
  }

  /** As a client does: the same events again until they are taken. */
  async function send(): Promise<void> {
    const events = Array.from({ length: 10 }, () => ({ type: 'compose', id: randomUUID() }))
    const body = JSON.stringify({ source: { id: 'my-source' }, events })
    await within('200', async () => {
      const answer = await fetch(`http://127.0.0.1:${publicPort}/track`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(15_000),
      })
      return answer.status === 200 ? true : undefined
    })
    sent.push(...events.map(({ id }) => id))
  }

  const search = async (path: string) =>
    JSON.parse(await compose('exec', '-T', 'elasticsearch', 'curl', '-fsS', `http://127.0.0.1:9200/${path}`))

  /** Every event that got a 200 is stored, once. */
  async function allStored(): Promise<void> {
    await within('stored', async () => {
      await search('tracardi-event-*/_refresh')
      const { count } = await search('tracardi-event-*/_count')
      return count >= sent.length ? true : undefined
    })
    const { hits } = await search(`tracardi-event-*/_search?size=1000&_source_includes=id`)
    const ids = (hits.hits as { readonly _source: { readonly id: string } }[]).map(({ _source }) => _source.id)
    assert.deepEqual(ids.sort(), [...sent].sort())
  }

  const allHealthy = () =>
    within('all healthy', async () => {
      const states = await Promise.all(LASTING.map(async (service) => (await inspect(service)).State.Health?.Status))
      return states.every((state) => state === 'healthy') ? true : undefined
    })

  it('comes up and stores', async () => {
    await up()
    assert.equal((await inspect('set-up')).State.ExitCode, 0)
    await allHealthy()
    await send()
    await allStored()
  })

  it('survives a restart of everything at the same time', async () => {
    await compose('restart')
    await send()
    await allStored()
    await allHealthy()
    const { ExitCode: code } = await within('set-up ended', async () => {
      const { State: state } = await inspect('set-up')
      return state.Status === 'exited' ? state : undefined
    })
    assert.equal(code, 0)
  })

  for (const service of LASTING) {
    it(`comes back by itself when the process of ${service} is killed`, async () => {
      const before = (await inspect(service)).State
      process.kill(before.Pid, 'SIGKILL')
      await send()
      await allStored()
      await allHealthy()
      const after = (await inspect(service)).State
      assert.notEqual(after.StartedAt, before.StartedAt)
    })
  }

  it('comes back with the next `docker compose up` when every container was killed', async () => {
    await compose('kill')
    await up()
    await send()
    await allStored()
  })

  it('keeps the data when everything is taken down', async () => {
    await compose('down')
    await up()
    await allStored()
    await send()
    await allStored()
  })
})
