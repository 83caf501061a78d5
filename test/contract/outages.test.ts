import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { eventIdOf } from '../../runtime/search/documents.ts'
import { generateLoad } from '../../runtime/send/generate.ts'
import { type SendReport, sendCalls } from '../../runtime/send/sender.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'
import { servers } from './servers.ts'

/** How long each server is down. A longer run: `OUTAGE_SECONDS=60 npm run test:contract -- -g outages`. */
const OUTAGE_MS = Number(process.env['OUTAGE_SECONDS'] ?? 4) * 1000
const EVENTS_PER_SECOND = Number(process.env['OUTAGE_EVENTS_PER_SECOND'] ?? 1500)
const EVENTS_PER_CALL = 20
const WORKER_KILLS = 3
/** Far above what a process needs in steady work (about 150 MB), far below what an outage would fill. */
const MAX_RSS_MB = 400
const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))

describe('outages under load', () => {
  let pipeline: Pipeline
  const children: ChildProcess[] = []

  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL')
    await pipeline.close()
  })

  function run(name: 'api' | 'worker'): ChildProcess {
    const port = name === 'worker' ? { PRIVATE_PORT: new URL(pipeline.workerPrivateUrl).port } : {}
    const env = { PATH: process.env['PATH'] ?? '', ...pipeline.env, ...port }
    const child = spawn(process.execPath, [CLI, name], { env, stdio: 'ignore' })
    children.push(child)
    return child
  }

  it('lose nothing that got a 200, and store nothing twice', async function () {
    this.timeout(OUTAGE_MS * 2 + 300_000)
    const transport = process.env['PULSAR_TRANSPORT'] ?? 'auto'
    pipeline = await Pipeline.create('outages', { BULK_TIMEOUT_SECONDS: '1', PULSAR_TRANSPORT: transport })
    const api = run('api')
    let worker = run('worker')
    await eventually(() =>
      fetch(`${pipeline.privateUrl}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    const peak = { api: 0, worker: 0 }
    const watching = setInterval(() => {
      peak.api = Math.max(peak.api, rssMb(api))
      peak.worker = Math.max(peak.worker, rssMb(worker))
    }, 200)

    const load = new Load(pipeline.publicUrl)
    await sleep(2000)

    servers().elasticsearch.kill()
    await sleep(OUTAGE_MS)
    await servers().restartElasticsearch()
    await sleep(2000)

    servers().pulsar.kill()
    await sleep(500)
    const duringOutage = await timedCall(pipeline)
    await sleep(OUTAGE_MS)
    await servers().restartPulsar()
    await eventually(async () => (await timedCall(pipeline)).status === 200)

    for (let kill = 0; kill < WORKER_KILLS; kill += 1) {
      await sleep(1000)
      worker.kill('SIGKILL')
      worker = run('worker')
    }
    await sleep(2000)
    const report = await load.stop()
    clearInterval(watching)

    await eventually(async () => (await pipeline.backlog()) === 0)
    const stored = await storedIds(pipeline)
    const lost = [...load.accepted].filter((id) => !stored.has(id))
    const documents = await pipeline.count()
    process.stdout.write(
      `      ${load.accepted.size} events got a 200 (answers ${JSON.stringify(report.answers)}); lost ${lost.length}, ` +
        `twice ${documents - stored.size}; answered ${duringOutage.status} after ${duringOutage.tookMs} ms without Pulsar; ` +
        `peak RSS: API ${peak.api} MB, worker ${peak.worker} MB\n`,
    )
    // Not all of them: a difference of thousands would take all memory to print.
    assert.deepEqual(lost.slice(0, 10), [])
    assert.equal(documents, stored.size)
    assert.equal(report.failed, 0)
    assert.equal(duringOutage.status, 503)
    assert.equal(duringOutage.retryAfter, '2')
    assert.ok(peak.api > 0 && peak.api < MAX_RSS_MB && peak.worker > 0 && peak.worker < MAX_RSS_MB)
  })
})

/** Sends until it is asked to stop, and remembers the ids of what got a 200. */
class Load {
  readonly accepted = new Set<string>()
  #stopping = false
  readonly #sending: Promise<SendReport>

  constructor(url: string) {
    const options = { url, concurrency: 16, eventsPerSecond: EVENTS_PER_SECOND, retryForMs: 600_000 }
    this.#sending = sendCalls(this.#calls(), options, (call) => {
      for (const { id } of call.events) this.accepted.add(id)
    })
  }

  *#calls() {
    const load = { source: 'my-source', events: Number.MAX_SAFE_INTEGER, eventsPerCall: EVENTS_PER_CALL, profiles: 200 }
    for (const call of generateLoad(load)) {
      if (this.#stopping) return
      yield call
    }
  }

  stop(): Promise<SendReport> {
    this.#stopping = true
    return this.#sending
  }
}

async function timedCall(pipeline: Pipeline) {
  const startedAt = performance.now()
  const response = await fetch(`${pipeline.publicUrl}/track`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"source":{"id":"my-source"},"events":[]}',
  })
  const tookMs = Math.round(performance.now() - startedAt)
  return { status: response.status, retryAfter: response.headers.get('retry-after'), tookMs }
}

async function storedIds(pipeline: Pipeline): Promise<Set<string>> {
  const ids = new Set<string>()
  await pipeline.count()
  const pages = pipeline.search.helpers.scrollSearch({
    index: pipeline.eventAlias,
    size: 10_000,
    _source: false,
    sort: ['_doc'],
  })
  for await (const page of pages) for (const hit of page.body.hits.hits) ids.add(eventIdOf(hit._id as string))
  return ids
}

function rssMb(child: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
  } catch {
    // It has just been killed.
    return 0
  }
}
