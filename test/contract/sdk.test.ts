import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { createSender } from '../../runtime/sdk/index.ts'
import { eventIdOf } from '../../runtime/search/documents.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))
const PROGRAM = fileURLToPath(new URL('sdk-program.ts', import.meta.url))
const EVENTS = 3000
const VISITORS = 40
const API_KILLS = 2
const PROGRAM_KILLS = 3

/** What a network and an API do to one call in three. */
const FAULTS = ['503', '429', 'reset', 'reset after the API has taken it'] as const

describe('the sender for servers', () => {
  let pipeline: Pipeline
  let api: ChildProcess
  let proxy: Server
  let faults: Record<string, number>

  const startApi = async () => {
    const env = { PATH: process.env['PATH'] ?? '', ...pipeline.env }
    api = spawn(process.execPath, [CLI, 'api'], { env, stdio: 'ignore' })
    const isReady = () =>
      fetch(`${pipeline.monitoringUrl}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    await eventually(isReady)
  }
  const url = () => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`

  before(async () => {
    pipeline = await Pipeline.create('sdk', { BULK_TIMEOUT_SECONDS: '0.2' })
    await startApi()
    await pipeline.startWorker()
    const random = xoroshiro128plus(20_261_128)
    faults = {}
    proxy = createServer(async (request, response) => {
      const body = await buffer(request)
      const fault = FAULTS[Math.abs(random.next()) % (FAULTS.length * 3)]
      if (fault) faults[fault] = (faults[fault] ?? 0) + 1
      if (fault === '503' || fault === '429') return response.writeHead(Number(fault), { 'retry-after': '0' }).end()
      if (fault === 'reset') return request.socket.resetAndDestroy()
      try {
        const headers = { 'content-type': String(request.headers['content-type']) }
        const answer = await fetch(pipeline.publicUrl + request.url, {
          method: 'POST',
          headers,
          body: new Uint8Array(body),
        })
        const text = await answer.text()
        if (fault) return request.socket.resetAndDestroy()
        return response.writeHead(answer.status).end(text)
      } catch {
        return request.socket.resetAndDestroy()
      }
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  })
  after(async () => {
    proxy?.closeAllConnections()
    proxy?.close()
    api?.kill('SIGKILL')
    await pipeline?.close()
  })

  /** Every document of a type: the id of its event as often as it is stored. */
  async function stored(type: string): Promise<string[]> {
    await eventually(async () => (await pipeline.backlog()) === 0)
    await pipeline.count()
    const pages = pipeline.search.helpers.scrollSearch({
      index: pipeline.eventAlias,
      size: 5000,
      _source: false,
      query: { term: { type } },
    })
    const ids: string[] = []
    for await (const page of pages) ids.push(...page.body.hits.hits.map((hit) => eventIdOf(hit._id as string)))
    return ids.sort()
  }

  it('gets every event stored once, while the API is killed and calls are refused, reset and repeated', async () => {
    const sender = createSender({
      url: url(),
      source: 'my-source',
      bulkMs: 10,
      bulkEvents: 20,
      onProblem: () => undefined,
    })
    const outcomes: ReturnType<typeof sender.track>[] = []
    for (let number = 0; number < EVENTS; number += 1) {
      outcomes.push(sender.track('sdk-faults', { number }, { session: `visitor-${number % VISITORS}` }))
      if (number % 10 === 0) await sleep(5)
      if ((number + 1) % Math.floor(EVENTS / (API_KILLS + 1)) === 0 && number + 1 < EVENTS) {
        api.kill('SIGKILL')
        await sleep(200)
        await startApi()
      }
    }
    await sender.close(60_000)
    const settled = await Promise.all(outcomes)
    assert.deepEqual(new Set(settled.map(({ kind }) => kind)), new Set(['stored']))
    assert.deepEqual(await stored('sdk-faults'), settled.map(({ id }) => id).sort())
    for (const fault of FAULTS) assert.ok((faults[fault] ?? 0) > 0, `${fault} has not happened`)
  })

  it('with a spool, gets every event stored once of which track() has returned, while its process is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sdk-spool-'))
    const ids: string[] = []
    for (let run = 0; run <= PROGRAM_KILLS; run += 1) {
      const program = spawn(process.execPath, [PROGRAM, url(), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
      let printed = ''
      program.stdout.on('data', (data) => {
        printed += data
      })
      const closed = once(program, 'close')
      await eventually(() => printed.length > 37 * 500)
      program.kill(run < PROGRAM_KILLS ? 'SIGKILL' : 'SIGTERM')
      const [, signal] = await closed
      assert.equal(signal, run < PROGRAM_KILLS ? 'SIGKILL' : 'SIGTERM')
      // The end of what a killed program has printed may be torn.
      ids.push(...printed.split('\n').slice(0, -1))
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name !== 'lock'),
      [],
    )
    rmSync(folder, { recursive: true })
    const found = await stored('sdk-spooled')
    assert.equal(new Set(found).size, found.length)
    const isStored = new Set(found)
    assert.deepEqual(
      // Not all of them: a difference of thousands would take all memory to print.
      ids.filter((id) => !isStored.has(id)).slice(0, 10),
      [],
    )
  })
})
