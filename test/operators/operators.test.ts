import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { v7 as uuidV7 } from 'uuid'
import type { State } from '../../runtime/console/state.ts'
import { serverUser } from '../../runtime/local/child.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { type PulsarServer, startPulsar } from '../../runtime/local/pulsar.ts'
import { partitionName, type TopicSetUp, topicPath, topicSetUpOf } from '../../runtime/names.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { eventIdOf } from '../../runtime/search/documents.ts'
import { Pipeline } from '../contract/pipeline.ts'
import { servers } from '../contract/servers.ts'
import { callOf, Load } from '../support/load.ts'
import { eventually } from '../support/until.ts'

/**
 * What operators do to topic, subscription and policies, under load and on a Pulsar of their own: what got a 200 is
 * stored, and the API says why it promises nothing. It prints a table of what was measured.
 */

const RATE = { eventsPerSecond: 500, eventsPerCall: 10 }
const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))
const PARTITIONS = 4

describe('a 200 needs a reader', function () {
  this.timeout(240_000)
  const rows: string[] = []
  const key = randomBytes(32).toString('base64')
  let home: string
  let start: () => Promise<PulsarServer>
  let pulsar: PulsarServer
  let pipeline: Pipeline
  let topics: TopicSetUp
  let load: Load
  let suite = 0

  before(async () => {
    const { folder, java, distributions } = servers()
    home = join(folder, 'reader')
    mkdirSync(home)
    const ports = { brokerPort: await freePort(), webPort: await freePort(), bookiePort: await freePort() }
    const conf = { backlogQuotaCheckIntervalInSeconds: '2', messageExpiryCheckIntervalInMinutes: '1' }
    start = () =>
      startPulsar({
        java,
        distribution: distributions.pulsar,
        folder: home,
        runAs: serverUser(),
        heap: '512m',
        ...ports,
        key,
        conf,
      })
    pulsar = await start()
  })
  after(async () => {
    await pulsar.stop()
    const head = ['case', '200', 'lost', 'twice', 's to 503', 's to 200 again', 'reason']
    process.stdout.write(`${[head.join(' | '), ...rows].map((row) => `      | ${row} |`).join('\n')}\n`)
  })

  beforeEach(async () => {
    suite += 1
    pipeline = await Pipeline.create(`reader-${suite}`, {
      PULSAR_HOST: pulsar.serviceUrl,
      PULSAR_API: pulsar.adminUrl,
      PULSAR_AUTH_TOKEN: pulsar.token,
      PULSAR_PARTITIONS: String(PARTITIONS),
      PULSAR_TRANSPORT: process.env['PULSAR_TRANSPORT'] ?? 'websocket',
      BULK_TIMEOUT_SECONDS: '1',
    })
    topics = topicSetUpOf(pipeline.config)
    await pipeline.startApi()
  })
  afterEach(() => pipeline.close())

  async function admin(method: string, path: string, body?: unknown): Promise<number> {
    const headers = { authorization: `Bearer ${pulsar.token}`, 'content-type': 'application/json' }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await fetch(`${pulsar.adminUrl}/admin/v2/${path}`, init)
    await response.text()
    return response.status
  }
  const setUp = () => setUpQueue(pipeline.admin, topics)
  const path = () => topicPath(topics.events)
  const namespace = () => `namespaces/${topics.tenant}/${topics.namespace}`

  /** The reason for which nothing is promised, as metrics have it; nothing while a 200 is promised. */
  async function reason(): Promise<string | undefined> {
    const text = await (await fetch(`${pipeline.monitoringUrl}/metrics`)).text()
    return /tracardi_api_not_promised\{reason="(\w+)"\} 1/.exec(text)?.[1]
  }

  async function stored(): Promise<{ ids: Set<string>; documents: number }> {
    const ids = new Set<string>()
    let documents = 0
    await pipeline.count()
    const pages = pipeline.search.helpers.scrollSearch({
      index: `${pipeline.eventAlias}-*`,
      size: 10_000,
      _source: false,
      sort: ['_doc'],
    })
    for await (const page of pages) {
      for (const hit of page.body.hits.hits) ids.add(eventIdOf(hit._id as string))
      documents += page.body.hits.hits.length
    }
    return { ids, documents }
  }

  /** Ends the load, waits for the backlog, and compares. */
  async function settle(name: string, code: string | undefined, times: { stopped?: number; again?: number }) {
    await load.stop()
    const isStored = async () => {
      const { ids } = await stored()
      return [...load.accepted].every((id) => ids.has(id))
    }
    for (let attempt = 0; attempt < 40 && !(await isStored()); attempt += 1) await sleep(1000)
    const { ids, documents } = await stored()
    const lost = [...load.accepted].filter((id) => !ids.has(id))
    const seconds = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1000).toFixed(1))
    const figures = [load.accepted.size, lost.length, documents - ids.size]
    rows.push([name, ...figures, seconds(times.stopped), seconds(times.again), code ?? '–'].join(' | '))
    assert.deepEqual([lost.length, documents - ids.size], [0, 0], name)
  }

  /** Does something to the servers; answers the ms until the API has stopped promising, and the code that it reports. */
  async function untilStopped(fault: () => Promise<unknown>): Promise<{ stopped: number; code: string | undefined }> {
    const startedAtMs = performance.now()
    await fault()
    await eventually(async () => (await reason()) !== undefined)
    return { stopped: performance.now() - startedAtMs, code: await reason() }
  }

  async function untilAgain(repair: () => Promise<unknown>): Promise<number> {
    const startedAtMs = performance.now()
    await repair()
    await eventually(async () => (await reason()) === undefined && load.lastStatus === 200)
    return performance.now() - startedAtMs
  }

  const begin = async (worker: boolean) => {
    if (worker) await pipeline.startWorker()
    load = new Load(pipeline.publicUrl, RATE)
    await sleep(2000)
  }
  const unsubscribe = () => admin('DELETE', `${path()}/subscription/${topics.eventsSubscription}?force=true`)

  it('when the subscription is deleted and no worker runs', async () => {
    await begin(false)
    const { stopped, code } = await untilStopped(unsubscribe)
    const { status, body } = await pipeline.track(callOf([uuidV7()]))
    assert.equal(status, 503)
    assert.match(String(body['detail']), /subscription .* run set-up/)
    const ready = (await (await fetch(`${pipeline.monitoringUrl}/health/ready`)).json()) as { status: string }
    assert.equal(ready.status, 'degraded')
    const console = (await (await pipeline.operate('/console/state')).json()) as State
    assert.ok(console.advice.some(({ code }) => code === 'not_promised'))
    const again = await untilAgain(setUp)
    await pipeline.startWorker()
    assert.equal(code, 'subscription_missing')
    await settle('subscription deleted, no worker', code, { stopped, again })
  })

  it('when the subscription is deleted under a worker, which makes it again from the earliest message', async () => {
    await begin(true)
    await unsubscribe()
    await sleep(4000)
    await setUp()
    await eventually(async () => (await reason()) === undefined)
    await settle('subscription deleted, worker', undefined, {})
  })

  it('when the topic with its partitions is deleted by force', async () => {
    await begin(true)
    const { stopped, code } = await untilStopped(() => admin('DELETE', `${path()}/partitions?force=true`))
    assert.equal(code, 'topic_missing')
    await sleep(2000)
    const again = await untilAgain(setUp)
    assert.equal(await pipeline.admin.partitions(topics.events), PARTITIONS)
    await settle('topic deleted by force', code, { stopped, again })
  })

  it('when the topic is deleted and made without partitions', async () => {
    await begin(true)
    const { stopped, code } = await untilStopped(async () => {
      await admin('DELETE', `${path()}/partitions?force=true`)
      await admin('PUT', path())
    })
    const step = (await setUp()).find(({ what }) => what === `topic ${topics.events}`)
    assert.equal(step?.state, 'differs')
    const again = await untilAgain(async () => {
      await admin('DELETE', `${path()}?force=true`)
      await setUp()
    })
    await settle('topic made without partitions', code, { stopped, again })
  })

  it('when consumer_backlog_eviction is set in the namespace, which the policies of the topic overrule', async () => {
    await begin(false)
    const quota = { limitSize: 20_000, limitTime: -1, policy: 'consumer_backlog_eviction' }
    assert.equal(await admin('POST', `${namespace()}/backlogQuota?backlogQuotaType=destination_storage`, quota), 204)
    await sleep(8000)
    assert.equal(await reason(), undefined)
    await pipeline.startWorker()
    await settle('eviction in the namespace', undefined, {})
  })

  it('when consumer_backlog_eviction is set for the topic itself', async () => {
    await begin(false)
    const quota = { limitSize: 2 ** 30, limitTime: -1, policy: 'consumer_backlog_eviction' }
    const { stopped, code } = await untilStopped(() =>
      admin('POST', `${path()}/backlogQuota?backlogQuotaType=destination_storage`, quota),
    )
    assert.equal(code, 'backlog_eviction')
    const again = await untilAgain(setUp)
    await pipeline.startWorker()
    await settle('eviction for the topic', code, { stopped, again })
  })

  it('when a time to live is set in the namespace, which the policies of the topic overrule', async () => {
    await begin(false)
    assert.equal(await admin('POST', `${namespace()}/messageTTL`, 1), 204)
    await sleep(65_000)
    assert.equal(await reason(), undefined)
    await pipeline.startWorker()
    await settle('TTL of the namespace', undefined, {})
  })

  it('when a partition takes nothing: it is omitted and named, and the others take its part', async () => {
    await begin(true)
    const broken = partitionName(topics.events, 1)
    assert.equal(await admin('POST', `${topicPath(broken)}/terminate`), 200)
    await sleep(6000)
    const text = await (await fetch(`${pipeline.monitoringUrl}/metrics`)).text()
    const states = [...text.matchAll(/tracardi_api_partition_open\{partition="(\d)"\} (\d)/g)].map(([, n, is]) => [
      n,
      is,
    ])
    assert.deepEqual(Object.fromEntries(states), { 0: '1', 1: '0', 2: '1', 3: '1' })
    assert.equal(load.lastStatus, 200)
    await settle('a partition takes nothing', undefined, {})
  })

  it('when a worker is paused: others get its messages within a minute', async () => {
    const worker = run(await freePort())
    load = new Load(pipeline.publicUrl, RATE)
    await sleep(8000)
    worker.kill('SIGSTOP')
    const pausedAtMs = performance.now()
    await load.stop()
    const second = run(await freePort())
    await eventually(async () => (await pipeline.backlog()) === 0)
    const ms = performance.now() - pausedAtMs
    worker.kill('SIGKILL')
    second.kill('SIGTERM')
    await settle(`worker paused (its messages came to another after ${(ms / 1000).toFixed(1)} s)`, undefined, {})
    assert.ok(ms < 60_000, `${ms} ms`)
  })

  it('when Pulsar is restarted with empty data', async () => {
    await begin(true)
    await load.pause()
    await eventually(async () => (await pipeline.backlog()) === 0)
    load.go()
    const { stopped, code } = await untilStopped(async () => {
      await load.pause()
      await eventually(async () => (await pipeline.backlog()) === 0)
      load.go()
      pulsar.kill()
      rmSync(join(home, 'data'), { recursive: true })
      pulsar = await start()
    })
    const again = await untilAgain(setUp)
    await settle('Pulsar restarted empty', code, { stopped, again })
  })

  function run(port: number): ChildProcess {
    const env = { PATH: process.env['PATH'] ?? '', ...pipeline.env, PRIVATE_PORT: String(port), MONITORING_PORT: '0' }
    return spawn(process.execPath, [CLI, 'worker'], { env, stdio: 'ignore' })
  }
})
