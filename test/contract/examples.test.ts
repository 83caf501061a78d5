import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../runtime/local/ports.ts'
import { type PackedProject, packedSender } from '../support/packed-project.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url))
const SECRET = 'the secret of my back end'
const WEBHOOK_SECRET = 'what the provider signs with'
const VISITOR = '01a20578-8170-7064-b550-da9375a6cc50'
const HAS_PYTHON = spawnSync('python3', ['--version']).status === 0

interface Document {
  readonly type: string
  readonly profile: { readonly id: string }
  readonly session: { readonly id: string }
  readonly properties: unknown
  readonly metadata: { readonly time: { readonly insert: string } }
}

describe('the examples', () => {
  let pipeline: Pipeline
  let project: PackedProject
  let program: ChildProcess | undefined

  before(async () => {
    pipeline = await Pipeline.create('examples', { BULK_TIMEOUT_SECONDS: '0.2' })
    writeFileSync(pipeline.config.sourcesFile, JSON.stringify({ 'my-back-end': { secrets: [SECRET] } }))
    await pipeline.startApi()
    await pipeline.startWorker()
    project = packedSender('express')
    cpSync(EXAMPLES, project.folder, { recursive: true })
  })
  afterEach(async () => {
    if (program?.exitCode === null && program.signalCode === null) {
      const ended = once(program, 'exit')
      program.kill('SIGTERM')
      await ended
    }
    program = undefined
  })
  after(async () => {
    project?.remove()
    await pipeline?.close()
  })

  const env = (more: Record<string, string> = {}) => ({
    ...{ PATH: process.env['PATH'] ?? '', EVENTS_URL: pipeline.publicUrl, EVENTS_SECRET: SECRET, ...more },
  })

  /** Starts a server of an example. @returns its address. */
  async function serve(file: string, more: Record<string, string> = {}): Promise<string> {
    const port = String(await freePort())
    const options = { cwd: project.folder, env: env({ PORT: port, ...more }) }
    program = spawn(process.execPath, [file], { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
    if (program.stdout) await once(program.stdout, 'data')
    return `http://127.0.0.1:${port}`
  }

  async function stored(type: string, least: number): Promise<Document[]> {
    const find = async () => {
      await pipeline.count()
      const found = await pipeline.search.search<Document>({
        index: pipeline.eventAlias,
        size: 1000,
        query: { term: { type } },
        sort: [{ 'metadata.time.insert': 'asc' }],
      })
      return found.hits.hits.flatMap(({ _source }) => _source ?? [])
    }
    await eventually(async () => (await find().catch(() => [])).length >= least)
    await eventually(async () => (await pipeline.backlog()) === 0)
    return find()
  }

  it('orders.ts stores an order as an event of the visit that the cookie names', async () => {
    const url = await serve('orders.ts')
    const answer = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: `a=b; tracardi-session-id=${VISITOR}` },
      body: JSON.stringify({ items: ['chair-7'], total: 59.9 }),
    })
    assert.deepEqual([answer.status, await answer.json()], [201, { ordered: ['chair-7'] }])
    const [event, ...more] = await stored('order-placed', 1)
    assert.deepEqual([event?.session.id, event?.profile.id], [VISITOR, '01a20578-8170-8064-b550-da9375a6cc50'])
    assert.deepEqual([event?.properties, more], [{ items: ['chair-7'], total: 59.9 }, []])
  })

  it('webhook.ts answers 200 when the payment is durable, stores a repetition once, and refuses what is not signed', async () => {
    const url = await serve('webhook.ts', { WEBHOOK_SECRET })
    const body = JSON.stringify({
      id: 'pay-1',
      customer: 'customer-7',
      amount: 59.9,
      paid_at: new Date().toISOString(),
    })
    const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')
    const post = async (given: string) => {
      const response = await fetch(url, { method: 'POST', headers: { 'x-signature': given }, body })
      return response.status
    }
    assert.deepEqual([await post(signature), await post(signature), await post('00')], [200, 200, 401])
    const events = await stored('payment-received', 1)
    assert.deepEqual(
      events.map(({ profile, properties }) => [profile.id, properties]),
      [['customer-7', { payment: 'pay-1', amount: 59.9 }]],
    )
  })

  it(`import_orders.py stores each order once, with its time, however often it runs${HAS_PYTHON ? '' : ' (pending: there is no python3)'}`, async function () {
    if (!HAS_PYTHON) this.skip()
    const at = (minute: number) => new Date(Date.now() - minute * 60_000).toISOString().replace('Z', '+00:00')
    const orders = Array.from({ length: 250 }, (_, index) => {
      return { number: `${4000 + index}`, customer: `customer-${index % 2}`, total: index, at: at(index) }
    })
    writeFileSync(join(project.folder, 'orders.ndjson'), orders.map((order) => `${JSON.stringify(order)}\n`).join(''))
    const before = (await stored('order-placed', 0)).length
    const job = () =>
      promisify(execFile)('python3', ['import_orders.py', pipeline.publicUrl, 'my-back-end', 'orders.ndjson'], {
        ...{ cwd: project.folder, env: env() },
      })
    assert.equal((await job()).stdout, '250 orders are stored\n')
    assert.equal((await job()).stdout, '250 orders are stored\n')
    const events = (await stored('order-placed', before + orders.length)).filter(({ profile }) =>
      /^customer/.test(profile.id),
    )
    assert.deepEqual(
      events.map(({ profile, metadata, properties }) => ({
        ...(properties as object),
        customer: profile.id,
        at: metadata.time.insert,
      })),
      orders
        .toReversed()
        .map((order) => ({ ...order, at: order.at.replace('+00:00', 'Z') }))
        .map(({ number, total, customer, at }) => ({ number, total, customer, at })),
    )
  })
})
