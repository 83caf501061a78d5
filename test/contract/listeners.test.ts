import assert from 'node:assert/strict'
import { loadConfig } from '../../runtime/config.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { topicsOf } from '../../runtime/names.ts'
import { startWorker } from '../../runtime/programs/worker.ts'
import { connectQueue } from '../../runtime/queue/connect.ts'
import { silentLog } from '../support/log.ts'
import { eventually } from '../support/until.ts'
import { cli } from './cli.ts'
import { Pipeline } from './pipeline.ts'

const MONITORED = ['/health/live', '/health/ready', '/metrics', '/info/version']
const OPERATED = ['/console/state', '/console/dead-letters', '/queue/system/functions/backlog', '/openapi.json']

describe('the listeners of operators and machines', () => {
  let pipeline: Pipeline
  before(async () => {
    const MONITORING_PORT = String(await freePort())
    pipeline = await Pipeline.create('listeners', { MONITORING_PORT, PULSAR_PARTITIONS: '1' })
    await pipeline.startApi()
  })
  after(() => pipeline?.close())

  const statuses = (base: string, paths: readonly string[], headers: Record<string, string> = {}) =>
    Promise.all(paths.map(async (path) => (await fetch(`${base}${path}`, { headers })).status))

  it('are apart: monitoring needs no token and has nothing of operators, the private one nothing of monitoring', async () => {
    assert.deepEqual(await statuses(pipeline.monitoringUrl, MONITORED), [200, 200, 200, 200])
    assert.deepEqual(await statuses(pipeline.monitoringUrl, [...OPERATED, '/console']), [404, 404, 404, 404, 404])
    assert.deepEqual(await statuses(pipeline.privateUrl, MONITORED), [404, 404, 404, 404])
    assert.deepEqual(await statuses(pipeline.privateUrl, OPERATED), [401, 401, 401, 401])
    assert.deepEqual(await statuses(pipeline.privateUrl, ['/console', '/console/page/session.js']), [200, 200])
    for (const path of OPERATED) assert.equal((await pipeline.operate(path)).status, 200, path)
  })

  it('are described in the contract, each path with its port', async () => {
    const { paths } = (await (await pipeline.operate('/openapi.json')).json()) as {
      paths: Record<string, { servers: { url: string }[] }>
    }
    const portOf = (path: string) => Number(paths[path]?.servers[0]?.url.split(':').at(-1))
    const { publicPort, privatePort, monitoringPort } = pipeline.config
    assert.deepEqual(['/track', '/console/state', '/metrics'].map(portOf), [publicPort, privatePort, monitoringPort])
  })

  it('of a worker are the monitoring one alone', async () => {
    const [privatePort, monitoringPort] = [await freePort(), await freePort()]
    const ports = { PRIVATE_PORT: String(privatePort), MONITORING_PORT: String(monitoringPort) }
    const worker = await startWorker(loadConfig({ ...pipeline.env, ...ports }), silentLog)
    try {
      const base = `http://127.0.0.1:${monitoringPort}`
      await eventually(async () => (await fetch(`${base}/health/ready`)).ok)
      assert.deepEqual(await statuses(base, MONITORED), [200, 200, 200, 200])
      await assert.rejects(fetch(`http://127.0.0.1:${privatePort}/health/live`))
    } finally {
      await worker.stop()
    }
  })

  it('show a dead letter with odd properties and bytes, as Pulsar delivers it', async () => {
    const topics = topicsOf(pipeline.config)
    const transport = await connectQueue(pipeline.config, pipeline.admin, silentLog)
    const producer = await transport.openProducer({ topic: topics.deadLetters, sendTimeoutMs: 10_000 }, () => undefined)
    const properties = { n: 'NaN', status: 'NaN', failed_at: 'never', reason: '\u001b[31m\u202e', fault: '' }
    await producer.send({ payload: Buffer.from([0xff, 0x0a, 0x00]), properties })
    await eventually(async () => (await pipeline.deadLetters()) === 1)
    const answer = await pipeline.operate('/console/dead-letters')
    const { deadLetters, ...counted } = (await answer.json()) as { deadLetters: readonly Record<string, unknown>[] }
    assert.partialDeepStrictEqual(deadLetters, [
      {
        ...{ failedAt: '', fault: '', reason: properties.reason, status: 0, operation: '\ufffd' },
        ...{ payload: '\ufffd\n\u0000', isCut: false, bytes: 3, source: '', session: '', type: '' },
      },
    ])
    const unnamed = [{ name: '', count: 1 }]
    assert.deepEqual(counted, { read: 1, matching: 1, counts: { fault: unnamed, source: unnamed, type: unnamed } })
    const listed = await cli(pipeline.env, 'dead-letters', 'list')
    assert.match(listed.output, /Waiting: 1 dead letter; shown: 1\.\n$/)
    assert.doesNotMatch(listed.output, /[^\P{Cc}\n]|\p{Bidi_Control}/u)
    const exported = JSON.parse((await cli(pipeline.env, 'dead-letters', 'export', '-')).output)
    assert.partialDeepStrictEqual(exported, { status: 0, base64: '/woA', properties: { n: 'NaN' } })
    const path = `/queue/system/${topics.deadLetters.split('/').at(-1)}/backlog?detail=true`
    const { total, events } = (await (await pipeline.operate(path)).json()) as { total: number; events: number }
    assert.deepEqual([total, events], [1, 1])
    await producer.close()
    await transport.close()
  })
})
