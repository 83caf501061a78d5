import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { Counter, Registry } from 'prom-client'
import { loadConfig } from '../../runtime/config.ts'
import { Health } from '../../runtime/health.ts'
import { addMonitoringRoutes, monitoringPortOf } from '../../runtime/monitoring.ts'
import { buildPrivateServer } from '../../runtime/private-server.ts'
import { recordingLog } from '../support/log.ts'

const TROUBLE = { kind: 'request_retry', where: '', reason: 'ECONNREFUSED', fromMs: 1, lastMs: 2, count: 3 }

describe('what is monitored', () => {
  let server: FastifyInstance
  let health: Health
  let registry: Registry
  let reason: string | undefined
  let logged: Record<string, unknown>[]

  beforeEach(async () => {
    reason = undefined
    health = new Health([{ name: 'pulsar', check: async () => reason }])
    registry = new Registry()
    const { log, lines } = recordingLog()
    logged = lines
    server = await buildPrivateServer(loadConfig({}), log)
    addMonitoringRoutes(server, { program: 'worker', transport: 'native', health, registry, troubles: () => [TROUBLE] })
  })
  afterEach(() => server.close())

  const answered = async (url: string) => {
    const answer = await server.inject(url)
    return [answer.statusCode, answer.json()]
  }

  it('is live whatever is missing', async () => {
    reason = 'no connection'
    assert.deepEqual(await answered('/health/live'), [200, { status: 'live' }])
  })

  it('is out of service while it starts', async () => {
    reason = 'no connection'
    const dependencies = { pulsar: { ok: false, reason: 'no connection' } }
    assert.deepEqual(await answered('/health/ready'), [503, { status: 'starting', dependencies }])
  })

  it('is in service when ready, and stays so when degraded', async () => {
    assert.deepEqual(await answered('/health/ready'), [
      200,
      { status: 'ready', dependencies: { pulsar: { ok: true } } },
    ])
    reason = 'no connection'
    const dependencies = { pulsar: { ok: false, reason: 'no connection' } }
    assert.deepEqual(await answered('/health/ready'), [200, { status: 'degraded', dependencies }])
  })

  it('is out of service once it stops', async () => {
    await answered('/health/ready')
    health.stopping()
    assert.deepEqual(await answered('/health/ready/'), [
      503,
      { status: 'stopping', dependencies: { pulsar: { ok: true } } },
    ])
  })

  it('reports program, version and how it speaks to Pulsar', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../runtime/package.json', import.meta.url), 'utf8'))
    assert.deepEqual(await answered('/info/version'), [200, { version, program: 'worker', transport: 'native' }])
  })

  it('has what went wrong within the last minute', async () => {
    assert.deepEqual(await answered('/troubles'), [200, { troubles: [TROUBLE] }])
  })

  it('writes the metrics of its registry as Prometheus reads them', async () => {
    new Counter({ name: 'cups', help: 'Cups of tea', registers: [registry] }).inc(3)
    const answer = await server.inject('/metrics')
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(answer.body, '# HELP cups Cups of tea\n# TYPE cups counter\ncups 3\n')
  })

  it('answers 500 with the reason, and logs it, when something fails', async () => {
    registry.metrics = () => Promise.reject(new Error('no metrics', { cause: new Error('out of luck') }))
    assert.deepEqual(await answered('/metrics'), [500, { detail: 'no metrics: out of luck' }])
    assert.deepEqual(
      logged.map(({ msg }) => msg),
      ['request failed'],
    )
  })

  it('is on the port of the private listener, unless it has one of its own', () => {
    assert.equal(monitoringPortOf(loadConfig({ PRIVATE_PORT: '1234' })), 1234)
    assert.equal(monitoringPortOf(loadConfig({ PRIVATE_PORT: '1234', MONITORING_PORT: '9090' })), 9090)
  })
})
